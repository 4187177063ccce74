"""`palate prepare`."""

from pathlib import Path
from typing import Annotated

import typer

from palate.cli import options
from palate.cli.input import read
from palate.cli.messages import to_paste
from palate.cli.output import print_json, print_text, print_verbatim
from palate.cli.reading_options import AS_GIVEN, Reading, reads_ratings


@reads_ratings(without=("weight",))
def prepare(
    ratings: Path,
    output: Annotated[Path, typer.Option("--output", "-o")] = Path("prepared"),
    validation: float = 0.05,
    seed: int = 0,
    overwrite: bool = False,
    reading: Reading = AS_GIVEN,
    as_json: options.Json = False,
) -> None:
    """Write ratings as the two files of the matrix-factorization lesson, rating.csv and movie.csv.

    Ids are replaced by their ranks (ids.csv lists both). Titles lose their year and start with
    their article. y is the rating minus the mean of the training rows. Rows are shuffled, with the
    validation rows last.

    Example:

        palate prepare ml-latest-small.zip -o prepared

    Parameters
    ----------
    ratings : RATINGS
        Rating file, or a folder or .zip with one.
    output : FOLDER
        Folder for the files.
    validation : SHARE
        Share of rows for validation, which are written last.
    seed
        Seed for shuffling.
    overwrite
        Replace existing files.
    """
    from palate.data.prepare import prepare as write

    data = read(ratings, reading)
    done = write(data, output, validation=validation, seed=seed, overwrite=overwrite)
    if as_json:
        print_json(done)
        return
    print_text(
        f"Wrote {done.folder / 'rating.csv'}: {done.n_train:,} training rows, then {done.n_validation:,} "
        f"for validation; mean rating {done.mean:.4f}.",
        f"Wrote {done.folder / 'movie.csv'}: {done.n_items:,} items; {done.folder / 'ids.csv'}: "
        f"old and new ids of the items and of {done.n_users:,} users.",
    )
    if done.n_unrated:
        print_text(f"Left out {done.n_unrated:,} items that nobody rated.")
    print_text("")
    print_verbatim(f"Next: {to_paste('train', done.folder)}")
