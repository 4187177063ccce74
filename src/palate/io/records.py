"""Text files that are read as tables: JSON Lines, and Netflix' blocks of ratings under their film."""

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from palate._checks import ArgumentError
from palate.io.blocks import Block, blocks
from palate.io.layout import TableOptions, TextFile
from palate.io.sources import Source

_HEAD = re.compile(rb"^(\d+):[ \t]*$", re.MULTILINE)
_NETFLIX = re.compile(rb"(\xef\xbb\xbf)?\s*\d+:\s*\n\s*\d+,[1-5](,\d{4}-\d\d-\d\d)?\s*(\n|$)")
_SAMPLE = 1 << 16
_UNIT = "\x1f"


def is_json_lines(source: Source) -> bool:
    """Return whether a file begins with an object of JSON.

    Raises
    ------
    ValueError
        If it begins with a list of objects.
    """
    start = source.start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"\[\s*\{", start):
        raise ValueError(
            f"{source.name} must hold one JSON object per line; it is one list of them. Write one per line: "
            f"jq -c '.[]' {source.name} > ratings.jsonl."
        )
    return re.match(rb"\{\s*(\"|$)", start) is not None


def is_netflix(source: Source) -> bool:
    """Return whether a file begins as the ratings of the Netflix prize do.

    These begin with `1:`, then `1488844,3,2005-09-06`.
    """
    return _NETFLIX.match(source.start) is not None


class JsonLines(TextFile):
    """One JSON object per line, read as a table whose columns are the keys.

    Nested values are kept as JSON.
    """

    def __init__(self, source: Source, options: TableOptions) -> None:
        super().__init__(source, separator=_UNIT, quote=False, options=options)

    @property
    def has_header_line(self) -> bool:
        """Whether the first line holds column names."""
        return False

    @cached_property
    def names(self) -> list[str]:
        """The keys of the first objects."""
        first = next(blocks(self.source, False, self.options.encoding, _SAMPLE), None)
        keys: dict[str, None] = {}
        for _, values in () if first is None else self._objects(first):
            keys |= dict.fromkeys(values)
        return list(keys)

    def blocks(self, size: int | None = None) -> Iterator[Block]:
        """Yield the file in blocks of records, one per line as in the file."""
        for block in blocks(self.source, False, self.options.encoding, size):
            rows = [""] * (block.data.count(b"\n") + 1)
            for line, values in self._objects(block):
                rows[line - block.line] = _UNIT.join(_cell(values.get(name)) for name in self.names)
            yield Block("\n".join(rows).encode(), block.line)

    def _objects(self, block: Block) -> Iterator[tuple[int, dict[str, Any]]]:
        for line, text in enumerate(block.data.split(b"\n"), block.line):
            if not text.strip():
                continue
            try:
                found = json.loads(text)
            except ValueError:
                found = None
            if not isinstance(found, dict):
                shown = text.decode("utf-8", errors="replace")[:80]
                raise ArgumentError(self.name, "hold one JSON object per line", f"{shown!r} at line {line}")
            yield line, found


def _cell(value: object) -> str:
    """Return a value as the text of a field.

    Line ends and the separator stay visible, so that an id with them is refused.
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else repr(value) if isinstance(value, float) else json.dumps(value)
    return text.replace("\n", "\t").replace("\r", "\t").replace(_UNIT, "\t")


class NetflixFile(TextFile):
    """Blocks of `user,rating,date` under the number of the film.

    They are read as a table of film, user, rating and date.
    """

    def __init__(self, source: Source, options: TableOptions) -> None:
        super().__init__(source, header=False, quote=False, options=options)

    def blocks(self, size: int | None = None) -> Iterator[Block]:
        """Yield the file in blocks of records.

        Where a film begins there is a blank line, so that lines keep their numbers.
        """
        film = b""
        for block in super().blocks(size):
            first, *rest = _HEAD.split(block.data)
            parts = [_under(film, first)]
            for film, part in zip(rest[::2], rest[1::2], strict=True):
                parts.append(_under(film, part))
            yield Block(b"".join(parts), block.line)


def _under(film: bytes, lines: bytes) -> bytes:
    """Return lines with the film in front of each that is not blank."""
    return re.sub(rb"^(?=[^\n])", film + b",", lines, flags=re.MULTILINE) if film else lines
