"""`palate calibrate`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from palate.cli import arguments, options
from palate.cli.input import busy, read_part
from palate.cli.output import PICTURES, check_output, deliver, print_cells, print_json, print_text
from palate.cli.reading_options import AS_GIVEN, ITEM_SIDE, Reading, reads_ratings
from palate.cli.writing import instead

if TYPE_CHECKING:
    from palate.evaluation.calibration import Calibration


@reads_ratings(without=ITEM_SIDE)
def calibrate(
    model: Path,
    test: options.OptionalFile = None,
    reading: Reading = AS_GIVEN,
    nominal: list[float] | None = None,
    seed: options.NotNegative = 0,
    threads: options.Threads = None,
    plot: Path | None = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """Test whether the intervals of a model contain as many ratings as they should.

    Examples:

        palate calibrate model.palate

        palate calibrate model.palate later.csv --plot calibration.png

    Parameters
    ----------
    test : [TEST]
        Test ratings. Default: the ratings that the model held out.
    nominal : SHARE
        Probability of the intervals, such as 0.8. May be repeated. Default 0.5, 0.8, 0.9 and 0.95.
    seed
        Seed of the randomized PIT.
    plot : FILE
        File for a plot of the calibration: .png, .svg or .pdf.
    """
    from palate.evaluation import calibration as library

    check_output(output)
    check_output(plot, "--plot", PICTURES)
    loaded = arguments.of_ratings(arguments.load(model))
    ratings = read_part(test, [loaded], reading)
    with busy("testing"):
        shares = tuple(nominal) if nominal else library.NOMINAL
        found = library.calibrate(loaded, ratings, nominal=shares, seed=seed, threads=threads)
    if output is not None:
        deliver(replace(found, frame_kind="polars").table, as_json=as_json, output=output)
    elif as_json:
        print_json(found.to_dict())
    else:
        _print(found)
    if plot is not None:
        replaced = instead(plot)
        found.plot(plot)
        if not as_json:
            print_text(*([] if output is not None else [""]), f"Drew the plot to {plot}{replaced}.")


def _print(calibration: "Calibration") -> None:
    from palate.evaluation.calibration_text import explanation, summary, table_rows

    print_text(summary(calibration), "")
    print_cells(*table_rows(calibration))
    print_text("", *explanation(calibration))
