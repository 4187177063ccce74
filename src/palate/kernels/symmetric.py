"""Eigenvectors of a symmetric matrix in float64, with the same bits for any number of threads
(LAPACK's depend on how its BLAS is threaded).

Householder's tridiagonal form, then the implicit QL method (Golub and Van Loan, Matrix
Computations, 8.3), whose rotations are written down and applied to slices of the vectors
afterwards.
"""

import math

import numpy as np

from palate.kernels.compiling import kernel
from palate.kernels.emitter import FAST


@kernel(fastmath=FAST)
def tridiagonal(matrix, diagonal, beside, vectors):
    """Reduce the symmetric `matrix` (k, k), which is overwritten, to tridiagonal form: `matrix = Q T Q'`.

    `diagonal` (k,) and `beside` (k,), the last 0, are those of T. Q is the product of `1 - v v'`
    over the rows v of `vectors` (k, k) in order.
    """
    k = len(matrix)
    p = np.empty(k)
    vectors[:] = 0.0
    for step in range(k - 1):
        diagonal[step] = matrix[step, step]
        v = vectors[step]
        below, square = 0.0, 0.0
        for i in range(step + 1, k):
            v[i] = matrix[step, i]
            square += v[i] * v[i]
            if i > step + 1:
                below += v[i] * v[i]
        if below == 0.0:  # already so: no reflection
            beside[step] = v[step + 1]
            v[step + 1] = 0.0
            continue
        norm = math.sqrt(square)
        first = v[step + 1]
        beside[step] = -math.copysign(norm, first)
        v[step + 1] = first + math.copysign(norm, first)
        scale = math.sqrt(2.0 / (below + v[step + 1] * v[step + 1]))  # so that v'v = 2
        for i in range(step + 1, k):
            v[i] *= scale
        inner = 0.0
        for i in range(step + 1, k):
            total = 0.0
            row, own = matrix[i, step + 1 :], v[step + 1 :]
            for j in range(len(own)):
                total += row[j] * own[j]
            p[i] = total
            inner += total * v[i]
        for i in range(step + 1, k):
            p[i] -= 0.5 * inner * v[i]
        for i in range(step + 1, k):
            row, own, shift, vi, pi = matrix[i, step + 1 :], v[step + 1 :], p[step + 1 :], v[i], p[i]
            for j in range(len(own)):
                row[j] -= vi * shift[j] + pi * own[j]
    diagonal[k - 1] = matrix[k - 1, k - 1]
    beside[k - 1] = 0.0


@kernel()
def rotations_of(diagonal, beside):
    """Turn the diagonal of a tridiagonal matrix into its eigenvalues, in no order; `beside` is used up.

    Returns the rotations that do so: (n,) int64 positions, (n, 2) float64 cosines and sines; and
    whether it came to an end.
    """
    k = len(diagonal)
    places = np.empty(k * 16 + 16, np.int64)
    turns = np.empty((len(places), 2))
    n = 0
    for low in range(k):
        for step in range(60):
            high = low
            while high < k - 1:
                size = abs(diagonal[high]) + abs(diagonal[high + 1])
                if abs(beside[high]) <= 2.3e-16 * size or abs(beside[high]) < 1e-290:
                    break
                high += 1
            if high == low:
                break
            if step == 59:
                return places[:n], turns[:n], False
            if n + k > len(places):
                more, more_turns = np.empty(2 * len(places) + k, np.int64), np.empty((2 * len(places) + k, 2))
                for at in range(n):
                    more[at], more_turns[at, 0], more_turns[at, 1] = places[at], turns[at, 0], turns[at, 1]
                places, turns = more, more_turns
            g = (diagonal[low + 1] - diagonal[low]) / (2.0 * beside[low])
            r = math.hypot(g, 1.0)
            g = diagonal[high] - diagonal[low] + beside[low] / (g + math.copysign(r, g))
            s, c, p = 1.0, 1.0, 0.0
            ended = False
            for i in range(high - 1, low - 1, -1):
                f, b = s * beside[i], c * beside[i]
                r = math.hypot(f, g)
                beside[i + 1] = r
                if r == 0.0:
                    diagonal[i + 1] -= p
                    beside[high] = 0.0
                    ended = True
                    break
                s, c = f / r, g / r
                g = diagonal[i + 1] - p
                r = (diagonal[i] - g) * s + 2.0 * c * b
                p = s * r
                diagonal[i + 1] = g + p
                g = c * r - b
                places[n], turns[n, 0], turns[n, 1] = i, c, s
                n += 1
            if not ended:
                diagonal[low] -= p
                beside[low] = g
                beside[high] = 0.0
    return places[:n], turns[:n], True


@kernel(fastmath=FAST)
def rotate(first, last, places, turns, out):
    """Write columns `first` to `last` of the eigenvectors of the tridiagonal matrix, one in each
    row of `out` (k, k).
    """
    k = len(out)
    part = np.zeros((k, last - first))
    for column in range(first, last):
        part[column, column - first] = 1.0
    for n in range(len(places)):
        c, s = turns[n, 0], turns[n, 1]
        lower, upper = part[places[n]], part[places[n] + 1]
        for column in range(last - first):
            f = upper[column]
            upper[column] = s * lower[column] + c * f
            lower[column] = c * lower[column] - s * f
    for row in range(k):
        for column in range(first, last):
            out[row, column] = part[row, column - first]


@kernel(fastmath=FAST)
def reflect(first, last, vectors, out):
    """Apply Q of `tridiagonal` to rows `first` to `last` of `out`, in place."""
    k = len(vectors)
    for step in range(k - 2, -1, -1):
        v = vectors[step, step + 1 :]
        for row in range(first, last):
            own = out[row, step + 1 :]
            total = 0.0
            for i in range(len(v)):
                total += v[i] * own[i]
            for i in range(len(v)):
                own[i] -= total * v[i]
