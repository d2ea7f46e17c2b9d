"""How well grouping does on articles whose stories are known."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

from watcher.model import ArticleText, HitId, StoryId
from watcher.stories.fingerprint import fingerprint
from watcher.stories.grouping import STORY_WINDOW, Member, group
from watcher.stories.statistics import TopicStatistics, search_keys

Row = Mapping[str, Any]
"""``{id, lang, outlet, url, published, title, text, story, ...}``; ``story`` may be absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryReport:
    """B-cubed (Bagga and Baldwin 1998) and pairwise measures of a grouping, 0-1."""

    n: int
    stories: int
    b_cubed_f1: float
    b_cubed_precision: float
    b_cubed_recall: float
    pairwise_precision: float
    pairwise_recall: float
    by_language_pair: dict[str, dict[str, float]]
    wrong_merges: tuple[tuple[str, str], ...]
    wrong_splits: tuple[tuple[str, str], ...]

    def to_json(self) -> str:
        """One JSON object; pairs become arrays."""
        return json.dumps(asdict(self), ensure_ascii=False)


def article_of(row: Row) -> ArticleText:
    """The article that a labelled row holds."""
    published = row.get("published")
    at = datetime.fromisoformat(published) if published else None
    if at is not None and at.utcoffset() is None:
        at = at.replace(tzinfo=UTC)
    return ArticleText(
        title=row.get("title") or "",
        text=row.get("text") or "",
        lang=row.get("lang"),
        url=row.get("url") or "",
        publisher=row.get("outlet") or "",
        published_at=at,
    )


def cluster(
    rows: Sequence[Row],
    *,
    statistics: TopicStatistics | None = None,
    threshold: float | None = None,
) -> dict[str, int]:
    """Row id to story number: rows go through grouping one by one, oldest first, as hits would."""
    stats = statistics or TopicStatistics()
    members: list[Member] = []
    filed: dict[str, list[int]] = defaultdict(list)
    stories: dict[str, int] = {}
    articles = [(str(row["id"]), article_of(row)) for row in rows]
    for row_id, article in sorted(articles, key=lambda pair: pair[1].published_at or _EPOCH):
        fp = fingerprint(article)
        at = article.published_at or _EPOCH
        near = sorted(
            {
                n
                for key in search_keys(fp, stats)
                for n in filed[key]
                if at - members[n].at <= STORY_WINDOW
            }
        )
        found = group(fp, [members[n] for n in near], now=at, statistics=stats, threshold=threshold)
        story = found.story_id or StoryId(len(members) + 1)
        stats.observe(fp, new_story=found.story_id is None)
        for key in fp.keys:
            filed[key].append(len(members))
        members.append(_member(HitId(len(members) + 1), story, fp, article, at))
        stories[row_id] = story
    return stories


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _member(hit: HitId, story: StoryId, fp: Any, article: ArticleText, at: datetime) -> Member:
    return Member(
        hit_id=hit,
        story_id=story,
        fingerprint=fp,
        publisher=article.publisher,
        lang=article.lang,
        title=article.title,
        published_at=article.published_at,
        first_seen_at=at,
    )


def evaluate_stories(
    rows: Sequence[Row], clusters: Callable[[Sequence[Row]], Mapping[str, int]] = cluster
) -> StoryReport:
    """Compare the stories that ``clusters`` makes with those the rows say."""
    found = clusters(rows)
    truth = {str(row["id"]): str(row.get("story") or f"alone {row['id']}") for row in rows}
    ids = sorted(truth)
    precision, recall = _b_cubed(ids, found, truth), _b_cubed(ids, truth, found)
    langs = {str(row["id"]): str(row.get("lang") or "?") for row in rows}
    both, merged, split = _pairs(ids, found, truth)
    return StoryReport(
        n=len(ids),
        stories=len({found[row_id] for row_id in ids}),
        b_cubed_f1=_f1(precision, recall),
        b_cubed_precision=precision,
        b_cubed_recall=recall,
        pairwise_precision=_share(len(both), len(merged)),
        pairwise_recall=_share(len(both), len(split)),
        by_language_pair=_by_language(langs, both, merged, split),
        wrong_merges=tuple(merged),
        wrong_splits=tuple(split),
    )


Pair = tuple[str, str]


def _pairs(
    ids: Sequence[str], found: Mapping[str, object], truth: Mapping[str, object]
) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """Pairs rightly together, wrongly together, wrongly apart."""
    both, merged, split = [], [], []
    for pair in combinations(ids, 2):
        left, right = pair
        same_found, same_truth = found[left] == found[right], truth[left] == truth[right]
        if same_found and same_truth:
            both.append(pair)
        elif same_found:
            merged.append(pair)
        elif same_truth:
            split.append(pair)
    return both, merged, split


def _b_cubed(ids: Sequence[str], of: Mapping[str, Any], against: Mapping[str, Any]) -> float:
    """Mean over articles: of those in its group, the share that belongs with it."""
    groups: dict[Any, list[str]] = defaultdict(list)
    for row_id in ids:
        groups[of[row_id]].append(row_id)
    total = 0.0
    for members in groups.values():
        labels = Counter(against[row_id] for row_id in members)
        total += sum(count * count for count in labels.values()) / len(members)
    return total / len(ids) if ids else 1.0


def _share(right: int, wrong: int) -> float:
    return right / (right + wrong) if right + wrong else 1.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _by_language(
    langs: Mapping[str, str], both: list[Pair], merged: list[Pair], split: list[Pair]
) -> dict[str, dict[str, float]]:
    """``en-ru`` to precision, recall and number of true pairs."""
    counts = [
        Counter("-".join(sorted((langs[a], langs[b]))) for a, b in pairs)
        for pairs in (both, merged, split)
    ]
    right, wrong, missed = counts
    return {
        pair: {
            "pairs": right[pair] + missed[pair],
            "precision": _share(right[pair], wrong[pair]),
            "recall": _share(right[pair], missed[pair]),
        }
        for pair in sorted(right | wrong | missed)
    }
