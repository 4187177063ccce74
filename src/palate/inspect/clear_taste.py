"""Users with a clear taste, found by rule: in one genre, or without genres in one direction of factors."""

from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate.data import columns as names
from palate.data.forks import needs_threads
from palate.factors.item_index import item_table
from palate.inspect.genre_preferences import clearest_genres
from palate.inspect.report import Report, Section
from palate.lists.lookup import answer
from palate.scorer import Factored

# The exercise's four users, who are not in the bundled MovieLens-small, and who stands for each of
# them there.
COUNTERPARTS = {
    26556: 460,  # comedies, Hitchcock and James Bond
    112287: 531,  # Dirty Dancing, Love Actually, Sex and the City, Twilight
    69106: 152,  # The Matrix, Star Wars, WALL-E, Gattaca, Blade Runner
    83421: 373,  # The Godfather, The Shawshank Redemption, Casino
}

_CHUNK = 1 << 14
_NAMED = 3  # films that name a direction


@needs_threads("distinctive")
def distinctive(model: Factored, n: int = 10, *, min_ratings: int = 20, min_in_genre: int = 10) -> Any:
    """Return the users with the clearest tastes, clearest first, as a frame.

    With genres: the residual of a rating is what remains after subtracting the mean and the biases
    of item and user, which are damped by ten ratings. A user's `liking` of a genre is the mean
    residual inside it minus the mean residual elsewhere. Its `clarity` is the liking minus three
    standard errors, a lower bound. A user is listed once, with the clearest genre, if its clarity
    is positive.

    Without genres: the principal axes of the item vectors are used. `liking` is the standard
    deviation of the user's predictions along the strongest axis, and `clarity` is the liking times
    the share of the axis in their variance. The taste is named by the items at the liked end.

    Parameters
    ----------
    model : FactorModel
        With its ratings.
    n : int, default 10
        Largest number of users to return.
    min_ratings : int, default 20
        Leave out users with fewer ratings.
    min_in_genre : int, default 10
        Leave out genres with fewer rated items of a user inside or outside.

    Returns
    -------
    frame
        user_id, taste, clarity and liking (both in rating units), n_in_taste (null without genres),
        n_ratings.

    Raises
    ------
    ValueError
        If the model was saved without its ratings, or n is below 1.

    Examples
    --------
    >>> import palate
    >>> data = palate.datasets.load("movielens-small")
    >>> model = palate.Baseline().fit(data.ratings, catalog=data.catalog)
    >>> distinctive(model, n=3).columns
    ['user_id', 'taste', 'clarity', 'liking', 'n_in_taste', 'n_ratings']
    """
    if n < 1:
        raise ArgumentError("n", "be at least 1", f"{n}")
    if model.ratings is None:
        raise ValueError("distinctive needs the ratings of the model, which was saved without them.")
    table = item_table(model)
    if names.GENRES in table.columns and table[names.GENRES].fill_null("").str.len_bytes().sum():
        found = clearest_genres(model, min_ratings, min_in_genre)
    else:
        found = _clearest_axes(model, min_ratings)
    return answer(found.head(n), model)


@needs_threads("distinctive")
def distinctive_report(model: Factored, n: int = 10) -> Report:
    """Return the frame of `distinctive` with the rule in words."""
    frame = pl.DataFrame(distinctive(model, n))
    by_genre = bool(frame["n_in_taste"].is_not_null().all()) and len(frame) > 0
    rule = (
        "Liking: mean residual (rating minus mean, item and user bias) inside the genre minus "
        "outside. Clarity: the liking minus three standard errors."
        if by_genre
        else "Liking: standard deviation of the user's predictions along one direction of the "
        "factors. Clarity: the liking times the share of this direction in their variance."
    )
    section = Section("distinctive", "Clearest first", (rule,), frame)
    return Report(title="Users with a clear taste", text=(), sections=(section,), frame_kind=model.frame_kind)


def _clearest_axes(model: Factored, min_ratings: int) -> pl.DataFrame:
    """Return users by how much of their predictions one principal axis of the items makes."""
    counts = model.ratings.user_counts()  # type: ignore[union-attr]
    # the mean over draws is one long product
    items = np.concatenate(list(model.item_factors), axis=1).astype(np.float64)
    centred = items - items.mean(axis=0) if len(items) else items
    variance, axes = np.linalg.eigh(centred.T @ centred / max(1, len(items)))
    variance = np.maximum(variance, 0)
    rows = np.flatnonzero((counts >= min_ratings) & (len(axes) > 0))
    top, made, clarity = np.zeros(len(rows), np.int64), np.zeros(len(rows)), np.zeros(len(rows))
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        users = np.concatenate([draw[rows[part]] for draw in model.user_factors], axis=1)
        along = users / len(model.user_factors) @ axes
        shares = along**2 * variance
        whole = np.maximum(shares.sum(axis=1), 1e-30)
        axis, best = shares.argmax(axis=1), shares.max(axis=1)
        made[part], clarity[part] = np.sqrt(best), np.sqrt(best) * best / whole
        is_other_end = along[np.arange(len(along)), axis] < 0
        top[part] = np.where(is_other_end, -axis - 1, axis)
    order = np.lexsort((rows, -clarity.round(9)))
    order = order[clarity[order] > 0]
    labels = {axis: _ends(model, centred, axes, int(axis)) for axis in np.unique(top[order])}
    return pl.DataFrame(
        {
            names.USER_ID: model.users.take(rows[order]),
            "taste": pl.Series([labels[axis] for axis in top[order]], dtype=pl.String),
            "clarity": clarity[order],
            "liking": made[order],
            "n_in_taste": pl.Series([None] * len(order), dtype=pl.Int64),
            names.N_RATINGS: counts[rows[order]].astype(np.int64),
        }
    )


def _ends(model: Factored, centred: np.ndarray, axes: np.ndarray, axis: int) -> str:
    """Return the names of the items furthest along an axis (-1 - axis for its other end).

    Items with few ratings are left out.
    """
    sign, axis = (1, axis) if axis >= 0 else (-1, -axis - 1)
    place = sign * (centred @ axes[:, axis])
    counts = model.ratings.item_counts()  # type: ignore[union-attr]
    known = counts >= np.quantile(counts, 0.75)
    best = np.argsort(np.where(known, -place, np.inf), kind="stable")[:_NAMED]
    table = item_table(model)
    labels = table[names.TITLE if names.TITLE in table.columns else names.ITEM_ID].gather(best).to_list()
    return "; ".join(str(label) for label in labels)
