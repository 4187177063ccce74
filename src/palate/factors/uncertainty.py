"""What a model knows of single pairs beside the prediction: its standard error, intervals, the
distribution of a rating.

Two uncertainties are told apart. That of the mean is what the model does not know of the expected
rating; that of a rating adds the noise of one rating. Models with draws of a posterior have both
from their draws, a least-squares model from its curvature (`palate.solve.laplace`).
"""

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from palate._parallel import check_threads, even_bounds, run_chunks
from palate.factors.draws import has_posterior, normal_quantile, posterior_arrays

if TYPE_CHECKING:
    from palate.kernels.moments import Posterior

PAIRS_PER_CHUNK = 1 << 14
INTERVALS_OF = ("mean", "rating")
MAX_LEVELS = 100
_OF_MEAN = "interval_of must be 'mean' for a model of this kind"
_STREAM = 20  # keeps the draws of unknown rows apart from all other random numbers


def check_interval(interval: Any, interval_of: str) -> float | None:
    """Return the share of an interval, None for none, if it and `interval_of` are in range."""
    if interval_of not in INTERVALS_OF:
        raise ValueError(f"interval_of must be 'mean' or 'rating'; got {interval_of!r}.")
    if interval is None:
        return None
    if isinstance(interval, bool) or not isinstance(interval, int | float | np.integer | np.floating):
        raise TypeError(f"interval must be a number between 0 and 1, or None; got {interval!r}.")
    if not 0 < interval < 1:
        raise ValueError(
            f"interval must be between 0 and 1, neither included; got {interval:g}. 0.8 is an 80 % interval."
        )
    return float(interval)


def expected_ratings(
    model: Any, users: np.ndarray, items: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """Return the mean over draws of the expected rating of each pair, after the link, float32; -1
    is a row at its prior mean.
    """

    def mean(expected: np.ndarray, *_: np.ndarray) -> np.ndarray:
        return expected.mean(axis=1).astype(np.float32)

    return np.concatenate([np.empty(0, np.float32), *_over_draws(model, users, items, mean, threads)])


def standard_errors(
    model: Any, users: np.ndarray, items: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """Return the sd of what is expected of each pair, float64.

    Over draws, after the link, dividing by their number; for a point estimate the Laplace approximation.

    Parameters
    ----------
    model : FactorModel
    users, items : ndarray of shape (n,), int
        -1 is an unknown row, whose prior counts as what is not known of it.
    threads : int, optional
        All processors when None; the result is the same.

    Raises
    ------
    ValueError
        If the model does not know how sure it is.
    """
    if not has_posterior(model):
        from palate.factors.laplace import laplace_sd

        return laplace_sd(model, users, items, threads)
    found = _over_draws(
        model, users, items, lambda expected, *_: expected.std(axis=1), threads, prior_noise=True
    )
    return np.concatenate([np.empty(0), *found])


def interval_ends(
    model: Any,
    users: np.ndarray,
    items: np.ndarray,
    mean: np.ndarray,
    sd: np.ndarray,
    share: float,
    of: str,
    threads: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of each pair's central interval that holds this share, float32.

    Of the mean: `mean -+ z sd`, held within what the link can give. Of a rating: quantiles of its
    distribution over all draws; under the ordinal link these are levels.

    Parameters
    ----------
    model : FactorModel
    users, items : ndarray of shape (n,), int
    mean, sd : ndarray of shape (n,)
        Prediction and standard error.
    share : float
    of : {"mean", "rating"}
    threads : int, optional
    """
    z, tail = normal_quantile(share), (1 - share) / 2
    if of == "mean":
        ends = mean - z * sd, mean + z * sd
        bounds = _range(model)
        low, high = ends if bounds is None else (np.clip(end, *bounds) for end in ends)
    elif model.link == "ordinal":
        below = np.cumsum(rating_distribution(model, users, items, threads), axis=1)
        last, levels = len(model.levels) - 1, np.asarray(model.levels)
        low, high = (levels[np.minimum((below < end - 1e-9).sum(axis=1), last)] for end in (tail, 1 - tail))
    elif has_posterior(model):
        _check_noise(model, _OF_MEAN)
        low, high = _quantiles(model, users, items, (tail, 1 - tail), threads)
    else:
        reach = z * np.sqrt(np.square(sd) + _check_noise(model, _OF_MEAN)[0] ** 2)
        low, high = mean - reach, mean + reach
    return low.astype(np.float32), high.astype(np.float32)


def pair_noise(model: Any, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Return the sd of one rating of each pair about what each draw expects, float64, shape (n, n_draws).

    An unknown row, -1, has the scale of one drawn from its prior.
    """
    noise = np.broadcast_to(np.asarray(model.noise_sd, np.float64), (len(users), len(model.noise_sd)))
    for side, own, index in (("user", model.user_noise, users), ("item", model.item_noise, items)):
        if own is not None:
            noise = noise * own.at(np.asarray(index), side).T
    return np.ascontiguousarray(noise)


def rating_distribution(
    model: Any, users: np.ndarray, items: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """Return the probability of each level for each pair, float64, shape (n, n_levels).

    Ordinal: the mean over draws of the levels' probabilities. Otherwise the probability that a
    rating, expected value plus normal noise, is nearest to that level, all beyond the lowest and
    the highest being theirs.

    Raises
    ------
    ValueError
        If the model knows no levels, or not how ratings spread about what it expects.
    """
    if model.link == "ordinal":
        below = _below(model, users, items, None, threads)
    else:
        levels = rating_levels(model).astype(np.float64)
        edges = (levels[1:] + levels[:-1]) / 2
        noise = _check_noise(
            model, "predict_distribution must be asked of a model that knows the noise of a rating"
        )
        if has_posterior(model):
            below = _below(model, users, items, edges, threads)
        else:
            from palate.kernels.predictive import normal_below

            sd = np.sqrt(np.square(standard_errors(model, users, items, threads)) + noise[0] ** 2)
            mean = model.score_pairs(users, items).astype(np.float64)
            below = np.empty((len(mean), len(edges)))
            normal_below((edges - mean[:, None]) / np.maximum(sd, 1e-300)[:, None], below)
    return np.diff(below, axis=1, prepend=0, append=1)


def rating_levels(model: Any) -> np.ndarray:
    """Return the values a rating may have, ascending: the model's, else the distinct ones among its ratings.

    Raises
    ------
    ValueError
        If they are not known, or too many.
    """
    levels = model.levels
    if levels is None and model.ratings is not None:
        levels = model.ratings.levels
    if levels is None or len(levels) > MAX_LEVELS:
        raise ValueError(
            f"predict_distribution must be asked of a model that knows at most {MAX_LEVELS} rating levels; "
            f"this one knows {'none' if levels is None else f'{len(levels):,}'}."
        )
    return np.asarray(levels)


def _over_draws(
    model: Any,
    users: np.ndarray,
    items: np.ndarray,
    function: Any,
    threads: int | None,
    prior_noise: bool = False,
) -> list[np.ndarray]:
    """Return `function` of what each draw expects, (n, n_draws) float64, and of users and items,
    for one chunk of pairs after the other.
    """
    from palate.kernels.moments import pair_draws

    return _chunks(model, users, items, pair_draws, len(model.user_factors), function, threads, prior_noise)


def _chunks(
    model: Any,
    users: np.ndarray,
    items: np.ndarray,
    kernel: Any,
    width: int,
    function: Any,
    threads: int | None,
    noisy: bool,
) -> list[np.ndarray]:
    users, items = (np.ascontiguousarray(index, dtype=np.int64) for index in (users, items))
    everything = posterior_arrays(model)

    def run(start: int, stop: int) -> np.ndarray:
        part = slice(start, stop)
        arrays, user, item = _with_unknown(model, everything, users[part], items[part], noisy)
        out = np.empty((len(user), width))
        kernel(arrays, user, item, out)
        return function(out, users[part], items[part])

    return run_chunks(run, even_bounds(len(users), PAIRS_PER_CHUNK), check_threads(threads))


def _with_unknown(
    model: Any, arrays: "Posterior", users: np.ndarray, items: np.ndarray, noisy: bool
) -> tuple["Posterior", np.ndarray, np.ndarray]:
    """Return the kernel's arrays and indexes such that -1, the row at its prior, has a row of its own."""
    if (users < 0).any():
        arrays, users = _appended(model, arrays, "user", users, noisy)
    if (items < 0).any():
        arrays, items = _appended(model, arrays, "item", items, noisy)
    return arrays, users, items


def _appended(
    model: Any, arrays: "Posterior", side: str, index: np.ndarray, noisy: bool
) -> tuple["Posterior", np.ndarray]:
    """Return the arrays with the rows of one side that the index names, the unknown one last, and
    the index into them.
    """
    row, known = _prior_rows(model, side, noisy), np.unique(index[index >= 0])
    place = np.where(index < 0, len(known), np.searchsorted(known, index))
    factors, bias, noise = (getattr(arrays, f"{side}_{part}") for part in ("factors", "bias", "noise"))
    fields: dict[str, Any] = {
        f"{side}_factors": np.ascontiguousarray(
            np.concatenate([factors[:, known], row[:, None, :-1]], axis=1)
        ),
        f"{side}_bias": np.concatenate([bias[:, known], row[:, -1:]], axis=1),
    }
    if noise.shape[1]:
        scale = getattr(model, f"{side}_noise").unknown(side).astype(np.float32)
        fields[f"{side}_noise"] = np.concatenate([noise[:, known], scale[:, None]], axis=1)
    return arrays._replace(**fields), place


def _prior_rows(model: Any, side: str, noisy: bool) -> np.ndarray:
    """Return an unknown row in each draw, float32 (n_draws, k + 1): its prior mean, or a draw from
    its prior.
    """
    prior = getattr(model, f"{side}_prior")
    rows = np.asarray(prior.mean, np.float32)
    if not noisy:
        return rows
    from palate.kernels.random import fill_normal, key_of

    z = np.empty(rows.shape, np.float32)
    fill_normal(key_of(0, 0, _STREAM + (side == "item")), 0, z)
    noise = np.ones(len(rows)) if model.noise_sd is None else model.noise_sd
    roots = np.linalg.cholesky(np.asarray(prior.precision, np.float64))  # L^-T z has covariance (L L')^-1
    away = np.linalg.solve(np.swapaxes(roots, 1, 2), z[:, :, None].astype(np.float64))[:, :, 0]
    return rows + (noise[:, None] * away).astype(np.float32)


def _quantiles(
    model: Any, users: np.ndarray, items: np.ndarray, shares: tuple[float, float], threads: int | None
) -> tuple[np.ndarray, np.ndarray]:
    from palate.kernels.predictive import mixture_quantiles

    def both(expected: np.ndarray, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        out, noise = np.empty((2, len(expected))), pair_noise(model, users, items)
        for place, share in enumerate(shares):
            mixture_quantiles(expected, noise, NormalDist().inv_cdf(share), share, out[place])
        return out

    low, high = np.concatenate(
        [np.empty((2, 0)), *_over_draws(model, users, items, both, threads, prior_noise=True)], axis=1
    )
    return low, high


def _below(
    model: Any, users: np.ndarray, items: np.ndarray, edges: np.ndarray | None, threads: int | None
) -> np.ndarray:
    """Return P(rating <= edge) of each pair; under the ordinal link, without edges, of all levels
    but the last.
    """
    if edges is None:
        from palate.kernels.moments import pair_below

        n_edges = len(model.levels) - 1
        parts = _chunks(
            model, users, items, pair_below, n_edges, lambda below, *_: below, threads, noisy=True
        )
    else:
        from palate.kernels.predictive import mixture_below

        n_edges = len(edges)

        def below(expected: np.ndarray, users: np.ndarray, items: np.ndarray) -> np.ndarray:
            out = np.empty((len(expected), n_edges))
            mixture_below(expected, pair_noise(model, users, items), edges, out)
            return out

        parts = _over_draws(model, users, items, below, threads, prior_noise=True)
    return np.concatenate([np.empty((0, n_edges)), *parts])


def _range(model: Any) -> tuple[float, float] | None:
    """Return what the link holds expected ratings within; None for the identity."""
    if model.link == "ordinal":
        return float(model.levels[0]), float(model.levels[-1])
    return model.scale if model.link == "bounded" else None


def _check_noise(model: Any, must: str) -> np.ndarray:
    if model.noise_sd is None:
        raise ValueError(
            f"{must}; this one does not know how far ratings fall from what it expects. Train with "
            f"palate.Gibbs."
        )
    return np.asarray(model.noise_sd, np.float64)
