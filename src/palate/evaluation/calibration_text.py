"""A calibration as text: a table, a verdict, the scores and the notes."""

from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from palate.evaluation.text import aligned
from palate.factors.likelihood.links import likelihood_class

if TYPE_CHECKING:
    from palate.evaluation.calibration import Calibration

CLOSE = 0.01  # coverage within a percentage point of nominal is called right, over all ratings
CLOSE_DECILE = 0.03
ERRORS = 3.0  # coverage within so many standard errors of nominal is called right, too


def text_of(calibration: "Calibration") -> str:
    """Return the whole report."""
    table = aligned(table_rows(calibration))
    return "\n".join([summary(calibration), "", *table, "", *explanation(calibration)])


def summary(calibration: "Calibration") -> str:
    """Return what was tested, in a sentence."""
    about = calibration.about
    draws = f"{about['n_draws']:,} draws" if about["n_draws"] > 1 else "standard errors"
    return (
        f"{about['model']} ({about['link']} link, {draws}) on {about['n_test']:,} ratings of "
        f"{about['n_items']:,} items by {about['n_users']:,} users."
    )


def table_rows(calibration: "Calibration") -> list[list[str]]:
    """Return the table of coverage as text cells: a row per group of items, a column per share.

    The first row is the heading.
    """
    table = _cells(calibration)
    rows = [["ratings of the item", "tested", *(f"{100 * share:.3g} %" for share in calibration.nominal)]]
    for (label, n_test), cells in groupby(table, key=itemgetter("n_train", "n_test")):
        shares = (f"{100 * cell['coverage']:.1f} ±{100 * cell['se']:.1f}" for cell in cells)
        rows.append([label, f"{n_test:,}", *shares])
    widths = [f"{cell['width']:.2f}" for cell in table if cell["n_train"] == "all"]
    return [*rows, ["mean width", "", *widths]]


def explanation(calibration: "Calibration") -> list[str]:
    """Return the scores, the verdict, and the notes."""
    scores = calibration.scores
    about_pit = f"log score of {likelihood_class(calibration.about['link']).log_score_of}"
    lines = [
        "Each cell is the share of ratings inside the interval, with its standard error in percentage "
        "points.",
        f"CRPS {scores['crps']:.4f}, {about_pit} {scores['log_score']:.4f} (lower is better), RMSE "
        f"{scores['rmse']:.4f}; the mean standard error of the expected rating is {scores['std']:.3f}.",
    ]
    return [*lines, verdict(calibration), *_pit_sentence(calibration), *calibration.notes]


def verdict(calibration: "Calibration") -> str:
    """Return whether the intervals are right, overall and by the number of ratings of the items."""
    off = list(filter(_is_off, _cells(calibration)))
    if not off:
        return "The intervals have the right coverage, for items with few ratings and with many."
    overall = [cell for cell in off if cell["n_train"] == "all"]
    worst = max(overall or off, key=lambda cell: abs(cell["error"]))
    how = "too narrow" if worst["error"] < 0 else "too wide"
    share, nominal = f"{100 * worst['coverage']:.1f} %", f"{100 * worst['nominal']:.3g} %"
    said = f"{how}: {share} of the ratings lie inside the {nominal} intervals."
    if overall:
        return f"The intervals are {said}"
    items = f"items with {worst['n_train']} ratings"
    return f"Overall, the intervals have the right coverage. For {items} they are {said}"


def _cells(calibration: "Calibration") -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = replace(calibration, frame_kind="polars").table.to_dicts()
    return cells


def _is_off(cell: dict[str, Any]) -> bool:
    """Return whether a coverage is too far from nominal to be called right."""
    close = CLOSE if cell["n_train"] == "all" else CLOSE_DECILE
    return bool(abs(cell["error"]) > max(close, ERRORS * cell["se"]))


def _pit_sentence(calibration: "Calibration") -> list[str]:
    shares = replace(calibration, frame_kind="polars").pit["share"].to_list()
    return [
        f"PIT: the {len(shares)} bins contain between {100 * min(shares):.1f} % and "
        f"{100 * max(shares):.1f} % of the ratings. If all predicted distributions were right, each "
        f"would contain {100 / len(shares):g} %."
    ]
