"""`palate convert`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from palate.cli.arguments import load, of_ratings
from palate.cli.errors import usage_error
from palate.cli.input import read
from palate.cli.output import print_text
from palate.cli.reading_options import AS_GIVEN, Reading, reads_ratings
from palate.cli.writing import check_model_file, check_writable, instead

KERAS = (".h5", ".hdf5", ".keras")


@reads_ratings()
def convert(
    source: Path,
    output: Annotated[Path, typer.Option("--output", "-o")],
    ratings: Path | None = None,
    mean: float | None = None,
    reading: Reading = AS_GIVEN,
) -> None:
    """Convert a Keras factorization to a palate model, or a palate model to Keras. No code in the
    file is run.

    Examples:

        palate convert factorization_model.h5 -o model.palate --ratings rating.csv

        palate convert model.palate -o model.keras

    Parameters
    ----------
    source : FILE
        Keras model (.h5, .keras), or palate model.
    output : FILE
        File for the converted model; .h5 or .keras for Keras.
    ratings : RATINGS
        Training ratings of a Keras model. Ids without ratings become unknown.
    mean
        Mean to add to the predictions of a Keras model. Default: the mean of the ratings.
    """
    if not source.is_file():
        raise usage_error(f"no file {source}")
    check_writable(output)
    replaced = instead(output)
    into = output.suffix.lower() in KERAS
    if (source.suffix.lower() in KERAS) == into:
        raise usage_error(
            f"one of the two must be a Keras file (.h5 or .keras); got '{source}' and '{output}'"
        )
    if into:
        of_ratings(load(source)).to_keras(output)
    else:
        check_model_file(output)
        _imported(source, ratings, mean, reading).save(output)
    print_text(f"Wrote {output} ({output.stat().st_size:,} bytes){replaced}.")


def _imported(source: Path, ratings: Path | None, mean: float | None, reading: Reading) -> Any:
    from palate.model.factor_model import FactorModel

    if ratings is None:
        if mean is None:
            raise usage_error(
                "the mean of the ratings is not in a Keras file: give the ratings with --ratings, or "
                "the mean with --mean"
            )
        return FactorModel.from_keras(source, mean=mean)
    data = read(ratings, reading)
    return FactorModel.from_keras(source, data.ratings, data.catalog, data.mean if mean is None else mean)
