"""Small models with draws of a posterior, made by hand."""

import numpy as np

from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.factors.row_precision import RowNoise
from palate.model.factor_model import FactorModel
from palate.solve.prior import RowPrior


def prior(n_factors, n_draws):
    return RowPrior(
        precision=np.repeat(np.eye(n_factors + 1, dtype=np.float32)[None], n_draws, axis=0),
        mean=np.zeros((n_draws, n_factors + 1), np.float32),
    )


def posterior_model(
    seed=0, n_users=7, n_items=40, n_factors=2, n_draws=4, whole=True, link="identity", share=0.2, **fields
):
    """Return a model of small whole numbers (exact in float32, with many ties) or of normal ones,
    with some ratings.

    The link "noisy" is the ordinal one with a noise of each row.
    """
    noisy, link = link == "noisy", "ordinal" if link == "noisy" else link
    rng = np.random.default_rng(seed)

    def draw(*shape):
        numbers = rng.integers(-2, 3, shape) if whole else rng.normal(size=shape) / 2
        return numbers.astype(np.float32)

    users, items = np.nonzero(rng.random((n_users, n_items)) < share)
    users, items = np.append(users, np.arange(n_users)), np.append(items, np.arange(n_users) % n_items)
    users, items = np.append(users, np.arange(n_items) % n_users), np.append(items, np.arange(n_items))
    pairs = np.unique(np.column_stack([users, items]), axis=0)
    ratings = Ratings.from_arrays(pairs[:, 0], pairs[:, 1], rng.integers(1, 6, len(pairs)), scale=(1, 5))
    if link == "ordinal":
        cuts = np.sort(rng.normal(size=(n_draws, 4)) * 2, axis=1).astype(np.float32)
        fields = {
            "levels": np.arange(1, 6, dtype=np.float32),
            "cutpoints": cuts,
            "noise_sd": np.ones(n_draws),
        } | fields
    if noisy:
        counts = {"user": ratings.n_users, "item": ratings.n_items}
        scales = {
            side: np.exp(0.4 * rng.normal(size=(n_draws, n))).astype(np.float32) for side, n in counts.items()
        }
        fields |= {
            f"{side}_noise": RowNoise(scale=scale, degrees=np.full(n_draws, 6.0))
            for side, scale in scales.items()
        }
    return FactorModel(
        **{
            "users": ratings.users,
            "items": ratings.items,
            "user_factors": draw(n_draws, n_users, n_factors),
            "item_factors": draw(n_draws, n_items, n_factors),
            "user_bias": draw(n_draws, n_users),
            "item_bias": draw(n_draws, n_items),
            "global_mean": np.full(n_draws, 3.0 if link == "identity" else 0.0),
            "user_prior": prior(n_factors, n_draws),
            "item_prior": prior(n_factors, n_draws),
            "scale": (1.0, 5.0),
            "link": link,
            "ratings": RatingMatrix.from_ratings(ratings),
            "noise_sd": np.full(n_draws, 0.5),
        }
        | fields
    )


def latent_draws(model):
    """Return the latent values of all pairs in all draws, float64, shape (n_draws, n_users, n_items)."""
    products = np.einsum("duf,dif->dui", model.user_factors.astype(float), model.item_factors.astype(float))
    level = model.global_mean[:, None, None] + model.user_bias[:, :, None].astype(float)
    return products + level + model.item_bias[:, None, :].astype(float)
