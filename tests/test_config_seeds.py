"""Seeds: kept as published, read without the furniture of their page."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config.seeds import read_seeds, split_header, strip_furniture, unread_in

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds" / "south-ossetia"


def test_the_projects_seeds_are_read_without_their_pages_furniture() -> None:
    seeds, problems = read_seeds(SEEDS, "seeds/south-ossetia")
    assert problems == []
    assert len(seeds) == 2
    together = "\n".join(seed.text for seed in seeds)
    assert "use the window of Russia’s invasion" in together
    assert "redeployed to Ukraine" in together
    for furniture in (
        "Related", "Türkiye", "Image source", "Original url", "themoscowtimes", "provenance",
        "Sam Harshbarger", "Alexei Nikolsky", "Caspian Policy Center", "Apr 15, 2022",
    ):  # fmt: skip
        assert furniture not in together


@pytest.mark.corpora
def test_the_projects_seeds_are_the_given_articles_unchanged() -> None:
    given_folder = ROOT.parent / "shared" / "seeds"
    if not given_folder.is_dir():
        pytest.skip("../shared/seeds is absent")
    ours = {split_header(path.read_text("utf-8"))[1] for path in SEEDS.glob("*.txt")}
    assert ours == {path.read_text("utf-8").strip() for path in given_folder.glob("*.txt")}


@pytest.mark.parametrize(
    "tail",
    ["Related Articles", "Read more:", "## See also", "Читайте также", "**По теме**",
     "იხილეთ აგრეთვე", "Lire aussi :", "Mehr zum Thema", "Original url:"],
)  # fmt: skip
def test_a_tail_heading_ends_the_article(tail: str) -> None:
    text = f"The council met.\n\nIt decided.\n\n{tail}\n\nAnother story altogether"
    assert strip_furniture(text) == "The council met.\n\nIt decided."


@pytest.mark.parametrize(
    "line",
    ["Author: Jane Doe", "By Jane Doe", "Image source: AFP/agenda.ge", "Фото: ТАСС",
     "March 31, 2022", "15 апреля 2022, 14:05", "2022-04-15", "15.04.2022",
     "https://example.org/a/b", "<https://example.org/a>",
     "Leaders at the table. **A. Photographer / Agency / TASS**",
     "Related article: [Another](#)"],
)  # fmt: skip
def test_lines_that_are_no_article_are_dropped(line: str) -> None:
    assert strip_furniture(f"Headline here\n\n{line}\n\nThe text.") == "Headline here\n\nThe text."


@pytest.mark.parametrize(
    "line",
    ["The photo shows: a bridge, and a long sentence about it.",
     "By Thursday the council of the region had decided to hold the vote after all.",
     "“We read more than others,” he said.",
     "On March 31, 2022 the Kremlin answered."],
)  # fmt: skip
def test_sentences_stay(line: str) -> None:
    assert line in strip_furniture(f"Headline\n\n{line}\n\nThe text.")


def test_what_the_header_states_is_not_repeated() -> None:
    header, text = split_header(
        "title: A vote\nsource: The Paper\n---\nThe Paper\n\na vote\n\nA vote\n\nText."
    )
    assert header == {"title": "A vote", "source": "The Paper"}
    assert strip_furniture(text, {"source": "The Paper"}) == "A vote\n\nText."


def test_without_a_closing_line_there_is_no_header() -> None:
    assert split_header("Tbilisi: the council met\nand decided") == (
        {},
        "Tbilisi: the council met\nand decided",
    )


def test_a_repeated_slug_above_the_headline_goes() -> None:
    text = "a leader calls for a vote\n\nA Leader Calls for a Vote\n\nText."
    assert strip_furniture(text) == "A Leader Calls for a Vote\n\nText."


@given(st.text(max_size=400))
def test_stripping_is_total_and_settles(text: str) -> None:
    once = strip_furniture(text)
    assert strip_furniture(once) == once
    assert all(line.strip() in text for line in once.splitlines())


def write(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def test_every_kind_of_seed(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "\ufeffOne.")
    write(tmp_path, "b.md", "title: Two\n---\nText of two.")
    write(
        tmp_path, "c.html", "<html><body><p>Three &amp; more.</p><script>x()</script></body></html>"
    )
    write(tmp_path, "negative/d.txt", "Four.")
    write(tmp_path, "README.md", "How to")
    write(tmp_path, ".hidden.txt", "no")
    write(tmp_path, "picture.jpg", b"\xff\xd8")
    seeds, problems = read_seeds(tmp_path, "s")
    assert problems == []
    assert [(seed.name, seed.text, seed.negative) for seed in seeds] == [
        ("a.txt", "One.", False),
        ("b.md", "Two\n\nText of two.", False),
        ("c.html", "Three & more.", False),
        ("negative/d.txt", "Four.", True),
    ]
    write(tmp_path, "negative/e.pdf", b"%PDF")
    write(tmp_path, "Negative/f.txt", "A folder of that name is another.")
    assert unread_in(tmp_path) == ["Negative", "negative/e.pdf", "picture.jpg"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"caf\xe9 in Latin-1", "not UTF-8 (line 1)"),
        (b"\0\1\2", "not text"),
        (b"", "is empty"),
        (b"title: only a header\n---\n", "is empty"),
        (b"x" * 1_000_001, "over 1 MB"),
    ],
)
def test_a_seed_that_can_not_be_used_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    write(tmp_path, "good.txt", "Good.")
    write(tmp_path, "bad.txt", content)
    _, [(file, problem)] = read_seeds(tmp_path, "seeds/x")
    assert file == "seeds/x/bad.txt"
    assert message in problem


def test_a_folder_that_is_missing_a_file_or_empty(tmp_path: Path) -> None:
    write(tmp_path, "file.txt", "x")
    write(tmp_path, "only/negative/n.txt", "No.")
    for name, message in (
        ("gone", "does not exist"),
        ("file.txt", "is a file"),
        ("only", "has no example article"),
    ):
        _, [(file, problem)] = read_seeds(tmp_path / name, name)
        assert file == ""
        assert message in problem
        assert f'"{name}"' in problem
