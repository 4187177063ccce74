"""An evaluation in plain words: one table, what was tested, what to know."""

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from palate.evaluation.beside import Beside
from palate.evaluation.figures import is_clear
from palate.evaluation.item_bins import Figure
from palate.evaluation.scoring import ERRORS, Outcome

if TYPE_CHECKING:
    from palate.evaluation.evaluation import Evaluation

WORDS = {
    "rmse": "RMSE",
    "mae": "MAE",
    "rmse_unclipped": "RMSE, unclipped",
    "mae_unclipped": "MAE, unclipped",
    "ndcg": "nDCG",
    "recall": "recall",
    "capped_recall": "capped recall",
    "precision": "precision",
    "map": "MAP",
    "mrr": "MRR",
    "hit_rate": "hit rate",
    "serendipity": "serendipity",
    "diversity": "diversity",
    "novelty": "novelty (bits)",
    "popularity": "popularity",
    "coverage": "coverage",
    "gini": "Gini",
}


def text_of(evaluation: "Evaluation") -> str:
    """Return the whole report."""
    table = aligned(table_rows(evaluation))
    return "\n".join([summary(evaluation), "", *table, "", *explanation(evaluation)])


def summary(evaluation: "Evaluation") -> str:
    """Return what was tested, in a sentence or two."""
    about = evaluation.about
    items = "" if about["n_items"] is None else f" of {about['n_items']:,} items"
    text = f"Evaluated on {about['n_test']:,} ratings{items} by {about['n_users']:,} users."
    if about["k"]:
        text += (
            f" Relevant ratings are {_relevant(about)}. Lists leave out items that a user has rated before."
        )
    return text


def _relevant(about: dict[str, object]) -> str:
    if about["relevant_from"] is None:
        return "all of them"
    return f"the {about['n_relevant']:,} of {about['relevant_from']:g} or more"


def table_rows(evaluation: "Evaluation") -> list[list[str]]:
    """Return the table as text cells, the first row its heading: a row per figure, a column per model."""
    rows = [["", *evaluation.models]]
    rows += [
        [_name(figure), *(_cell(*evaluation.figures.of(outcome, figure)) for outcome in evaluation.outcomes)]
        for figure in _ordered(evaluation)
    ]
    return rows


def aligned(rows: list[list[str]]) -> list[str]:
    """Return text cells as lines: the first column flush left, the others flush right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def explanation(evaluation: "Evaluation") -> list[str]:
    """Return how to read the table, the comparison with the references, and the notes."""
    lists = bool(evaluation.about["k"])
    direction = f"Lower is better for RMSE and MAE{', higher for nDCG to hit rate' if lists else ''}."
    brackets = (
        f"In brackets: {evaluation.confidence:.0%} interval over users. " if evaluation.resamples else ""
    )
    lines = [brackets + direction]
    if lists:
        lines.append(
            "Serendipity is the share of a list that is relevant and not in the list of the most popular "
            "items. Diversity is 1 minus the mean similarity of the items in a list, novelty their rarity "
            "in bits, and popularity their mean number of training ratings. Coverage is the share of items "
            "in at least one list. Gini is 0 if all items are listed equally often."
        )
    lines += comparison(evaluation)
    lines += verdicts(evaluation)
    lines += known_apart(evaluation)
    return [*lines, *evaluation.notes]


def comparison(evaluation: "Evaluation") -> list[str]:
    """Return sentences that compare the first model with each other one, by RMSE and by nDCG.

    The nDCG is that of the longest list.
    """
    mine, *others = evaluation.outcomes
    if not evaluation.resamples:
        return []
    chosen: list[Figure] = [("rmse", None), *(("ndcg", k) for k in evaluation.about["k"][-1:])]
    return [
        _verdict(evaluation, mine, other, figure)
        for figure in chosen
        for other in others
        if figure in mine.figures and figure in other.figures
    ]


def verdicts(evaluation: "Evaluation") -> list[str]:
    """Return a sentence for each model that says which references it does not beat."""
    how = f"paired {evaluation.confidence:.0%} intervals" if evaluation.resamples else "without intervals"
    groups = (list(group) for _, group in groupby(evaluation.beside, key=attrgetter("model", "figure")))
    return [_against(group, how) for group in groups if any(one.beaten is not None for one in group)]


def known_apart(evaluation: "Evaluation") -> list[str]:
    """Return a sentence with one figure of users known before and of new ones, where there are both."""
    known = evaluation.n_train > 0
    if known.all() or not known.any():
        return []
    ks = evaluation.about["k"]
    figure: Figure = ("ndcg", ks[-1]) if ks else ("rmse", None)
    groups = (known, "users with training ratings"), (~known, "without")
    parts = [f"of the {rows.sum():,} {who}: {_each(evaluation.among(rows), figure)}" for rows, who in groups]
    return [f"{_name(figure)} {'; '.join(parts)}."]


def _each(evaluation: "Evaluation", figure: Figure) -> str:
    values = ((one.name, evaluation.figures.value(one, figure)) for one in evaluation.outcomes)
    return ", ".join(f"{name} {_number(value)}" for name, value in values if value is not None) or "none"


def _against(found: list[Beside], how: str) -> str:
    model, name = found[0].model, _name(found[0].figure)
    beaten = [one.reference for one in found if one.beaten]
    left = [one.reference for one in found if one.beaten is False]
    if not left:
        return f"By {name}, {model} beats {_listed(beaten)} ({how})."
    more = f"; it beats {_listed(beaten)}" if beaten else ""
    return f"By {name}, {model} does not beat {_listed(left, 'or')}{more} ({how})."


def _listed(names: list[str], last: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _verdict(evaluation: "Evaluation", mine: Outcome, other: Outcome, figure: Figure) -> str:
    value, low, high = evaluation.figures.difference(mine, other, figure)
    if value is None or low is None or high is None:
        return f"{_name(figure)} of {mine.name} and {other.name} cannot be compared: no user has a value."
    size = f"by {abs(value):.4f} (from {low:+.4f} to {high:+.4f})"
    if not is_clear(low, high):
        return (
            f"{_name(figure)}: no clear difference between {mine.name} and {other.name} ({low:+.4f} to "
            f"{high:+.4f})."
        )
    better = (value < 0) == (figure[0] in ERRORS)
    return f"{_name(figure)}: {mine.name} is {'better' if better else 'worse'} than {other.name} {size}."


def _ordered(evaluation: "Evaluation") -> list[Figure]:
    """Return the figures of any model in the order of WORDS, those of one k together."""
    place = {name: number for number, name in enumerate(WORDS)}
    return sorted(evaluation.figures.all(), key=lambda figure: (figure[1] or 0, place[figure[0]]))


def _name(figure: Figure) -> str:
    metric, k = figure
    if k is None:
        return WORDS[metric]
    word, _, unit = WORDS[metric].partition(" (")
    return f"{word}@{k}{f' ({unit}' if unit else ''}"


def _cell(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "-"
    if low is None or high is None:
        return _number(value)
    return f"{_number(value)} ({_number(low)}-{_number(high)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.4f}"
