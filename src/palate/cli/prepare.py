"""`palate prepare`."""

from pathlib import Path
from typing import Annotated

import typer

from palate.cli import options
from palate.cli.messages import to_paste
from palate.cli.reading_options import AS_GIVEN, Reading, reads_ratings


@reads_ratings(without=("weight",))
def prepare(
    ratings: Annotated[
        Path, typer.Argument(metavar="RATINGS", help="Rating file, or a folder or .zip that holds one.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write the files.")
    ] = Path("prepared"),
    validation: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the rows at the end, for validation.")
    ] = 0.05,
    seed: Annotated[int, typer.Option(help="Seed of the shuffle.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    reading: Reading = AS_GIVEN,
    as_json: options.Json = False,
) -> None:
    """Write ratings as the pair of files that the matrix-factorization lesson uses: rating.csv and movie.csv.

    Ids become the ranks of the original ones (ids.csv lists both), titles lose their year and get
    their article in front, y is the rating less the mean of the training rows, and the rows are
    shuffled with the validation rows last.

    Example:

        palate prepare ml-latest-small.zip -o prepared
    """
    from palate.cli.input import read
    from palate.cli.output import print_json, print_text, print_verbatim
    from palate.data.prepare import prepare as write

    data = read(ratings, **reading)
    done = write(data, output, validation=validation, seed=seed, overwrite=overwrite)
    if as_json:
        print_json({**vars(done), "folder": str(done.folder)})
        return
    print_text(
        f"Wrote {done.folder / 'rating.csv'}: {done.n_train:,} training rows, then {done.n_validation:,} "
        f"for validation; "
        f"mean rating {done.mean:.4f}.",
        f"Wrote {done.folder / 'movie.csv'}: {done.n_items:,} items; {done.folder / 'ids.csv'}: their ids "
        f"and those of "
        f"{done.n_users:,} users before and after.",
    )
    if done.n_unrated:
        print_text(f"Left out {done.n_unrated:,} items that nobody rated.")
    print_text("")
    print_verbatim(f"Next: {to_paste('train', done.folder)}")
