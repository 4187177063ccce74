"""Text files as blocks of whole lines, in UTF-8: what a table is read from with little memory.

A block ends where a record ends: at a newline outside quotes. No file, however odd, makes a block
grow beyond its size plus one record, and no record may be longer than a mebibyte.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from palate._checks import ArgumentError
from palate.io.sources import Source

BLOCK = 4 << 20  # bytes
MAX_RECORD = 1 << 20  # bytes
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Block:
    """Whole lines of a file.

    Parameters
    ----------
    data : bytes
        UTF-8, lines ended by a line feed (the last one perhaps not).
    line : int
        Number of the first line, from 1.
    """

    data: bytes
    line: int


def blocks(
    source: Source, quote: bool = True, encoding: str = "utf-8", size: int | None = None
) -> Iterator[Block]:
    """Yield the lines of a text file in blocks.

    A byte order mark decides the encoding. Line ends may be LF, CR LF or CR, and mixed.

    Parameters
    ----------
    source : Source
    quote : bool
        Whether line ends between double quotes belong to a field.
    encoding : str
        Of a file without byte order mark.
    size : int, optional
        Bytes read at a time, by default 4 MiB.

    Raises
    ------
    ValueError
        If there is a NUL byte, a record longer than a mebibyte, a quote that is never closed, or
        UTF-16 cut in half.
    """
    rest, line, started = b"", 1, False
    for data, last in _texts(source, encoding, size or BLOCK):
        buffer = rest + data if rest else data
        _refuse_nul(buffer, source.name, line)
        buffer, held = _line_feeds(buffer, last, quote)
        if not started:  # a block with nothing but blank lines would have no header
            blank = len(buffer) - len(buffer.lstrip(b"\n"))
            buffer, line, started = buffer[blank:], line + blank, blank < len(buffer)
        cut = len(buffer) if last else _end_of_records(buffer, quote)
        open_end = len(buffer) - (buffer.rfind(b"\n") + 1 if last else cut)
        if open_end > MAX_RECORD or (last and quote and buffer.count(b'"') % 2):
            raise ValueError(_too_long(buffer, source.name, line, quote))
        if cut:
            block = buffer[:cut] if cut < len(buffer) else buffer
            yield Block(block, line)
            line += block.count(b"\n")
        rest = buffer[cut:] + held


def check_encoding(encoding: str) -> None:
    """Raise ArgumentError unless Python knows a text encoding.

    >>> check_encoding("latin-1")
    """
    try:
        "".encode(encoding)  # refuses codecs that are not of text, too, such as "hex"
    except (LookupError, ValueError):
        must = "be one that Python knows, such as 'utf-8' or 'latin-1'"
        raise ArgumentError("encoding", must, f"{encoding!r}") from None


def _texts(source: Source, encoding: str, size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield (UTF-8 bytes, whether they are the last) of a file."""
    with source.open() as stream:
        data = stream.read(size)
        for mark, name in _MARKS:
            if data.startswith(mark):
                data, encoding = data[len(mark) :], name
                break
        decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)()
        while True:
            following = stream.read(size)
            last = not following
            yield data if decoder is None else _recode(data, decoder, last, source.name, encoding), last
            if last:
                return
            data = following


def _recode(data: bytes, decoder: codecs.IncrementalDecoder, last: bool, name: str, encoding: str) -> bytes:
    try:
        return decoder.decode(data, last).encode()
    except UnicodeError as error:
        raise ValueError(f"{name} must be text in {encoding.upper()}; {error}. Save it as UTF-8.") from None


def _refuse_nul(buffer: bytes, name: str, line: int) -> None:
    place = buffer.find(b"\0")
    if place >= 0:
        at = line + buffer.count(b"\n", 0, place)
        advice = "Is it binary, or UTF-16 without a byte order mark? Save it as UTF-8"
        raise ArgumentError(name, "be a text file", f"a NUL byte at line {at}", f"{advice}.")


def _line_feeds(buffer: bytes, last: bool, quote: bool) -> tuple[bytes, bytes]:
    """Return the buffer with line feeds for line ends.

    A carriage return is held back until its line feed is read.
    """
    if b"\r" not in buffer:
        return buffer, b""
    held = b"\r" if buffer.endswith(b"\r") and not last else b""
    buffer = buffer.removesuffix(b"\r") if held else buffer
    if not (quote and b'"' in buffer):
        return buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), held
    parts = buffer.split(b'"')  # every other part stands between quotes and stays as it is
    parts[::2] = [part.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for part in parts[::2]]
    return b'"'.join(parts), held


def _end_of_records(buffer: bytes, quote: bool) -> int:
    """Return the position behind the last newline that is not between quotes.

    Return 0 when there is none within MAX_RECORD.
    """
    cut = buffer.rfind(b"\n") + 1
    if not quote or b'"' not in buffer:
        return cut
    inside = buffer.count(b'"', 0, cut) % 2
    while inside and cut and len(buffer) - cut <= MAX_RECORD:
        earlier = buffer.rfind(b"\n", 0, cut - 1) + 1
        inside ^= buffer.count(b'"', earlier, cut) % 2
        cut = earlier
    return 0 if inside else cut


def _too_long(buffer: bytes, name: str, line: int, quote: bool) -> str:
    """Return the message for a record without end: where it begins, and whether a quote is the reason."""
    start, inside, begun, number = 0, 0, line, line
    while (end := buffer.find(b"\n", start)) >= 0:
        inside ^= buffer.count(b'"', start, end) % 2 if quote else 0
        start, number = end + 1, number + 1
        if not inside:
            begun = number
    if inside or (quote and buffer.count(b'"', start) % 2):
        return (
            f"a quoted field of {name} must be closed within 1 MiB; got a quote without end at line {begun}. "
            "Double a quote that belongs to the text; if quotes are plain characters, pass quote=False."
        )
    return (
        f"lines of {name} must be at most 1 MiB long; got a longer one at line {number}. Is it a table "
        f"in text?"
    )
