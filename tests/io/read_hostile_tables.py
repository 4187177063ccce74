"""Read tables that were made to do harm, and print what came of each: run by test_hostile_tables.py
in a process of its own.

    python tests/io/read_hostile_tables.py FOLDER MEBIBYTES

Each file is about MEBIBYTES long and written piece by piece, so that the memory of this process is
the reader's. A line of JSON per file: its name, what was read or the error, and by how much the
peak of memory rose over that of reading one row.
"""

import gzip
import json
import resource
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import palate

HEADER = b"user_id,item_id,rating\n"
ROW = b"1,2,3\n"
MIB = 1 << 20


def long_files(n: int) -> dict[str, Iterator[bytes]]:
    """Return the pieces of each file by name; `n` is their size in mebibytes."""

    def filled(text: bytes, times: int = n) -> Iterator[bytes]:
        piece = text * (MIB // len(text) + 1)
        return (piece for _ in range(times))

    def with_header(*parts: Iterator[bytes]) -> Iterator[bytes]:
        yield HEADER
        for part in parts:
            yield from part

    rows = min(n, 12)  # good rows may need memory of their own
    return {
        "one line": with_header(filled(b"a")),
        "one first line": filled(b"a,"),
        "nothing but NUL": filled(b"\0"),
        "NUL at the end": with_header(filled(ROW, rows), iter([b"1,\0,3\n"])),
        "open quote": with_header(iter([b'"']), filled(ROW)),
        "open quote at the end": with_header(filled(ROW, rows), iter([b'1,"2,3\n' + ROW * 10])),
        "quotes": with_header(filled(b'"')),
        "blank lines": with_header(filled(b"\n")),
        "blank lines first": iter([*filled(b"\r\n"), HEADER, ROW]),
        "carriage returns": with_header(filled(b"\r")),
        "blanks": with_header(filled(b" ")),
        "commas": with_header(filled(b",")),
        "empty rows": with_header(filled(b",,\n")),
        "many columns": iter([b",".join(b"%d" % number for number in range(100_000)), b"\n"]),
        "very many columns": filled(b"c,"),
        "many fields": with_header(iter([b"1," * 100_000, b"\n"])),
        "digits": with_header(iter([ROW, b"9" * 100_000, b",2,x\n"])),
        "quoted megabyte": with_header(iter([b'"', b"a\n" * 400_000, b'",2,x\n'])),
    }


def write_all(folder: Path, n: int) -> list[Path]:
    """Write the files, and the same kind compressed."""
    paths = []
    for name, pieces in long_files(n).items():
        paths.append(folder / f"{name}.csv")
        with paths[-1].open("wb") as file:
            file.writelines(pieces)
    for name, piece in (("bomb", ROW * (MIB // 6)), ("bomb of one line", b"1" * MIB)):
        path = folder / f"{name}.csv.gz"
        with gzip.open(path, "wb") as file:
            file.write(HEADER)
            file.writelines(piece for _ in range(4 * n))
        paths.append(path)
    path = folder / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("ratings.csv", "w") as member,
    ):
        member.write(HEADER)
        for _ in range(4 * n):
            member.write(ROW * (MIB // 6))
    return [*paths, path]


def peak() -> int:
    """Return the peak of this process's memory in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def outcome(path: Path) -> str:
    """Return what reading a file gives, in one line if all is well."""
    try:
        return repr(palate.read(path).ratings)
    except (ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


def main(folder: Path, n: int) -> None:
    """Write and read everything."""
    (folder / "good.csv").write_bytes(HEADER + ROW)
    outcome(folder / "good.csv")
    start = peak()
    for path in write_all(folder, n):
        print(json.dumps({"name": path.name, "outcome": outcome(path), "mebibytes": peak() - start}))  # noqa: T201 - for the test to read
        path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
