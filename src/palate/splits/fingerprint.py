"""Which data a split belongs to."""

import hashlib

import numpy as np

from palate.data.ratings import Ratings
from palate.data.vocabulary import Vocabulary


def fingerprint(ratings: Ratings) -> str:
    """Return 64 hexadecimal digits that identify the ids, pairs and values of `ratings`.

    Ids without ratings, times, weights and the scale do not matter, so that ratings that are read
    again, or selected from a larger table, have the same fingerprint.

    Examples
    --------
    >>> some = Ratings.from_arrays([1, 1, 2], ["a", "b", "a"], [4, 2, 3])
    >>> fingerprint(some) == fingerprint(Ratings.from_arrays([2, 1, 1], ["a", "b", "a"], [3, 2, 4]))
    True
    """
    digest = hashlib.sha256(b"palate ratings 1\n")
    for vocabulary, index in ((ratings.users, ratings.user_index), (ratings.items, ratings.item_index)):
        used, compact = _compacted(vocabulary, index)
        digest.update(f"{vocabulary.type_name} {len(used)}\n".encode())
        for part in _id_bytes(used):
            digest.update(part)
        digest.update(np.ascontiguousarray(compact, dtype="<i4").data)
    digest.update(np.ascontiguousarray(ratings.value, dtype="<f4").data)
    return digest.hexdigest()


def _compacted(vocabulary: Vocabulary, index: np.ndarray) -> tuple[Vocabulary, np.ndarray]:
    """Return the vocabulary of the ids in use, and the index in it."""
    used = np.zeros(len(vocabulary), dtype=bool)
    used[index] = True
    if used.all():
        return vocabulary, index
    position = np.cumsum(used) - 1
    return Vocabulary(vocabulary.take(np.flatnonzero(used)), vocabulary.kind), position[index]


def _id_bytes(vocabulary: Vocabulary) -> list[bytes]:
    """Return the ids as bytes; lengths come first, so that no two lists of texts run into the same bytes."""
    if vocabulary.type_name == "integer":
        return [vocabulary.values.to_numpy().astype("<i8" if vocabulary.kind == "int" else "<u8").tobytes()]
    lengths = vocabulary.values.str.len_bytes().to_numpy().astype("<u4")
    return [lengths.tobytes(), "".join(vocabulary.values.to_list()).encode("utf-8", "surrogatepass")]
