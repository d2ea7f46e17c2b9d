"""Reading a body: decoded while it arrives, never more of it than allowed."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from typing import Any, Protocol

from aiohttp import StreamReader

_IDENTITY = frozenset({"", "identity", "none"})
_GZIP = frozenset({"gzip", "x-gzip"})
_UNKNOWN = frozenset({"zstd", "compress", "x-compress", "dcb", "dcz", "bzip2", "xz"})
_MAX_LAYERS = 2
_GZIP_MAGIC = b"\x1f\x8b"
_MAX_MEMBERS = 100
_BIG = 1_000_000


class TooLargeError(Exception):
    """The decoded body is over the limit."""

    def __init__(self, text: str = "", *, beginning: bytes = b"") -> None:
        super().__init__(text)
        self.beginning = beginning
        """What was decoded just before."""


class DamagedBodyError(Exception):
    """The body can't be decoded, or ends too early; the text says how."""


class _Decoder(Protocol):
    """One content encoding. Two implementations: zlib's kinds and Brotli."""

    def feed(self, data: bytes, room: int) -> bytes:
        """Decode; TooLargeError when ``room`` bytes or more come out."""

    def finish(self) -> None:
        """DamagedBodyError unless the encoded stream is complete."""


async def read_body(
    stream: StreamReader, encoding: str, limit: int, big: asyncio.Semaphore
) -> tuple[bytes, int]:
    """The decoded body and its size on the wire, with at most about twice ``limit`` in memory.

    A place of ``big`` is taken for what goes over a megabyte. Also unpacks a gzip file sent
    without a content encoding (``sitemap.xml.gz``).
    """
    reader = _BodyReader(encoding, limit)
    while data := await stream.readany():
        reader.feed(data)
        if reader.size > _BIG:
            break
    else:
        return reader.finish(), reader.wire
    async with big:
        while data := await stream.readany():
            reader.feed(data)
        return reader.finish(), reader.wire


async def read_beginning(stream: StreamReader, encoding: str, limit: int) -> tuple[bytes, int]:
    """Like ``read_body``, but of a body over the limit its beginning, about as long as that.

    One that is packed twice may begin with rubbish: nobody does that to be understood.
    """
    reader = _BodyReader(encoding, limit)
    try:
        while data := await stream.readany():
            reader.feed(data)
    except TooLargeError as error:
        return reader.so_far() + error.beginning, reader.wire
    return reader.finish(), reader.wire


class _BodyReader:
    """Takes a body in as it arrives."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._limit = limit
        self._decoders = _decoders(encoding)
        self._parts: list[bytes] = []
        self._undecided = b""
        """The first byte, while nothing says whether this is a gzip file."""
        self.size = 0
        self.wire = 0

    def feed(self, data: bytes) -> None:
        """Decode some more; TooLargeError when it is too much."""
        first = self.wire < len(_GZIP_MAGIC)
        self.wire += len(data)
        if first and not self._decoders:
            data, self._undecided = self._undecided + data, b""
            if len(data) < len(_GZIP_MAGIC):
                self._undecided = data
                return
            if data.startswith(_GZIP_MAGIC):
                self._decoders = [_Inflate(zlib.MAX_WBITS | 16)]
        for decoder in self._decoders:
            data = decoder.feed(data, self._limit + 1 - self.size)
        self.size += len(data)
        if self.size > self._limit:
            raise TooLargeError(beginning=data)
        self._parts.append(data)

    def so_far(self) -> bytes:
        """What has been decoded."""
        return b"".join([*self._parts, self._undecided])

    def finish(self) -> bytes:
        """The whole body; DamagedBodyError where its encoded stream is not complete."""
        if self.wire:
            for decoder in self._decoders:
                decoder.finish()
        return self.so_far()


def _decoders(encoding: str) -> Sequence[_Decoder]:
    """Innermost last, as applied when decoding; a made-up encoding counts as none."""
    if not encoding:
        return ()
    names = [name.strip().lower() for name in encoding.split(",")]
    names = [name for name in reversed(names) if name not in _IDENTITY]
    unknown = [name for name in names if name in _UNKNOWN]
    if unknown or len(names) > _MAX_LAYERS:
        raise DamagedBodyError(f"content encoding {encoding[:60]!r} was not asked for")
    return [decoder for name in names if (decoder := _decoder(name)) is not None]


def _decoder(name: str) -> _Decoder | None:
    if name in _GZIP:
        return _Inflate(zlib.MAX_WBITS | 16)
    if name == "deflate":
        return _Inflate(None)
    return _Brotli() if name == "br" else None


class _Inflate:
    """gzip (several members too) and deflate, with its header or, as some servers do, without."""

    def __init__(self, wbits: int | None) -> None:
        self._wbits = wbits
        self._zlib = zlib.decompressobj(wbits) if wbits is not None else None
        self._members = 1
        self._begun = b""
        """What may be the first byte of another member: the rest comes with the next piece."""

    def feed(self, data: bytes, room: int) -> bytes:
        if not data:
            return b""
        if self._zlib is None:
            self._wbits = zlib.MAX_WBITS if data[0] & 0x0F == 8 else -zlib.MAX_WBITS
            self._zlib = zlib.decompressobj(self._wbits)
        parts: list[bytes] = []
        data, self._begun = self._begun + data, b""
        while data and room > 0:
            if self._zlib.eof and not self._next_member(data):
                break  # padding after the end, which everybody ignores
            try:
                part = self._zlib.decompress(data, room)
            except zlib.error as error:
                raise DamagedBodyError(f"damaged gzip or deflate data ({error})") from None
            parts.append(part)
            room -= len(part)
            data = self._zlib.unused_data
        if room <= 0:
            raise TooLargeError(beginning=b"".join(parts))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _next_member(self, data: bytes) -> bool:
        if self._wbits != zlib.MAX_WBITS | 16:
            return False
        if data == _GZIP_MAGIC[:1]:
            self._begun = data
            return False
        if not data.startswith(_GZIP_MAGIC):
            return False
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise DamagedBodyError("too many gzip members")
        self._zlib = zlib.decompressobj(self._wbits)
        return True

    def finish(self) -> None:
        if self._zlib is None or not self._zlib.eof or self._begun:
            raise DamagedBodyError("the compressed body ends too early")


class _Brotli:
    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]  # late: most answers are gzip

        self._brotli: Any = brotli.Decompressor()
        self._error = brotli.error

    def feed(self, data: bytes, room: int) -> bytes:
        try:
            out = bytes(self._brotli.process(data, output_buffer_limit=room))
        except self._error:
            raise DamagedBodyError("damaged Brotli data") from None
        if len(out) >= room or not self._brotli.can_accept_more_data():
            raise TooLargeError(beginning=out)
        return out

    def finish(self) -> None:
        if not self._brotli.is_finished():
            raise DamagedBodyError("the compressed body ends too early")
