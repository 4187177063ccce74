"""Scores of single (user, item) pairs."""

import numpy as np

from palate.kernels.compiling import kernel


@kernel(fastmath={"contract"})
def pair_products(user_factors, item_factors, user_prior, item_prior, item_bias, users, items, out):
    """Write `b_i + mean over draws of p_u . q_i` for each pair.

    A pair is summed as `top_items` sums it, so that a prediction and a ranked score agree.

    Parameters
    ----------
    user_factors, item_factors : ndarray of shape (n_draws, n, n_factors), float32
    user_prior, item_prior : ndarray of shape (n_draws, n_factors), float32
        The factors of index -1.
    item_bias : ndarray of shape (n,), float32
        Each pair's item bias, the mean over draws.
    users, items : ndarray of shape (n,), int64
    out : ndarray of shape (n,), float32
    """
    n_draws, _, n_factors = user_factors.shape
    share = np.float32(1.0 / n_draws)
    for pair in range(users.size):
        u, i = users[pair], items[pair]
        total = np.float32(0.0)
        for draw in range(n_draws):
            p = user_factors[draw, u] if u >= 0 else user_prior[draw]
            q = item_factors[draw, i] if i >= 0 else item_prior[draw]
            for f in range(n_factors):
                total += share * p[f] * q[f]
        out[pair] = total + item_bias[pair]


def pair_products_reference(user_factors, item_factors, user_prior, item_prior, item_bias, users, items):
    """The same in NumPy: the prior is appended as the last row, where index -1 finds it."""
    p = np.concatenate([user_factors, user_prior[:, None]], axis=1)[:, users]  # (n_draws, n, n_factors)
    q = np.concatenate([item_factors, item_prior[:, None]], axis=1)[:, items]
    return (np.einsum("dnf,dnf->n", p, q) / len(p) + item_bias).astype(np.float32)
