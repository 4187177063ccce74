"""Files that hold no table palate can read, known by their first bytes, and what to do about them."""

from palate.io.sources import Source

PARQUET, ARROW = b"PAR1", b"ARROW1"
_PARQUET_ENDINGS = (".parquet", ".pq", ".parq")
_ARROW_ENDINGS = (".feather", ".arrow", ".ipc")
_EXPORT, _TYPED = "Save the table as CSV", "Save the table as CSV or Parquet"
_KERAS = f"{_TYPED}, or turn a Keras model into one of palate with palate convert"
_SQLITE = "sqlite3 -header -csv FILE 'SELECT * FROM ratings' > ratings.csv"
_ARRAYS = "Load it with numpy.load and pass the arrays to palate.Ratings.from_arrays"
_PAGES = (b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML")
_PICKLES = (b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5")
# The place of the first bytes, any of which a file has there, what the file is, and what to do
_KINDS: tuple[tuple[int, bytes | tuple[bytes, ...], str, str], ...] = (
    (8, b'{"__metadata__":{"palate":', "a model of palate", "Name the ratings instead"),
    (257, b"ustar", "a tar archive", "Unpack it: tar -xf FILE"),
    (0, b"\xd0\xcf\x11\xe0", "an Excel workbook", f"{_EXPORT} (in Excel: File, Save As, CSV UTF-8)"),
    (0, b"\x89HDF", "an HDF5 file", _KERAS),
    (0, b"SQLite format 3\0", "an SQLite database", f"{_EXPORT}: {_SQLITE}"),
    (0, b"\x28\xb5\x2f\xfd", "compressed by Zstandard", "Unpack it: zstd -d FILE"),
    (0, b"\x04\x22\x4d\x18", "compressed by LZ4", "Unpack it: lz4 -d FILE"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it first"),
    (0, b"Rar!", "a RAR archive", "Unpack it first"),
    (0, b"\x93NUMPY", "a NumPy array", _ARRAYS),
    (0, b"ORC", "an ORC file", _TYPED),
    (0, b"Obj\x01", "an Avro file", _TYPED),
    (0, b"%PDF", "a PDF document", _EXPORT),
    (0, _PAGES, "a page in HTML", "Download the table itself"),
    (0, b"\x89PNG", "a picture", _EXPORT),
    (
        0,
        b"MATLAB 5.0",
        "a MATLAB file",
        f"{_EXPORT}, or load it with SciPy and use palate.Ratings.from_scipy",
    ),
    (0, _PICKLES, "a pickle, which palate never loads", _TYPED),
)


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
    for place, magic, what, advice in _KINDS:
        if source.start.startswith(magic, place):
            told = advice.replace("FILE", source.name)
            raise ValueError(f"{source.name} must be a table of ratings; it is {what}. {told}.")
