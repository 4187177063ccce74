"""The split file: safetensors with a code per rating and the fingerprint of the ratings."""

import hashlib
import json
import os
from typing import Any

import numpy as np

from palate._files import replace_file
from palate.data.dataset import Dataset, ratings_of
from palate.data.ratings import Ratings
from palate.splits.fingerprint import fingerprint
from palate.splits.parts import FOLD_IN, Folds, Split

FORMAT = "palate split"
VERSION = 1


class SplitFileError(ValueError):
    """A split file is damaged, of another program, or belongs to other ratings."""


def save_split(split: Split | Folds, path: str | os.PathLike[str]) -> None:
    """Write a split to a file, atomically.

    Parameters
    ----------
    split : Split or Folds
    path : path

    Raises
    ------
    OSError
        If the file cannot be written; what was there is unchanged.
    """
    from safetensors.numpy import save

    codes = np.ascontiguousarray(split.codes)
    header = {
        "format": FORMAT,
        "version": VERSION,
        "kind": type(split).__name__,
        "method": split.method,
        "parameters": dict(split.parameters),
        "codes_sha256": hashlib.sha256(codes.data).hexdigest(),
        "ratings": about(split.ratings),
    }
    replace_file(path, [save({"codes": codes}, metadata={"palate": json.dumps(header)})])


def load_split(path: str | os.PathLike[str], ratings: Ratings | Dataset) -> Split | Folds:
    """Return a saved split of `ratings`.

    Parameters
    ----------
    path : path
        File written by `split.save`.
    ratings : Ratings
        The ratings from which the split was made.

    Raises
    ------
    SplitFileError
        If the file is not a split, is damaged, or was made from other ratings, which the message
        describes.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from palate import splits
    >>> ratings = Ratings.from_arrays([1, 1, 2, 2], list("abab"), [5, 3, 4, 2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     splits.random(ratings, share=0.25).save(f"{folder}/quarter.split")
    ...     splits.load(f"{folder}/quarter.split", ratings)
    Split(random, share=0.25, seed=0: 3 ratings to train, 1 to test)
    """
    ratings = ratings_of(ratings)
    name = os.fsdecode(path)
    header, codes = _read(name)
    mine = about(ratings)
    if header["ratings"] != mine:
        raise SplitFileError(
            f"the split in {name} belongs to other ratings: it was made for {_words(header['ratings'])}; "
            f"these are {_words(mine)}. Load the data it was made from, with the same way of merging "
            "duplicates."
        )
    if codes.shape != (len(ratings),) or hashlib.sha256(codes.data).hexdigest() != header["codes_sha256"]:
        raise SplitFileError(
            f"the split in {name} does not match its own checksum: the file was damaged after it was saved."
        )
    folds, parameters = header["kind"] == "Folds", header["parameters"]
    n_codes = parameters.get("n_folds", 0) if folds else FOLD_IN + 1
    if len(codes) and codes.max() >= n_codes:
        raise SplitFileError(f"the split in {name} must have codes below {n_codes}; got {codes.max()}.")
    return (Folds if folds else Split)(ratings, codes, header["method"], parameters)


def about(ratings: Ratings) -> dict[str, Any]:
    """Return what identifies ratings: their numbers and their fingerprint."""
    return {
        "n_ratings": len(ratings),
        "n_users": int(np.count_nonzero(np.bincount(ratings.user_index, minlength=1))),
        "n_items": int(np.count_nonzero(np.bincount(ratings.item_index, minlength=1))),
        "fingerprint": fingerprint(ratings),
    }


def _words(known: dict[str, Any]) -> str:
    return (
        f"{known['n_ratings']:,} ratings of {known['n_items']:,} items by {known['n_users']:,} users "
        f"(fingerprint {known['fingerprint'][:12]})"
    )


def _read(name: str) -> tuple[dict[str, Any], np.ndarray]:
    """Return the checked header and the codes of a split file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(name, framework="numpy") as file:
            header = _parsed((file.metadata() or {}).get("palate", ""), name)
            codes = file.get_tensor("codes")
    except SafetensorError as error:
        raise SplitFileError(f"{name} is not a split file, or it is damaged ({error}).") from None
    wanted = np.uint16 if header["kind"] == "Folds" else np.uint8
    if codes.dtype != wanted:
        raise SplitFileError(f"the codes in {name} must be {np.dtype(wanted)}; got {codes.dtype}.")
    return header, np.ascontiguousarray(codes)


_FIELDS = {
    "version": int,
    "kind": str,
    "method": str,
    "parameters": dict,
    "codes_sha256": str,
    "ratings": dict,
}
_RATINGS = {"n_ratings": int, "n_users": int, "n_items": int, "fingerprint": str}


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except ValueError:
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise SplitFileError(f"{name} is not a split file: its header does not name the format {FORMAT!r}.")
    complete = all(type(header.get(key)) is kind for key, kind in _FIELDS.items())
    if not complete or any(type(header["ratings"].get(key)) is not kind for key, kind in _RATINGS.items()):
        raise SplitFileError(
            f"the header of {name} must have the fields {', '.join([*_FIELDS, *_RATINGS])}, each of its type."
        )
    if header["version"] > VERSION:
        raise SplitFileError(
            f"{name} has version {header['version']} of the format; this palate reads {VERSION}. Upgrade it."
        )
    if header["kind"] not in ("Split", "Folds"):
        raise SplitFileError(f"the kind of {name} must be Split or Folds; got {header['kind']!r}.")
    return header
