"""Sentence embeddings from a model folder, made here: in workers, in commands, and in ``check``."""

from __future__ import annotations

import asyncio
import json
import math
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import answer, watcher
from webserver import Answer, LoopbackWeb

from watcher.model import ArticleText, Score, SeedData, TopicId, TopicSpec, Verdict
from watcher.relevance import Scorer
from watcher.relevance.learning import train
from watcher.relevance.semantic import ordinary
from watcher.workers import WorkerPool

pytest.importorskip("tokenizers", reason="the semantic extra is not installed")

from watcher.workers.embedding import ModelError, examine, load, room_for

np = pytest.importorskip("numpy")

# A language of four meanings: each word is one of them, or means nothing.
MEANINGS = {
    "region": "region enclave statelet province territory breakaway separatist",
    "joins": "join joins joining merge merger unite unification absorb absorbed accession",
    "vote": "referendum vote ballot plebiscite poll",
    "sport": "match goal team league striker coach",
}
WORDS = {word: n for n, words in enumerate(MEANINGS.values()) for word in words.split()}
SEED = """Zembla leader wants a referendum on joining Gornia

The leader of Zembla announced a referendum on joining Gornia.

The separatist region wants accession and unification after the vote.

The ballot asks whether the territory should merge with Gornia.

A referendum would let the breakaway province unite with its neighbour."""
SPEC = TopicSpec(
    id=TopicId("zembla"),
    name="Zembla",
    terms={"place": ("Zembla",), "event": ("handover", "allegiance")},
    seeds=(SeedData(name="one.txt", text=SEED), SeedData(name="two.txt", text=SEED)),
)
PARAPHRASE = ArticleText(
    title="Enclave to be absorbed after plebiscite",
    text="The statelet will hold a plebiscite, and then it is to be absorbed by the big neighbour. "
    "Its president says that people there want to unite with those across the river in one state. "
    "The poll about the merger of the enclave is planned for the autumn, he said on the radio.",
    lang="en",
)
MATCH = ArticleText(
    title="Striker decides the match",
    text="The team won the match with a late goal of the young striker, and the coach was happy. "
    "It was the third goal in the league for him, and the team is now in the second place there.",
    lang="en",
)


def vectors() -> dict[str, list[float]]:
    """A vector for each word; others share a direction of their own."""
    known = {
        word: [1.0 if n == meaning else 0.0 for n in range(4)] + [0.0]
        for word, meaning in WORDS.items()
    }
    return {"[UNK]": [0.0] * 5, "[CLS]": [0.0] * 5, "[SEP]": [0.0] * 5, **known}


def tensors(path: Path, named: Mapping[str, Any]) -> None:
    """A safetensors file, as the format is documented."""
    header, data = {}, b""
    for name, values in named.items():
        raw = np.ascontiguousarray(values).tobytes()
        kind = {"float32": "F32", "float16": "F16", "int64": "I64", "int8": "I8"}[str(values.dtype)]
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": offsets}
        data += raw
    packed = json.dumps(header | {"__metadata__": {"format": "np"}}).encode()
    path.write_bytes(struct.pack("<Q", len(packed)) + packed + data)


def tokenizer(path: Path, words: Sequence[str]) -> None:
    """A tokenizer of whole words, in small letters."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    made = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, "[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens(["[UNK]", "[CLS]", "[SEP]"])
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    made.save(str(path))


def static_folder(folder: Path) -> Path:
    """As model2vec saves it."""
    folder.mkdir(parents=True, exist_ok=True)
    words = vectors()
    tokenizer(folder / "tokenizer.json", list(words))
    tensors(
        folder / "model.safetensors",
        {"embeddings": np.asarray(list(words.values()), dtype=np.float32)},
    )
    (folder / "config.json").write_text('{"model_type": "model2vec", "normalize": true}')
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return static_folder(tmp_path_factory.mktemp("models") / "static")


def semantic(score: Score) -> list[Any]:
    return [c for c in score.contributions if c.name == "semantic"]


def scored(model: Path | None, *articles: ArticleText, spec: TopicSpec = SPEC) -> list[Score]:
    scorer = Scorer.of([spec], embed=load(model) if model else None)
    return [scorer.score(article)[0] for article in articles]


# ------------------------------------------------------------------------------- scoring


def test_an_article_without_any_of_the_words_is_found_and_explained(model: Path) -> None:
    [without] = scored(None, PARAPHRASE)
    [score] = scored(model, PARAPHRASE)
    assert not semantic(without)
    assert not without.matched
    assert score.value > without.value + 15
    assert score.threshold - SPEC.near_miss <= score.value < score.threshold
    [why] = semantic(score)
    [span] = why.spans
    field = getattr(PARAPHRASE, span.field)
    assert field[span.start : span.end].split()[0] in why.evidence
    assert "is like" in why.evidence
    total = sum(c.points for c in score.contributions)
    assert score.value == pytest.approx(100 / (1 + math.exp(-total)))
    assert score.profile_version != without.profile_version


@pytest.mark.parametrize("threshold", [0.0, 5.0, 20.0, 80.0, 100.0])
def test_likeness_alone_makes_no_hit_at_any_threshold(model: Path, threshold: float) -> None:
    spec = replace(SPEC, threshold=threshold)
    [without], [score] = (scored(one, PARAPHRASE, spec=spec) for one in (None, model))
    assert score.hit == without.hit
    assert score.value >= without.value


def test_ordinary_news_earns_nothing(model: Path) -> None:
    [without], [score] = scored(None, MATCH), scored(model, MATCH)
    assert score.contributions == without.contributions


def test_beside_the_topics_name_the_model_adds_nothing(model: Path) -> None:
    named = replace(
        PARAPHRASE, title="Zembla: referendum on accession", text=f"Zembla. {PARAPHRASE.text}"
    )
    [without], [score] = scored(None, named), scored(model, named)
    assert score.value == pytest.approx(without.value, abs=0.5)


def test_a_language_that_the_model_does_not_know_is_left_alone(model: Path) -> None:
    russian = ArticleText(
        title="Референдум о присоединении",
        text="Глава республики объявил о референдуме, после которого она войдёт в состав соседа. "
        "Он сказал, что люди хотят жить в одном государстве с теми, кто живёт за рекой.",
        lang="ru",
    )
    [without], [score] = scored(None, russian), scored(model, russian)
    assert score.contributions == without.contributions


def test_one_seed_is_enough_and_no_seed_is_no_harm(model: Path) -> None:
    alone = replace(SPEC, seeds=SPEC.seeds[:1])
    assert semantic(scored(model, PARAPHRASE, spec=alone)[0])
    none = replace(SPEC, seeds=())
    assert not semantic(scored(model, PARAPHRASE, spec=none)[0])


def test_training_keeps_the_weight_and_sees_the_feature(model: Path) -> None:
    judged = [
        (replace(article, title=f"{article.title} {n}"), verdict)
        for n in range(10)
        for article, verdict in ((PARAPHRASE, Verdict.RELEVANT), (MATCH, Verdict.IRRELEVANT))
    ]
    report = train(SPEC, judged, current=None, embed=load(model))
    assert report.learned is not None
    assert report.learned["weights"]["semantic"] > 0
    assert report.better


def test_ordinary_sentences_are_the_same_in_every_language() -> None:
    sizes = {lang: len(lines) for lang, lines in ordinary().items()}
    assert set(sizes.values()) == {12}
    assert {"en", "ru", "ka", "uk", "de", "fr", "es", "it", "pt", "pl", "tr"} == sizes.keys()


@given(st.text(max_size=3_000))
def test_any_text_has_a_vector_of_length_one_or_none(model: Path, text: str) -> None:
    [row] = load_once(model)([text])
    length = float(np.linalg.norm(row))
    assert length == pytest.approx(1.0, abs=1e-5) or length == 0.0


_LOADED: dict[Path, Any] = {}


def load_once(model: Path) -> Any:
    return _LOADED.setdefault(model, load(model))


def test_hostile_text_is_cut(model: Path) -> None:
    embed = load_once(model)
    endless = "region " * 300_000
    assert np.allclose(embed([endless]), embed(["region"]))
    assert embed(["\ud800 \x00 region"]).shape == (1, 5)


# ------------------------------------------------------------------------------- kinds of folder


def test_static_vectors_as_sentence_transformers_saves_them(tmp_path: Path, model: Path) -> None:
    inner = static_folder(tmp_path / "m" / "0_StaticEmbedding")
    words = np.asarray(list(vectors().values()), dtype=np.float16)
    tensors(inner / "model.safetensors", {"embedding.weight": words})
    (tmp_path / "m" / "modules.json").write_text(
        json.dumps(
            [
                {
                    "idx": 0,
                    "path": "0_StaticEmbedding",
                    "type": "sentence_transformers.models.StaticEmbedding",
                },
                {"idx": 1, "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
            ]
        )
    )
    texts = ["the region will join", "a match"]
    assert np.allclose(load(tmp_path / "m")(texts), load(model)(texts), atol=1e-3)


def test_static_vectors_that_words_share(tmp_path: Path, model: Path) -> None:
    folder = static_folder(tmp_path / "m")
    words = list(vectors())
    mapping = np.asarray([WORDS.get(word, 4) for word in words], dtype=np.int64)
    tensors(
        folder / "model.safetensors",
        {
            "embeddings": np.eye(5, dtype=np.int8),
            "mapping": mapping,
            "weights": np.full(len(words), 0.5, dtype=np.float32),
        },
    )
    texts = ["the region will join", "a match"]
    assert np.allclose(load(folder)(texts), load(model)(texts))


def bert_folder(folder: Path, *, heads: int = 2, layers: int = 2, seed: int = 7) -> dict[str, Any]:
    """A sentence-transformers folder of a tiny BERT with random weights; returns them."""
    folder.mkdir(parents=True)
    words = list(vectors())
    tokenizer(folder / "tokenizer.json", words)
    random = np.random.default_rng(seed)

    def some(*shape: int) -> Any:
        return random.normal(0, 0.5, shape).astype(np.float32)

    size, wide = 8, 16
    named = {
        "embeddings.word_embeddings.weight": some(len(words), size),
        "embeddings.position_embeddings.weight": some(70, size),
        "embeddings.token_type_embeddings.weight": some(2, size),
        "embeddings.LayerNorm.weight": some(size) + 1,
        "embeddings.LayerNorm.bias": some(size),
    }
    for n in range(layers):
        for name, out, into in (
            ("attention.self.query", size, size),
            ("attention.self.key", size, size),
            ("attention.self.value", size, size),
            ("attention.output.dense", size, size),
            ("intermediate.dense", wide, size),
            ("output.dense", size, wide),
        ):
            named[f"encoder.layer.{n}.{name}.weight"] = some(out, into)
            named[f"encoder.layer.{n}.{name}.bias"] = some(out)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            named[f"encoder.layer.{n}.{name}.weight"] = some(size) + 1
            named[f"encoder.layer.{n}.{name}.bias"] = some(size)
    tensors(folder / "model.safetensors", named)
    config = {"model_type": "bert", "num_attention_heads": heads, "num_hidden_layers": layers}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(
        '{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}'
    )
    return named


def test_a_bert_computes_what_the_papers_say(tmp_path: Path) -> None:
    """Against the formulas written out number by number."""
    w = bert_folder(tmp_path / "m")
    found = load(tmp_path / "m")(["region joins"])[0]
    ids = [1, list(vectors()).index("region"), list(vectors()).index("joins"), 2]

    def norm(x: Any, name: str) -> Any:
        x = (x - x.mean()) / math.sqrt(x.var() + 1e-12)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x: Any, name: str) -> Any:
        return w[f"{name}.weight"] @ x + w[f"{name}.bias"]

    def gelu(x: float) -> float:
        return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))

    rows = [
        norm(
            w["embeddings.word_embeddings.weight"][n]
            + w["embeddings.position_embeddings.weight"][at]
            + w["embeddings.token_type_embeddings.weight"][0],
            "embeddings.LayerNorm",
        )
        for at, n in enumerate(ids)
    ]
    for n in range(2):
        base = f"encoder.layer.{n}"
        q, k, v = (
            [linear(x, f"{base}.attention.self.{part}") for x in rows]
            for part in ("query", "key", "value")
        )
        new = []
        for at, x in enumerate(rows):
            heads = []
            for part in (slice(0, 4), slice(4, 8)):
                weights = [math.exp(q[at][part] @ key[part] / 2) for key in k]
                total = sum(weights)
                heads.append(
                    sum(s / total * value[part] for s, value in zip(weights, v, strict=True))
                )
            seen = linear(np.concatenate(heads), f"{base}.attention.output.dense")
            y = norm(x + seen, f"{base}.attention.output.LayerNorm")
            hidden = np.asarray([gelu(float(z)) for z in linear(y, f"{base}.intermediate.dense")])
            new.append(norm(y + linear(hidden, f"{base}.output.dense"), f"{base}.output.LayerNorm"))
        rows = new
    expected = np.mean(rows, axis=0)
    assert np.allclose(found, expected / np.linalg.norm(expected), atol=2e-3)


# A graph of one node: last_hidden_state = Gather(table, input_ids).
@pytest.mark.skipif(not find_spec("onnxruntime"), reason="onnxruntime is not installed")
def test_an_onnx_model(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "m"
    (folder / "onnx").mkdir(parents=True)
    tokenizer(folder / "tokenizer.json", list(vectors()))
    (folder / "onnx" / "model.onnx").write_bytes(onnx_gather(list(vectors().values())))
    texts = ["region joins", "match"]
    assert np.allclose(load(folder)(texts), load(model)(texts), atol=1e-5)


def onnx_gather(table: Sequence[Sequence[float]]) -> bytes:
    """The model as ONNX's protobuf, by hand: what that takes is less than the package for it."""

    def number(value: int) -> bytes:
        out = b""
        while value > 127:
            out, value = out + bytes([value & 127 | 128]), value >> 7
        return out + bytes([value])

    def part(field: int, value: bytes | int) -> bytes:
        if isinstance(value, int):
            return number(field << 3) + number(value)
        return number(field << 3 | 2) + number(len(value)) + value

    def tensor_type(kind: int, *dimensions: bytes) -> bytes:
        shape = b"".join(part(1, part(2, one)) for one in dimensions)
        return part(2, part(1, part(1, kind) + part(2, shape)))

    raw = np.asarray(table, dtype="<f4")
    sizes = b"".join(part(1, n) for n in raw.shape)
    initializer = sizes + part(2, 1) + part(8, b"table") + part(9, raw.tobytes())
    node = part(1, b"table") + part(1, b"input_ids") + part(2, b"last_hidden_state")
    graph = (
        part(1, node + part(4, b"Gather"))
        + part(2, b"g")
        + part(5, initializer)
        + part(11, part(1, b"input_ids") + tensor_type(7, b"batch", b"length"))
        + part(12, part(1, b"last_hidden_state") + tensor_type(1, b"batch", b"length", b"size"))
    )
    return part(1, 8) + part(8, part(2, 17)) + part(7, graph)


# ------------------------------------------------------------------------------- in workers


def test_workers_score_with_the_model_and_only_then(model: Path) -> None:
    async def test() -> None:
        async with WorkerPool(1) as pool:
            await pool.configure([SPEC])
            [before] = await pool.analyse([PARAPHRASE])
            await pool.configure([SPEC], model=model)
            with_model, other = await pool.analyse([PARAPHRASE, MATCH])
            await pool.configure([SPEC])
            [after] = await pool.analyse([PARAPHRASE])
        assert before == after
        assert with_model.failure is None
        assert [with_model.scores[0], other.scores[0]] == scored(model, PARAPHRASE, MATCH)
        assert semantic(with_model.scores[0])

    asyncio.run(test())


def test_a_model_that_breaks_later_stops_scoring_with_its_name(tmp_path: Path) -> None:
    folder = static_folder(tmp_path / "m")

    async def test() -> None:
        async with WorkerPool(1) as pool:
            await pool.configure([SPEC], model=folder)
            (folder / "tokenizer.json").write_text("{}")
            with pytest.raises(Exception, match=f"embedding model {folder}"):
                await pool.analyse([PARAPHRASE])
            with pytest.raises(ModelError, match="does not exist"):
                await pool.configure([SPEC], model=tmp_path / "gone")

    asyncio.run(test())


# ------------------------------------------------------------------------------- commands

STATED = b'{"embeddings": {"dtype": "F32", "shape": [9, 9], "data_offsets": [0, 324]}}'
CUT_SHORT = struct.pack("<Q", len(STATED)) + STATED + b"1234"


@pytest.fixture
def config(tmp_path: Path, model: Path) -> Path:
    (tmp_path / "seeds").mkdir()
    for name in ("one", "two"):
        (tmp_path / "seeds" / f"{name}.txt").write_text(SEED, "utf-8")
    path = tmp_path / "config.toml"
    path.write_text(
        f'[watcher]\ndatabase = "sqlite:///{tmp_path / "w.sqlite3"}"\n'
        '[[feeds]]\nurl = "https://a.example/rss"\n'
        '[[topics]]\nid = "zembla"\nseeds = "seeds"\n'
        'terms = { place = ["Zembla"], event = ["handover", "allegiance"] }\n'
        '[semantic]\nmodel = "model"\n',
        "utf-8",
    )
    return path


def test_score_and_eval_rest_on_the_configured_model(
    config: Path, tmp_path: Path, model: Path
) -> None:
    (tmp_path / "model").symlink_to(model)
    assert "fine" in watcher("check", config=config).stdout
    article = f"{PARAPHRASE.title}\n{PARAPHRASE.text}"
    [found] = answer("score", "-", config=config, stdin=article)["topics"]
    [why] = [c for c in found["contributions"] if c["name"] == "semantic"]
    assert why["points"] > 1
    assert "is like" in why["evidence"]
    total = sum(c["points"] for c in found["contributions"])
    assert found["score"] == pytest.approx(100 / (1 + math.exp(-total)), abs=0.05)
    rows = [
        {"id": str(n), "title": one.title, "text": one.text, "lang": "en", "label": label}
        for n, (one, label) in enumerate(((PARAPHRASE, 3), (MATCH, 0)))
    ]
    labelled = tmp_path / "rows.jsonl"
    labelled.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    report = answer("eval", labelled, "--topic", "zembla", config=config)
    assert report["average_precision"] == 1.0


def test_a_pass_keeps_a_paraphrase_as_a_near_miss(
    config: Path, tmp_path: Path, model: Path
) -> None:
    (tmp_path / "model").symlink_to(model)
    feed = (
        '<rss version="2.0"><channel><title>T</title>'
        + "".join(
            f"<item><title>{one.title}</title><guid>{n}</guid>"
            f"<description>{one.text}</description></item>"
            for n, one in enumerate((PARAPHRASE, MATCH))
        )
        + "</channel></rss>"
    )
    with LoopbackWeb() as web:
        url = web.answer("/rss", Answer(body=feed.encode(), content_type="application/rss+xml"))
        text = config.read_text("utf-8").replace("https://a.example/rss", url)
        config.write_text(f'{text}[fetch]\nallow_private_addresses = ["127.0.0.0/8"]\n', "utf-8")
        answer("poll", "--no-send", config=config)
    assert answer("hits", "list", config=config) == []
    [kept] = answer("hits", "list", "--near-misses", config=config)
    assert kept["title"] == PARAPHRASE.title
    assert any("is like" in reason for reason in kept["reasons"])


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (None, "the folder does not exist: download a model beforehand"),
        ({}, "is no model folder: expected model.safetensors or model.onnx"),
        ({"config.json": b"{"}, "can't be read"),
        ({"model.safetensors": b"\x00"}, "is no safetensors file: download it again"),
        ({"model.safetensors": b"version https://git-lfs.github.com/spec/v1"}, "only points to"),
        ({"model.safetensors": CUT_SHORT}, "was cut short: download it again"),
        ({"pytorch_model.bin": b"PK"}, "export it once with `optimum-cli export onnx"),
        (
            {"modules.json": b'[{"type": "x.models.Dense", "path": "2_Dense"}]'},
            "its modules.json asks for Dense",
        ),
        (
            {
                "config.json": b'{"model_type": "bert"}',
                "model.safetensors": struct.pack("<Q", 2) + b"{}",
            },
            "has no tokenizer.json",
        ),
    ],
)
def test_check_says_what_is_wrong_with_the_folder(
    config: Path, tmp_path: Path, files: dict[str, bytes] | None, said: str
) -> None:
    if files is not None:
        (tmp_path / "model").mkdir()
        for name, content in files.items():
            (tmp_path / "model" / name).write_bytes(content)
    error = watcher("check", config=config, code=2).stderr
    assert 'config.toml:10: semantic.model: "model": ' in error
    assert said in error
    problems = answer("doctor", config=config, code=1)["findings"]
    assert any(said in finding["found"] for finding in problems)


def test_room_grows_with_the_model_and_the_folder_is_named(tmp_path: Path, model: Path) -> None:
    size = (model / "model.safetensors").stat().st_size
    assert room_for(model) > 3 * size
    assert examine(model) is None
    with pytest.raises(ModelError, match=str(tmp_path)):
        load(tmp_path)


def test_check_says_which_packages_are_missing(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.onnx").write_bytes(onnx_gather([[1.0]]))
    tokenizer(tmp_path / "tokenizer.json", ["[UNK]"])
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # what an import finds that is missing
    assert "onnxruntime is missing: install watcher with its extra" in str(examine(tmp_path))
    assert examine(model) is None
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert "packages that read models are missing" in str(examine(model))
