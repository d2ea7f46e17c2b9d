"""Lines of TOML keys: right for every document, however it is written."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from watcher.config.locate import KeyPath, locate

EXAMPLE = '''\
# a comment with [brackets] and "quotes"
top = 1
dotted.key."with dot.in it" = [1, # not 2
  2,
  { inline = "a # no comment", "other]" = 3 },
]

[fetch]   # header comment
text = """
[not.a.table]
key = "no"
"""
raw = \'\'\'
[[neither]]\'\'\'
date = 1979-05-27 07:32:00
[[feeds]]
url = "https://example.org/#fragment"
[[feeds]]
[[feeds.stages]]
id = "x"
[[feeds.stages]]
id = 'y'
[feeds.terms]
"a\\"b" = []
[ "quoted" . table ]
z=1
'''


def test_every_kind_of_key_has_its_line() -> None:
    lines = locate(EXAMPLE).lines
    assert lines["top",] == 2
    assert lines["dotted", "key", "with dot.in it"] == 3
    assert lines["dotted", "key", "with dot.in it", 1] == 4
    assert lines["dotted", "key", "with dot.in it", 2, "other]"] == 5
    assert lines["fetch",] == 8
    assert lines["fetch", "raw"] == 13
    assert lines["fetch", "date"] == 15
    assert lines["feeds", 0, "url"] == 17
    assert lines["feeds", 1] == 18
    assert lines["feeds", 1, "stages", 1, "id"] == 22
    assert lines["feeds", 1, "terms", 'a"b'] == 24
    assert lines["quoted", "table", "z"] == 26
    assert set(lines) == set(paths(tomllib.loads(EXAMPLE)))


def test_a_key_that_is_not_there_is_placed_in_its_table() -> None:
    locations = locate(EXAMPLE)
    assert locations.line(("feeds", 0, "name")) == 16
    assert locations.line(("receivers", 3, "name")) is None


def test_windows_line_ends_count_once() -> None:
    assert locate("[a]\r\nb = 1\r\nc = 2\r\n").lines["a", "c"] == 3


keys = st.text(min_size=1, max_size=8) | st.sampled_from(["a", "url", "a-b", "1"])
texts = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
scalars = st.integers(-9, 9) | st.booleans() | texts | st.floats(allow_nan=False)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
tables = st.dictionaries(keys, values, max_size=4)
documents = st.dictionaries(keys, tables | st.lists(tables, min_size=1, max_size=3), max_size=4)


@given(documents, st.booleans())
def test_every_key_of_any_document_is_found_on_a_line_that_names_it(
    document: dict[str, Any], spread: bool
) -> None:
    text = write(document, spread=spread)
    parsed = tomllib.loads(text)
    lines = locate(text).lines
    assert set(lines) == set(paths(parsed))
    rows = text.split("\n")
    for path, line in lines.items():
        if isinstance(path[-1], str):
            assert quote(path[-1]) in rows[line - 1]


def paths(value: Any, path: KeyPath = ()) -> list[KeyPath]:
    """Every key path of a parsed document."""
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    found = [path] if path else []
    for key, inner in children:
        found += paths(inner, (*path, key))
    return found


def write(document: dict[str, Any], *, spread: bool) -> str:
    """The document as TOML; ``spread`` puts list elements on lines of their own."""
    rows: list[str] = []
    for name, content in document.items():
        for table in content if isinstance(content, list) else [content]:
            header = f"[[{quote(name)}]]" if isinstance(content, list) else f"[{quote(name)}]"
            rows.append(f"{header} # [x] = 'y'")
            rows += [f"{quote(key)} = {render(value, spread)}" for key, value in table.items()]
    return "\n".join(rows) + "\n"


def render(value: Any, spread: bool) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return quote(value)
        case float():
            return repr(value)
        case list():
            joint = ",\n  " if spread else ", "
            return f"[{joint.join(render(inner, spread) for inner in value)}]"
        case dict():
            inner = ", ".join(f"{quote(key)} = {render(v, False)}" for key, v in value.items())
            return f"{{ {inner} }}"
    return str(value)


def quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
