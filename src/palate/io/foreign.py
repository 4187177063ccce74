"""Files that hold no table palate can read, known by their first bytes, and what to do about them."""

from palate.io.sources import Source

PARQUET, ARROW = b"PAR1", b"ARROW1"
_PARQUET_ENDINGS = (".parquet", ".pq", ".parq")
_ARROW_ENDINGS = (".feather", ".arrow", ".ipc")
_EXPORT = "Save the table as CSV"
_SQLITE = "sqlite3 -header -csv FILE 'SELECT * FROM ratings' > ratings.csv"
_PAGES = (b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML")
_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", f"{_EXPORT} (in Excel: File, Save As, CSV UTF-8)"),
    (
        b"\x89HDF",
        "an HDF5 file",
        f"{_EXPORT} or Parquet, or turn a Keras model into one of palate with palate convert",
    ),
    (b"SQLite format 3\0", "an SQLite database", f"{_EXPORT}: {_SQLITE}"),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard", "Unpack it: zstd -d FILE"),
    (b"\x04\x22\x4d\x18", "compressed by LZ4", "Unpack it: lz4 -d FILE"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it first"),
    (b"Rar!", "a RAR archive", "Unpack it first"),
    (
        b"\x93NUMPY",
        "a NumPy array",
        "Load it with numpy.load and pass the arrays to palate.Ratings.from_arrays",
    ),
    (b"ORC", "an ORC file", f"{_EXPORT} or Parquet"),
    (b"Obj\x01", "an Avro file", f"{_EXPORT} or Parquet"),
    (b"%PDF", "a PDF document", _EXPORT),
    *((mark, "a page in HTML", "Download the table itself") for mark in _PAGES),
    (b"\x89PNG", "a picture", _EXPORT),
    (b"MATLAB 5.0", "a MATLAB file", f"{_EXPORT}, or load it with SciPy and use palate.Ratings.from_scipy"),
    *(
        (b"\x80" + bytes([version]), "a pickle, which palate never loads", f"{_EXPORT} or Parquet")
        for version in range(2, 6)
    ),
)
_MODEL = b'{"__metadata__":{"palate":'


def has_parquet_name(name: str) -> bool:
    """Return whether a file is called as one in the Parquet format."""
    return name.lower().endswith(_PARQUET_ENDINGS)


def is_parquet(source: Source) -> bool:
    """Return whether a file is in the Parquet format, by its name or its first bytes."""
    if source.parts:
        return is_parquet(source.parts[0])
    return has_parquet_name(source.name) or source.start.startswith(PARQUET)


def is_arrow(source: Source) -> bool:
    """Return whether a file is in the Arrow (Feather) format."""
    if source.parts:
        return is_arrow(source.parts[0])
    return source.name.lower().endswith(_ARROW_ENDINGS) or source.start.startswith(ARROW)


def has_types(source: Source) -> bool:
    """Return whether the columns of a file have types, as in Parquet and Arrow."""
    return is_parquet(source) or is_arrow(source)


def refuse_foreign(source: Source) -> None:
    """Raise a ValueError that says what a file is when it is known to be no table."""
    start = source.start
    if start[8:].startswith(_MODEL):
        raise ValueError(
            f"{source.name} must be a table of ratings; it is a model of palate. Name the ratings instead."
        )
    if start[257:262] == b"ustar":
        raise ValueError(
            f"{source.name} must be a table of ratings; it is a tar archive. Unpack it: tar -xf FILE."
        )
    for magic, what, advice in _KINDS:
        if start.startswith(magic):
            raise ValueError(
                f"{source.name} must be a table of ratings; it is {what}. "
                f"{advice.replace('FILE', source.name)}."
            )
