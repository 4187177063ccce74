"""`palate plan`."""

from typing import Annotated

import typer

from palate.cli import options
from palate.cli.errors import usage_error
from palate.cli.hyperparameters import trainer_of
from palate.cli.input import busy, without_panics
from palate.cli.output import print_cells, print_json, print_text
from palate.cli.reading_options import AS_GIVEN, Reading, all_but, reads_ratings
from palate.recommender.planning import Plan
from palate.recommender.planning import plan as estimate

_TRAINERS = ("recommender", "least-squares", "gibbs", "spectral", "linear-items", "baseline")


# Of fits on two cores of an Intel Xeon: MovieLens-1M and goodbooks-10k.
_OTHER_TIMES = (
    "The time of the other trainers depends on how the ratings are spread over users and items, so it is "
    "not estimated. For comparison, one million ratings of 3,706 items by 6,040 users took Recommender 35 s "
    "of a processor, Gibbs 18 s, LinearItems 2 s and Spectral under 1 s; as many ratings of 10,000 items by "
    "53,424 users took them 43 s, 57 s, 3 s and 6 s."
)


def _number(text: str) -> int:
    """Return a count that may be written 1e9 or 1_000_000."""
    try:
        value = float(text.replace(",", "").replace("_", ""))
    except ValueError:
        raise typer.BadParameter(f"must be a whole number such as 1e9 or 1_000_000; got '{text}'.") from None
    if not 1 <= value < 1e15 or value != int(value):
        raise typer.BadParameter(f"must be a whole number of at least 1; got '{text}'.")
    return int(value)


@reads_ratings(without=all_but("user", "item", "separator", "encoding"))
def plan(
    ratings: options.OptionalFile = None,
    n_ratings: Annotated[int | None, typer.Option(parser=_number)] = None,
    n_users: Annotated[int | None, typer.Option(parser=_number)] = None,
    n_items: Annotated[int | None, typer.Option(parser=_number)] = None,
    n_factors: Annotated[int | None, typer.Option(min=1)] = None,
    reading: Reading = AS_GIVEN,
    as_json: options.Json = False,
) -> None:
    """Estimate the memory, file size and time that training on a table needs, before it is read.

    Examples:

        palate plan ratings.csv

        palate plan --n-ratings 1e9 --n-users 5e6 --n-items 200000

    Parameters
    ----------
    ratings : [RATINGS]
        Parquet or text file whose ratings are counted.
    n_ratings : N
        Number of ratings, instead of a file, such as 1e9.
    n_users : N
        Users.
    n_items : N
        Items.
    n_factors : N
        Number of factors; by default that of each trainer.
    """
    from palate.io.counting import TableSize, count

    given = {"--n-ratings": n_ratings, "--n-users": n_users, "--n-items": n_items}
    if ratings is not None:
        named = next((option for option, value in given.items() if value is not None), None)
        if named is not None:
            raise usage_error(f"{named} must be left out if RATINGS is given, because the file is counted")

        with busy(f"counting {ratings}"), without_panics():
            size = count(ratings, **reading)
    else:
        missing = next((option for option, value in given.items() if value is None), None)
        if missing is not None:
            raise usage_error(f"{missing} must be given if there is no file RATINGS to count")
        size = TableSize(*(value for value in given.values() if value is not None))
    plans = _plans(size.n_ratings, size.n_users, size.n_items, n_factors)
    if as_json:
        print_json([{**vars(one), "fits": one.fits} for one in plans])
    else:
        _show(plans)


def _plans(n_ratings: int, n_users: int, n_items: int, n_factors: int | None) -> "list[Plan]":
    found = []
    for name in _TRAINERS:
        wide = n_factors is not None and name in ("least-squares", "gibbs", "spectral")
        trainer = trainer_of(name, {"n_factors": n_factors} if wide else {})
        found.append(estimate(n_ratings, n_users, n_items, trainer))
    return found


def _show(plans: "list[Plan]") -> None:
    first = plans[0]
    print_text(
        f"{first.n_ratings:,} ratings of {first.n_items:,} items by {first.n_users:,} users. "
        "Training needs about:",
        "",
    )
    _show_table(plans)
    free = "" if first.available_gb is None else f"{first.available_gb:.1f} GB are free on this machine. "
    print_text(
        "",
        f"{free}The figures are estimates from measured runs. The time is for one processor core, "
        "and is divided among the cores. The model file is smaller with --no-ratings.",
        "",
        _OTHER_TIMES,
    )
    if advice := _advice(plans):
        print_text(advice)


def _show_table(plans: "list[Plan]") -> None:
    """Print a row for each trainer."""
    rows = [
        [
            one.trainer,
            _gigabytes(one.memory_gb),
            _gigabytes(one.file_gb),
            "not estimated" if one.processor_seconds is None else f"{one.processor_seconds:,.0f} s",
            {None: "not known", True: "yes", False: "no"}[one.fits],
        ]
        for one in plans
    ]
    print_cells(["", "peak memory", "model file", "processor time", "fits here"], *rows)


def _advice(plans: "list[Plan]") -> str:
    """Return what to do where the first trainer, or every one, does not fit into memory; else ""."""
    if plans[0].fits is False and any(one.fits for one in plans):
        return "Choose a trainer with palate train --trainer NAME."
    if not any(one.fits is not False for one in plans):
        return (
            "None of them fits into memory. Use fewer factors (--n-factors), a machine with more "
            "memory, or a sample of the users."
        )
    return ""


def _gigabytes(size: float) -> str:
    """Return a size in words.

    >>> _gigabytes(0.31), _gigabytes(0.004)
    ('0.3 GB', 'under 0.1 GB')
    """
    return f"{size:.1f} GB" if size >= 0.05 else "under 0.1 GB"
