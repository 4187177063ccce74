"""Calibration: whether intervals hold as many ratings as they say."""

import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError, is_number
from palate._plain import plain
from palate.data.dataset import ratings_of
from palate.data.frames import from_polars
from palate.data.ratings import Ratings
from palate.evaluation.evaluated_model import evaluated_model, held_out_ratings, indexes, scale_notes
from palate.evaluation.predictive import PredictiveScores, predictive_scores
from palate.factors.draws import ADVICE, knows_rating_spread
from palate.factors.factors import FactorScorer
from palate.factors.temporal_scores import knows_time
from palate.scorer import Scorer
from palate.splits.parts import Split

NOMINAL = (0.5, 0.8, 0.9, 0.95)
N_DECILES = 10
N_BINS = 20
ALL = "all"


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Calibration:
    """How predicted distributions compare with test ratings.

    It is returned by `calibrate`, and prints as a report. Frames are of the library that the
    ratings came in.

    Parameters
    ----------
    foretold : PredictiveScores
        One entry per test rating.
    values : ndarray of shape (n,), float64
        The test ratings.
    user, item : ndarray of shape (n,), int64
        User and item of each test rating.
    n_train : ndarray of shape (n,), int64
        Number of training ratings of each item.
    nominal : tuple of float
        Probabilities of the intervals.
    about : dict
        Name, link and number of draws of the model, and what was tested.
    notes : tuple of str
    frame_kind : str

    Examples
    --------
    >>> import palate
    >>> from palate.training.gibbs.trainer import Gibbs
    >>> ratings = palate.datasets.load("movielens-small").ratings
    >>> split = palate.splits.random(ratings, share=0.1)
    >>> model = Gibbs(n_factors=4, sweeps=30, burn_in=10).fit(split.train, validation=0)
    >>> calibration = palate.calibrate(model, split)
    >>> abs(calibration.covered(0.8) - 0.8) < 0.03
    True
    """

    foretold: PredictiveScores
    values: np.ndarray
    user: np.ndarray
    item: np.ndarray
    n_train: np.ndarray
    nominal: tuple[float, ...]
    about: dict[str, Any]
    notes: tuple[str, ...] = ()
    frame_kind: str = "polars"

    def covered(self, share: float) -> float:
        """Return the share of test ratings inside their central interval with probability `share`.

        Both shares are between 0 and 1.
        """
        return float((self.foretold.central <= share).mean())

    @property
    def table(self) -> Any:
        """Coverage of every nominal share, as a frame.

        The first rows are of all ratings, the others of items by their number of training ratings.

        Columns n_train ("all", or the range of a tenth of the test ratings), n_test, nominal,
        coverage, error (coverage minus nominal), se (its standard error) and width (mean width of
        the intervals, in rating units).
        """
        rows = [
            (label, int(rows.sum()), share, *self._coverage(rows, share))
            for label, rows in self._groups()
            for share in self.nominal
        ]
        types = {"n_train": pl.String, "n_test": pl.Int64} | dict.fromkeys(
            ("nominal", "coverage", "error", "se", "width"), pl.Float64
        )
        return from_polars(pl.DataFrame(rows, schema=types, orient="row"), self.frame_kind)

    @property
    def scores(self) -> dict[str, float]:
        """Means of the scores over the test ratings.

        They are the CRPS and the log score (lower is better), the RMSE, and the mean standard error
        of the expected ratings.
        """
        away = self.foretold.mean - self.values
        return {
            "crps": float(self.foretold.crps.mean()),
            "log_score": float(self.foretold.log_score.mean()),
            "rmse": float(np.sqrt(np.mean(away**2))),
            "std": float(self.foretold.sd.mean()),
        }

    @property
    def pit(self) -> Any:
        """Histogram of the (randomised) PIT as a frame: low, high, share.

        Each share is 0.05 if the predicted distributions are right.
        """
        counts, edges = np.histogram(self.foretold.pit, bins=N_BINS, range=(0, 1))
        frame = pl.DataFrame({"low": edges[:-1], "high": edges[1:], "share": counts / len(self.values)})
        return from_polars(frame, self.frame_kind)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, numbers and strings (for JSON)."""
        one = replace(self, frame_kind="polars")
        parts = {"scores": one.scores, "coverage": one.table, "pit": one.pit, "notes": one.notes}
        return {**self.about, **plain(parts)}

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Return the reliability plot as a Matplotlib figure, or write it to a file.

        The file is `path` (.png, .svg or .pdf); the method then returns None.

        Raises ImportError without Matplotlib.
        """
        from palate.evaluation.calibration_plot import draw

        return draw(self, path)

    def __str__(self) -> str:
        from palate.evaluation.calibration_text import text_of

        return text_of(self)

    __repr__ = __str__

    def _groups(self) -> list[tuple[str, np.ndarray]]:
        """Return all test ratings, and each tenth of them by the training ratings of their items (bool).

        Ratings of items with the same number stay together.
        """
        edges = np.quantile(self.n_train, np.arange(1, N_DECILES) / N_DECILES, method="inverted_cdf")
        tenth = np.searchsorted(np.unique(edges), self.n_train, side="left")
        groups = [(ALL, np.ones(len(self.values), dtype=bool))]
        for rows in (tenth == number for number in np.unique(tenth)):
            low, high = self.n_train[rows].min(), self.n_train[rows].max()
            groups.append((f"{low:,}" if low == high else f"{low:,}-{high:,}", rows))
        return groups

    def _coverage(self, rows: np.ndarray, share: float) -> tuple[float, float, float, float]:
        inside = (self.foretold.central[rows] <= share).astype(np.float64)
        coverage = inside.mean()
        error = _clustered_error(inside - coverage, self.user[rows], self.item[rows])
        width = self.foretold.widths[share][rows].mean()
        return float(coverage), float(coverage - share), error, float(width)


def _clustered_error(away: np.ndarray, user: np.ndarray, item: np.ndarray) -> float:
    """Return the standard error of a mean whose errors are correlated within users and within items.

    See Cameron, Gelbach, Miller (2011), "Robust inference with multiway clustering", equation 2.12.
    """
    per_user, per_item = (np.sum(np.bincount(index, weights=away) ** 2) for index in (user, item))
    alone = np.sum(away**2)
    return float(np.sqrt(max(per_user + per_item - alone, alone)) / len(away))


def calibrate(
    model: Scorer,
    test: Ratings | Split | None = None,
    *,
    nominal: tuple[float, ...] = NOMINAL,
    seed: int = 0,
    threads: int | None = None,
) -> Calibration:
    """Test the intervals of a model on ratings that it was not trained on.

    Coverage is the share of test ratings inside the intervals of one rating with probability 50 %,
    80 %, ..., over all items and for items with few and with many training ratings. The PIT of a
    rating is the predicted probability of lower ratings. It is uniform if the predicted
    distributions are right, and randomized if ratings are discrete. The coverage of an ordinal
    model is that of the randomized PIT, because intervals of whole levels contain more than their
    nominal share.

    Parameters
    ----------
    model : FactorModel or path of a saved one
        Model with draws or standard errors. For a model of two heads, the star head is tested.
    test : Ratings or Split, optional
        Test ratings, or a split. By default the ratings that the model held out.
    nominal : tuple of float, default (0.5, 0.8, 0.9, 0.95)
        Probabilities of the intervals, each between 0 and 1.
    seed : int, default 0
        Seed of the randomized PIT.
    threads : int, optional
        Number of threads; by default one for each processor. The result does not depend on it.

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        If the model does not have standard errors or draws, was trained on test ratings, or has
        none of the test users and items.
    TypeError
        If `test` has the wrong type.

    References
    ----------
    Gneiting, Balabdaoui, Raftery (2007), "Probabilistic forecasts, calibration and sharpness".
    Czado, Gneiting, Held (2009), "Predictive model assessment for count data", section 2.1: the
    randomised PIT.

    Examples
    --------
    >>> import palate
    >>> from palate.training.gibbs.trainer import Gibbs
    >>> ratings = palate.datasets.load("movielens-small").ratings
    >>> model = Gibbs(n_factors=4, sweeps=30, burn_in=10).fit(ratings, validation=0.1)
    >>> table = palate.calibrate(model, nominal=0.8).table
    >>> table["n_train"][0], abs(table["error"][0]) < 0.03
    ('all', True)
    """
    from palate.evaluation.named import named_scorers
    from palate.evaluation.notes import TIMELESS

    given, name = named_scorers([model])[0]
    scorer: Any = getattr(given, "predicts", given)  # of two heads the one that predicts ratings
    shares = _check_nominal(nominal)
    if not knows_rating_spread(scorer):
        raise ArgumentError("model", "have standard errors or draws", f"{name!r}, which has none", ADVICE)
    if isinstance(test, Split):
        test = test.test
    if test is None:
        test = held_out_ratings(scorer, name)
    test = ratings_of(test, "test", " or a split")
    scales = scale_notes([(scorer, name)], test=test)
    evaluated = evaluated_model(name, scorer, test, None)
    user, item = indexes(test, scorer.users, scorer.items)
    known = (user >= 0) & (item >= 0)
    if not known.any():
        raise ArgumentError("test", f"hold a rating of a user and an item that {name!r} knows", "none")
    values = test.value[known].astype(np.float64)
    times = None if test.timestamp is None else test.timestamp[known]
    foretold = predictive_scores(scorer, user[known], item[known], values, shares, seed, threads, times)
    return Calibration(
        foretold=foretold,
        values=values,
        user=user[known],
        item=item[known],
        n_train=evaluated.item_counts[item[known]],
        nominal=shares,
        about=_about(scorer, name, user[known], item[known], seed),
        notes=(
            *scales,
            *_notes(known, evaluated.selected, name),
            *([TIMELESS.format(name)] if times is None and knows_time(scorer) else []),
        ),
        frame_kind=test.frame_kind,
    )


def _about(model: FactorScorer, name: str, user: np.ndarray, item: np.ndarray, seed: int) -> dict[str, Any]:
    return {
        "model": name,
        "link": model.likelihood.link,
        "n_draws": len(model.item_factors),
        "n_test": len(user),
        "n_users": len(np.unique(user)),
        "n_items": len(np.unique(item)),
        "seed": seed,
    }


def _notes(known: np.ndarray, chosen_by: bool, name: str) -> tuple[str, ...]:
    notes = []
    if not known.all():
        n = int(np.count_nonzero(~known))
        notes.append(
            f"{n:,} test ratings of users or items without training ratings are left out, because "
            "they have no intervals."
        )
    if chosen_by:
        notes.append(
            f"{name} used these held-out ratings to decide when to stop and to scale its standard "
            "errors, so its figures are slightly too good."
        )
    return tuple(notes)


def _check_nominal(nominal: object) -> tuple[float, ...]:
    shares = tuple(nominal) if isinstance(nominal, list | tuple | np.ndarray) else (nominal,)
    for share in shares:
        if not is_number(share):
            raise ArgumentTypeError("nominal", "hold numbers", f"{share!r}")
        if not 0 < share < 1:
            raise ArgumentError("nominal", "be between 0 and 1, neither included", f"{share:g}")
    if not shares:
        raise ArgumentError("nominal", "hold at least one share", "none")
    return tuple(sorted({float(share) for share in shares}))
