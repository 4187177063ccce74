"""Exact top n of many users: blocked products with a running threshold per user.

For a user u, the kernel ranks the allowed items that u has not seen by

    s_ui = b_i + sum_f p_uf q_if          descending, equal scores by item index ascending

and keeps the first n. What does not depend on the item (the mean, the user's bias) is added
afterwards by the caller.

Items are packed once (`pack_items`), in descending order of the bound `|p| |q_i| + b_i` at a
typical `|p|`. A block of items is skipped for all users of a tile at once when, for each of them, `|p_u|
max|q_i| + max b_i` is below the n-th score so far. The bound has the rounding error of the product
added, so skipping never changes the result: what comes out is exactly the order of the computed
float32 scores. A score is always summed in the same order, wherever its tile lies, so it has the
same bits for one user and for many, with any filter and any number of threads.
"""

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from palate.kernels.compiling import inlined, kernel
from palate.kernels.emitter import LANES, Emitter
from palate.kernels.selection import in_order, reached_by
from palate.kernels.tile import TILE_ROWS, TILE_VECTORS, add_products

TILE_COLUMNS = LANES * TILE_VECTORS
# the unit that is skipped, three or four tiles; at 32 factors it takes 13 kB, less than half of an L1 cache
BLOCK_ITEMS = 96
GROUP_USERS = 64  # users that share one pass over the items
GROUPS, LEAST_GROUPS = 4, 64  # of scores whose largest are compared: for each of the n best, and at least
MOST_SORTED = 2048  # by comparing each with each; of more, a heap keeps the n best
LOWEST_KEY = np.int64(-(2**63))
ROUNDING = 2.0**-24  # relative rounding error of one float32 operation


class ItemPanels(NamedTuple):
    """Items in the layout and order in which `top_items` reads them."""

    # (n_panels * depth * 8,) float32: panels of 8 items, each depth x 8, the last row the bias
    values: np.ndarray
    order: np.ndarray  # (n_panels * 8,) int32: item index of every column, -1 where padded
    block_norm: np.ndarray  # (n_blocks,) float64: largest |q_i| of the block
    block_bias: np.ndarray  # (n_blocks,) float64: largest b_i of the block

    @property
    def n_items(self) -> int:
        """Number of items in the panels."""
        return int(np.count_nonzero(self.order >= 0))


def pack_items(
    factors: np.ndarray,
    bias: np.ndarray,
    *,
    items: np.ndarray | None = None,
    ascending: bool = False,
    typical_norm: float = 1.0,
) -> ItemPanels:
    """Return items packed for `top_items`, the highest bounds first.

    Parameters
    ----------
    factors : ndarray of shape (n_draws, n_items, n_factors), float32
    bias : ndarray of shape (n_items,), float32
        Already the mean over draws.
    items : ndarray of int, optional
        The item indexes to pack, ascending; all when None. Items that are not finite have no score
        and are left out.
    ascending : bool, default False
        Pack the negated items, so that the top n are the lowest scores (and come out negated).
    typical_norm : float, default 1.0
        Norm of a typical user's concatenated vector. It decides the order of the blocks, hence the
        speed, never the result.

    Returns
    -------
    ItemPanels
    """
    n_draws, n_items, n_factors = factors.shape
    items = np.arange(n_items) if items is None else np.asarray(items)
    depth = n_draws * n_factors + 1
    own = factors if len(items) == n_items else factors[:, items]
    norm = np.sqrt(np.einsum("dif,dif->i", own, own, dtype=np.float64))
    finite = np.isfinite(norm) & np.isfinite(bias[items])
    items, norm = items[finite], norm[finite]
    signed_bias = bias[items].astype(np.float64) * (-1.0 if ascending else 1.0)
    order = np.argsort(-(typical_norm * norm + signed_bias), kind="stable")
    n_blocks = -(-len(items) // BLOCK_ITEMS)
    padded = np.full(n_blocks * BLOCK_ITEMS, -1, dtype=np.int32)
    padded[: len(items)] = items[order]
    # |computed - exact| <= depth * 2^-24 * (|p| |q| + |b|) for a sum of `depth` terms; two more for
    # the bound's own arithmetic.
    slack = (depth + 2) * ROUNDING
    block_norm, block_bias = np.zeros(n_blocks * BLOCK_ITEMS), np.full(n_blocks * BLOCK_ITEMS, -np.inf)
    block_norm[: len(items)] = norm[order] * (1 + slack)
    block_bias[: len(items)] = (signed_bias + slack * np.abs(signed_bias))[order]
    values = np.empty(n_blocks * BLOCK_ITEMS * depth, dtype=np.float32)
    _pack_items(np.ascontiguousarray(factors), bias, padded, np.float32(-1.0 if ascending else 1.0), values)
    shape = (n_blocks, BLOCK_ITEMS)
    return ItemPanels(
        values, padded, block_norm.reshape(shape).max(axis=1), block_bias.reshape(shape).max(axis=1)
    )


@kernel()
def _pack_items(factors, bias, order, sign, out):
    n_draws, _, n_factors = factors.shape
    depth = n_draws * n_factors + 1
    for column in range(order.size):
        item = order[column]
        at = (column // LANES) * depth * LANES + column % LANES
        for draw in range(n_draws):
            for f in range(n_factors):
                out[at] = sign * factors[draw, item, f] if item >= 0 else np.float32(0.0)
                at += LANES
        # A padded column scores NaN, which no comparison lets in.
        out[at] = sign * bias[item] if item >= 0 else np.float32(np.nan)


@intrinsic
def _hits(typingctx, tile, at, threshold):
    """Return which scores of a row of a tile, from `tile[at]`, are at least `threshold`, as bits (bit c for
    column c); NaN is not.
    """
    if not isinstance(tile, types.Array) or tile.dtype != types.float32:
        raise TypingError("the tile of _hits must be a float32 array.")

    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature, args)
        thresholds, first = emit.broadcast(args[2]), emit.pointer(0)
        bits = emit.constant(0)
        for chunk in range(TILE_VECTORS):
            scores = emit.load(emit.step(first, emit.constant(LANES * chunk)))
            reached = builder.bitcast(builder.fcmp_ordered(">=", scores, thresholds), ir.IntType(LANES))
            bits = builder.or_(
                bits, builder.shl(builder.zext(reached, emit.word), emit.constant(LANES * chunk))
            )
        return bits

    return types.intp(tile, types.intp, types.float32), generate


@intrinsic
def _lowest(typingctx, bits):
    """Return the place of the lowest bit that is set, of bits that are not all 0."""

    def generate(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.intp(types.intp), generate


@njit(cache=True, nogil=True, inline="always")
def _ranks_before(score, item, other_score, other_item):
    return score > other_score or (score == other_score and item < other_item)


@inlined()
def _sift_down(scores, items, size, score, item):
    """Put (score, item) at the root of a heap whose root ranks last, and restore the heap."""
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        if child + 1 < size and _ranks_before(
            scores[child], items[child], scores[child + 1], items[child + 1]
        ):
            child += 1
        if not _ranks_before(score, item, scores[child], items[child]):
            break
        scores[hole], items[hole] = scores[child], items[child]
        hole = child
    scores[hole], items[hole] = score, item


@inlined()
def _offer(scores, items, size, score, item):
    """Put (score, item) on the heap if it ranks among the first n; return the heap's new size."""
    n = scores.size
    if size == n:
        if _ranks_before(score, item, scores[0], items[0]):
            _sift_down(scores, items, size, score, np.int32(item))
        return size
    hole = size
    while hole > 0:
        parent = (hole - 1) // 2
        if not _ranks_before(scores[parent], items[parent], score, item):
            break
        scores[hole], items[hole] = scores[parent], items[parent]
        hole = parent
    scores[hole], items[hole] = score, item
    return size + 1


@inlined()
def _finish(scores, items, size):
    """Sort a heap best first; entries beyond `size` become item -1 and NaN."""
    for last in range(size - 1, 0, -1):
        score, item = scores[last], items[last]
        scores[last], items[last] = scores[0], items[0]
        _sift_down(scores, items, last, score, item)
    for free in range(size, scores.size):
        scores[free], items[free] = np.float32(np.nan), -1


@inlined()
def _place_of(sorted_items, start, stop, item):
    while start < stop:
        middle = (start + stop) // 2
        if sorted_items[middle] < item:
            start = middle + 1
        else:
            stop = middle
    return start


@inlined()
def _is_seen(indptr, seen, row, item):
    if indptr.size == 0:
        return False
    stop = indptr[row + 1]
    at = _place_of(seen, indptr[row], stop, item)
    return at < stop and seen[at] == item


@inlined()
def _pack_users(factors, users, out, norm):
    """Pack a group of users in panels (depth x TILE_ROWS, last row 1) with factors divided by n_draws,
    and take their norms.
    """
    n_draws, _, n_factors = factors.shape
    depth = n_draws * n_factors + 1
    share = np.float32(1.0 / n_draws)
    for at_user in range(norm.size):
        at = (at_user // TILE_ROWS) * depth * TILE_ROWS + at_user % TILE_ROWS
        squares = 0.0
        for draw in range(n_draws):
            for f in range(n_factors):
                value = share * factors[draw, users[at_user], f] if at_user < users.size else np.float32(0.0)
                out[at] = value
                squares += np.float64(value) * np.float64(value)
                at += TILE_ROWS
        out[at] = np.float32(1.0)
        norm[at_user] = np.sqrt(squares)


@inlined()
def fill_tile(tile, users, user_at, items, item_at, depth, n):
    """Write the products of the packed users and items of a tile over `n` entries of their `depth`."""
    tile[:] = np.float32(0.0)
    step, chunk = LANES, depth * LANES
    add_products(
        tile,
        0,
        TILE_COLUMNS,
        users,
        user_at,
        TILE_ROWS,
        items,
        item_at,
        step,
        chunk,
        n,
        TILE_ROWS,
        TILE_VECTORS,
    )


@inlined()
def _offer_hits(hits, tile, at, order, column, row, allowed, seen_indptr, seen_items, scores, items, size):
    """Offer the scores of `tile[at:]` whose bit is set to one user's heap; return its new size."""
    while hits != 0:
        place = _lowest(hits)
        score, item = tile[at + place], order[column + place]
        better = size < scores.size or _ranks_before(score, item, scores[0], items[0])
        if (
            better
            and (allowed.size == 0 or allowed[item])
            and not _is_seen(seen_indptr, seen_items, row, item)
        ):
            size = _offer(scores, items, size, score, item)
        hits &= hits - 1
    return size


@kernel()
def top_items(
    user_factors,
    users,
    values,
    order,
    block_norm,
    block_bias,
    allowed,
    seen_indptr,
    seen_items,
    items,
    scores,
):
    """Write the top n items of each user.

    Parameters
    ----------
    user_factors : ndarray of shape (n_draws, n_users, n_factors), float32
    users : ndarray of shape (m,), int64
        The users to rank for.
    values, order, block_norm, block_bias : the fields of `ItemPanels`
    allowed : ndarray of bool, shape (n_items,) or (0,)
        Items that may be ranked; all of them when empty.
    seen_indptr, seen_items : ndarray of int64, (n_users + 1,) or (0,), and int32
        The items never ranked for a user, ascending in each row; none when `seen_indptr` is empty.
    items, scores : ndarray of shape (m, n), int32 and float32
        Filled best first; -1 and NaN where a user has fewer than n items.
    """
    n_draws, _, n_factors = user_factors.shape
    depth = n_draws * n_factors + 1
    n = scores.shape[1]
    group = min(GROUP_USERS, -(-users.size // TILE_ROWS) * TILE_ROWS)
    panels = np.empty(group * depth, dtype=np.float32)
    norm = np.empty(group, dtype=np.float64)
    threshold = np.empty(group, dtype=np.float32)  # the n-th score so far
    size = np.empty(group, dtype=np.int64)  # how many items the user has so far
    tile = np.empty(TILE_ROWS * TILE_COLUMNS, dtype=np.float32)
    for first in range(0, users.size, group):
        members = users[first : first + group]
        _pack_users(user_factors, members, panels, norm)
        for u in range(group):
            threshold[u] = -np.inf if u < members.size else np.inf
            size[u] = 0
        for block in range(block_norm.size):
            for top in range(0, members.size, TILE_ROWS):
                reachable = False
                for u in range(top, top + TILE_ROWS):
                    reachable |= norm[u] * block_norm[block] + block_bias[block] >= threshold[u]
                if not reachable:
                    continue
                for column in range(block * BLOCK_ITEMS, (block + 1) * BLOCK_ITEMS, TILE_COLUMNS):
                    fill_tile(tile, panels, top * depth, values, column * depth, depth, depth)
                    for r in range(TILE_ROWS):
                        u, at = top + r, r * TILE_COLUMNS
                        hits = _hits(tile, at, threshold[u])
                        if hits != 0:
                            best, which = scores[first + u], items[first + u]
                            size[u] = _offer_hits(
                                hits,
                                tile,
                                at,
                                order,
                                column,
                                members[u],
                                allowed,
                                seen_indptr,
                                seen_items,
                                best,
                                which,
                                size[u],
                            )
                            if size[u] == n:
                                threshold[u] = best[0]
        for u in range(members.size):
            _finish(scores[first + u], items[first + u], size[u])


@inlined()
def _reached_by(row, n, largest):
    """Return a score that at least n of a row reach, -inf where that is not known.

    It is the n-th largest of the largest scores of groups of items, which are written to `largest`. With four
    groups for each of the n best, few of these share one, so that few other scores reach it.
    """
    groups = min(largest.size, max(LEAST_GROUPS, GROUPS * n))
    if groups < n:
        return np.float32(-np.inf)
    for group in range(groups):
        largest[group] = np.float32(-np.inf)
    for start in range(0, row.size, groups):
        for group in range(min(groups, row.size - start)):
            score = row[start + group]
            largest[group] = score if score > largest[group] else largest[group]
    return reached_by(largest[:groups], n)


@inlined()
def _sort_few(keys, size, chosen, items, scores, row):
    """Write the highest keys' items and scores, best first: each comes after as many as have a higher key."""
    n = scores.size
    end = -(-size // LANES) * LANES
    for free in range(size, end):
        keys[free] = LOWEST_KEY
    for a in range(size):
        key, place = keys[a], np.int64(0)
        for b in range(end):
            place += np.int64(keys[b] > key)
        if place < n:
            items[place], scores[place] = chosen[a], row[chosen[a]]
    for free in range(size, n):
        items[free], scores[free] = -1, np.float32(np.nan)


@kernel()
def top_of_scores(dense, users, allowed, seen_indptr, seen_items, items, scores):
    """Write the top n of given scores, shape (m, n_items), with the arguments and the order of `top_items`.

    Equation: the first n of `argsort(-s_u)` among allowed and unseen items; equal scores by item
    index; NaN is never ranked.
    """
    n, n_items = scores.shape[1], dense.shape[1]
    row = np.full(-(-n_items // TILE_COLUMNS) * TILE_COLUMNS, np.float32(np.nan))  # NaN is never a hit
    largest, chosen = np.empty(row.size, np.float32), np.empty(row.size, np.int32)
    keys, bits = np.empty(row.size, np.int64), row.view(np.int32)
    for u in range(dense.shape[0]):
        for item in range(n_items):
            row[item] = dense[u, item] + np.float32(0)  # -0 becomes 0, whose bits are those of its equals
        for item in range(allowed.size):
            if not allowed[item]:
                row[item] = np.float32(np.nan)
        if seen_indptr.size:
            for entry in range(seen_indptr[users[u]], seen_indptr[users[u] + 1]):
                row[seen_items[entry]] = np.float32(np.nan)
        found, threshold = np.int64(0), _reached_by(row, n, largest)
        for column in range(0, row.size, TILE_COLUMNS):
            hits = _hits(row, column, threshold)
            while hits != 0:
                chosen[found] = column + _lowest(hits)
                found += 1
                hits &= hits - 1
        if found <= MOST_SORTED:
            for a in range(found):
                item = chosen[a]
                keys[a] = (np.int64(in_order(bits[item])) << 32) - np.int64(item)
            _sort_few(keys, found, chosen, items[u], scores[u], row)
        else:
            size = np.int64(0)
            for a in range(found):
                size = _offer(scores[u], items[u], size, row[chosen[a]], chosen[a])
            _finish(scores[u], items[u], size)


def top_items_reference(scores, n, forbidden=None):
    """Return (items, scores) of shape (m, n) for given scores, in NumPy: the reference of both kernels.

    `forbidden` is a bool array of the shape of `scores`. Items are ranked by score descending,
    equal scores by index.
    """
    blocked = np.isnan(scores) if forbidden is None else np.isnan(scores) | forbidden
    items = np.full((len(scores), n), -1, dtype=np.int32)
    best = np.full((len(scores), n), np.nan, dtype=np.float32)
    for u, row in enumerate(scores):
        free = np.flatnonzero(~blocked[u])
        chosen = free[np.argsort(-row[free], kind="stable")][:n]
        items[u, : len(chosen)], best[u, : len(chosen)] = chosen, row[chosen]
    return items, best
