"""Names that are nearly the one that was typed."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

_CUTOFF = 0.6
_MANY = 100_000  # names, beyond which a search would keep someone waiting


def nearest(given: str, names: Iterable[str], n: int = 1) -> list[str]:
    """Return the names that are nearly the given one, nearest first, whatever their case.

    Examples
    --------
    >>> nearest("Comdey", ["Drama", "Comedy", "Crime"])
    ['Comedy']
    >>> nearest("xyz", ["Drama"])
    []
    """
    lower: dict[str, str] = {}
    for name in names:
        lower.setdefault(str(name).lower(), str(name))
        lower.setdefault(str(name).lower()[: len(given)], str(name))  # the beginning of a long name
    if len(lower) > _MANY:
        return []
    found = [lower[name] for name in get_close_matches(given.lower(), lower, n=2 * n, cutoff=_CUTOFF)]
    return list(dict.fromkeys(found))[:n]


def nearest_first(given: str, names: Iterable[str]) -> list[str]:
    """Return all names, the nearest to the given one first.

    Examples
    --------
    >>> nearest_first("Comdey", ["Crime", "Drama", "Comedy"])[0]
    'Comedy'
    """
    wanted = given.lower()
    return sorted(names, key=lambda name: -SequenceMatcher(None, wanted, str(name).lower()).ratio())


def did_you_mean(given: object, names: Iterable[str]) -> str:
    """Return a question that names the nearest name, with a blank before it; empty where none is near.

    Examples
    --------
    >>> did_you_mean("lest-squares", ["least-squares", "gibbs"])
    " Did you mean 'least-squares'?"
    """
    near = nearest(str(given), names)
    return f" Did you mean {near[0]!r}?" if near else ""
