"""What the gate measures, and its floors.

    python tests/eval/gate.py              # shows today's figures beside the floors
    python tests/eval/gate.py --update     # raises floors to a little under today's figures

Lowering a floor, forgetting one, or taking another text for a labelled file needs
WATCHER_LOWER_FLOORS=1 in the environment besides, so that it is never done in passing.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from labelled import EVAL, SHARED, article_of, digest, rows_of, scorer_of

from watcher.relevance import evaluate
from watcher.relevance.evaluate import ON_TOPIC, average_precision
from watcher.stories import evaluate_stories

FLOORS = EVAL / "floors.json"
DEV = SHARED / "relevance" / "dev.jsonl"
NEWS = SHARED / "corpora" / "news"
MARGIN = 0.012
LEAST_POSITIVES, LEAST_OF_TRAP = 5, 3
# Told by nobody's likeness of words: how near its articles come is held besides how many are told.
RANKED_TRAP = "on_topic_paraphrase_no_keywords"
# "осети" is inside "посетил", which is no word of the topic.
_WORD_OF_THE_TOPIC = re.compile(
    r"(?i)\b(?:юго|южно|север[оа])?-?(?:осет|алани)|oss?et|bibilov|бибилов|цхинвал|tskhinval|ოსეთ"
)
FILES = {
    **{path.stem: ("south-ossetia", path) for path in sorted(EVAL.glob("south_ossetia*.jsonl"))},
    "held_out": ("south-ossetia", EVAL / "held_out.jsonl"),
    "avian_flu": ("avian-flu", EVAL / "avian_flu.jsonl"),
    "insolvency": ("insolvency", EVAL / "insolvency.jsonl"),
    "dev": ("south-ossetia", DEV),
}
_RELEVANCE = ("average_precision", "f1", "recall_at_precision_95")


def measured(name: str) -> dict[str, Any]:
    """Digest, figures (the higher the better) and clean traps of one labelled file."""
    topic, path = FILES[name]
    rows = rows_of(path)
    scores = [scorer_of(topic).score(article_of(row))[0] for row in rows]
    report = evaluate(rows, scores)
    figures = {key: getattr(report, key) for key in _RELEVANCE}
    for lang, part in report.by_language.items():
        if part["positives"] >= LEAST_POSITIVES:
            figures[f"average_precision {lang}"] = part["average_precision"]
            figures[f"f1 {lang}"] = part["f1"]
    for trap, part in report.by_trap.items():
        if part["positives"] >= LEAST_OF_TRAP:
            figures[f"recall {trap}"] = part["recall"]
    if report.by_trap.get(RANKED_TRAP, {}).get("positives", 0) >= LEAST_OF_TRAP:
        figures[f"average_precision {RANKED_TRAP}"] = average_precision(
            [
                (score.value, row["label"] == ON_TOPIC)
                for row, score in zip(rows, scores, strict=True)
                if row["label"] in (0, 1)
                or (row["label"] == ON_TOPIC and row["trap"] == RANKED_TRAP)
            ]
        )
    stories = evaluate_stories(rows)
    figures["stories b_cubed_f1"] = stories.b_cubed_f1
    figures["stories pairwise_precision"] = stories.pairwise_precision
    figures["stories pairwise_recall"] = stories.pairwise_recall
    clean = sorted(
        trap
        for trap, part in report.by_trap.items()
        if part["n"] - part["positives"] >= LEAST_OF_TRAP and not part["false_alarms"]
    )
    return {
        "digest": digest(path),
        "figures": {key: round(value, 4) for key, value in figures.items()},
        "clean_traps": clean,
    }


@cache
def news() -> tuple[tuple[dict[str, Any], str], ...]:
    """Every row of real news with its label, or with what is known of it without one: ``ordinary``
    has no word of the topic, ``unjudged`` has one, and nobody has said what it is."""
    labels = {}
    for line in (NEWS / "labels.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        labels[row["id"]] = str(row["label"])
    with gzip.open(NEWS / "news.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return tuple((row, labels.get(row["id"]) or _unlabelled(row)) for row in rows)


def _unlabelled(row: Mapping[str, Any]) -> str:
    has_word = _WORD_OF_THE_TOPIC.search(f"{row['title']} {row['text']}")
    return "unjudged" if has_word else "ordinary"


def measured_news() -> dict[str, Any]:
    """Hits by label in real news; false alarms are per 10,000 ordinary articles."""
    hits: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for row, label in news():
        count[label] += 1
        hits[label] += scorer_of("south-ossetia").score(article_of(row))[0].hit
    return {
        "digest": digest(NEWS / "labels.jsonl"),
        "figures": {"recall": round(hits["3"] / count["3"], 4)},
        "ceilings": {
            "false alarms per 10,000": round(10_000 * hits["ordinary"] / count["ordinary"], 2),
            "false alarms of rows labelled 0": hits["0"],
            "passing mentions told": hits["1"],
            # Not all of them are wrong; but more of them are for somebody to look at.
            "unjudged rows with a word of the topic told": hits["unjudged"],
        },
        "counts": {label: [hits[label], count[label]] for label in sorted(count)},
    }


def present() -> list[str]:
    """The labelled files that are here."""
    return [name for name, (_, path) in FILES.items() if path.exists()]


def floors() -> dict[str, Any]:
    """The stored floors, by file."""
    stored: dict[str, Any] = json.loads(FLOORS.read_text("utf-8")) if FLOORS.exists() else {}
    return stored


def broken(found: Mapping[str, Any], floor: Mapping[str, Any]) -> list[str]:
    """What is under its floor, over its ceiling or no longer clean; one line each."""
    lines = [
        f"{key}: {found['figures'].get(key)} is under {least}"
        for key, least in floor["figures"].items()
        if found["figures"].get(key, 0.0) < least
    ]
    lines += [
        f"{key}: {found['ceilings'].get(key)} is over {most}"
        for key, most in floor.get("ceilings", {}).items()
        if found["ceilings"].get(key, 0.0) > most
    ]
    lines += [
        f"trap {trap}: false alarms"
        for trap in floor.get("clean_traps", ())
        if trap not in found["clean_traps"]
    ]
    if found["digest"] != floor["digest"]:
        lines.append("the labelled file is another one than the floors were set for")
    return lines


def updated(
    found: Mapping[str, Any], floor: Mapping[str, Any] | None, *, lower: bool
) -> dict[str, Any]:
    """Floors a little under today's figures: never lower than before, unless that is asked for."""
    figures = {k: round(v - MARGIN, 3) for k, v in found["figures"].items() if v > MARGIN}
    made = {"digest": found["digest"], "figures": figures}
    for key in ("clean_traps", "ceilings"):
        if key in found:
            made[key] = found[key]
    if floor is None or lower:
        return made
    made["digest"] = floor["digest"]
    made["figures"] = figures | {
        # Nothing can be under a floor of 0: it holds nothing.
        k: max(v, figures.get(k, 0.0))
        for k, v in floor["figures"].items()
        if v > 0
    }
    if "clean_traps" in found:
        made["clean_traps"] = sorted({*found["clean_traps"], *floor["clean_traps"]})
    if "ceilings" in found:
        stored = floor["ceilings"]
        made["ceilings"] = {k: min(v, stored.get(k, v)) for k, v in found["ceilings"].items()}
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--update", action="store_true", help="raise the floors to today")
    update = parser.parse_args().update
    lower = os.environ.get("WATCHER_LOWER_FLOORS") == "1"
    stored = floors()
    measures = {name: measured(name) for name in present()}
    if NEWS.exists():
        measures["news"] = measured_news()
    for name, found in measures.items():
        print(name, json.dumps(found, ensure_ascii=False))
        for line in broken(found, stored[name]) if name in stored else ["no floors yet"]:
            print(f"  {line}")
    if update:
        stored |= {n: updated(f, stored.get(n), lower=lower) for n, f in measures.items()}
        FLOORS.write_text(json.dumps(stored, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
