"""What goes between service and worker: frames, and dataclasses as JSON.

Answers are JSON since unpickling the answer of a captured worker would run its code.

Generic over the model: frozen dataclasses of str, int, float, bool, None, datetime, timedelta,
enums, tuples, mappings and one another. What does not fit its type is refused.
"""

from __future__ import annotations

import dataclasses
import json
import struct
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

T = TypeVar("T")

HEADER = struct.Struct(">IB")
"""A frame begins with the length of what follows and a tag."""
RESULT, FAILURE = 1, 2
RETIRING = 0x80
"""Added to the tag of a worker's last answer."""
MAX_REPLY = 2_000_000


class WireError(ValueError):
    """The JSON does not describe what was expected."""


def to_json(value: Any) -> bytes:
    """UTF-8 JSON of dataclasses and what they hold."""
    text = json.dumps(value, default=_default, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _default(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in _field_names(type(value))}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def from_json(kind: type[T], data: bytes) -> T:
    """The instance of ``kind`` that ``to_json`` wrote; WireError for anything else."""
    try:
        value: T = _decoder(cast(Hashable, kind))(json.loads(data))
    except WireError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise WireError(f"{type(error).__name__}: {error}") from None
    return value


_Decoder = Callable[[Any], Any]


@cache
def _decoder(kind: Any) -> _Decoder:
    """How to read a value of that type from parsed JSON."""
    kind = getattr(kind, "__supertype__", kind)  # a NewType is read as what it is made of
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _dataclass_decoder(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return _generic_decoder(typing.get_origin(kind), typing.get_args(kind))


def _generic_decoder(origin: Any, arguments: tuple[Any, ...]) -> _Decoder:
    if origin in (types.UnionType, typing.Union):
        return _optional_decoder(arguments)
    if origin in (tuple, list):
        return _sequence_decoder(origin, arguments[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_decoder(arguments[1])
    raise TypeError(f"no way to read {origin} from JSON")


def _plain_decoder(kind: type) -> _Decoder:
    allowed = (int, float) if kind is float else kind

    def decode(value: Any) -> Any:
        if type(value) is kind:
            return value
        if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
            raise WireError(f"{type(value).__name__} where {kind.__name__} is expected")
        return value

    return decode


_SIMPLE: dict[Any, _Decoder] = {
    Any: lambda value: value,
    datetime: datetime.fromisoformat,
    timedelta: lambda seconds: timedelta(seconds=seconds),
    **{kind: _plain_decoder(kind) for kind in (str, int, float, bool)},
}


def _optional_decoder(arguments: tuple[Any, ...]) -> _Decoder:
    (inner,) = (_decoder(argument) for argument in arguments if argument is not type(None))
    return lambda value: None if value is None else inner(value)


def _sequence_decoder(origin: type, inner_kind: Any) -> _Decoder:
    inner = _decoder(inner_kind)

    def decode(value: Any) -> Any:
        if not isinstance(value, list):
            raise WireError(f"{type(value).__name__} where a list is expected")
        return origin(map(inner, value))

    return decode


def _mapping_decoder(value_kind: Any) -> _Decoder:
    inner = _decoder(value_kind)
    return lambda value: {key: inner(item) for key, item in value.items()}


def _dataclass_decoder(kind: type) -> _Decoder:
    hints = typing.get_type_hints(kind)
    fields = {name: _decoder(hints[name]) for name in _field_names(kind)}
    return lambda value: kind(**{name: fields[name](item) for name, item in value.items()})
