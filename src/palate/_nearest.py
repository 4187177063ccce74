"""Names that are nearly the one that was typed."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

_CUTOFF = 0.6
_MANY = 100_000  # names, beyond which a search would keep someone waiting
# What arguments and options are called here, and what others call each of them.
_ELSEWHERE = (
    ("n", "top k n_items top_n top_k topn topk limit count number N"),
    ("k", "top n top_n top_k topn topk limit count number"),
    ("n_factors", "factors n_factor n_components k rank num_factors dim latent_dim latent_factors"),
    ("n_factors", "embedding_size"),
    ("max_sweeps", "iterations n_iterations iter n_iter n_epochs epochs max_iter sweeps"),
    ("sweeps", "iterations n_iter n_epochs epochs max_iter"),
    ("l2_user l2_item", "regularization reg reg_all lambda lambda_ alpha l2"),
    ("separator", "sep delimiter delim"),
    ("min_ratings", "min_count min_support threshold"),
    ("exclude_seen", "filter_seen filter_already_liked_items exclude_known"),
    ("seed", "random_state random_seed"),
    ("threads", "jobs n_jobs j num_threads workers cores"),
    ("overwrite", "force f"),
    ("output", "model save"),
    ("user_id user", "userid user_col uid"),
    ("item_id item", "itemid item_col iid"),
)


def called_here(given: str, names: Iterable[str]) -> list[str]:
    """Return those of some names that other libraries and tools call like the given one.

    Examples
    --------
    >>> called_here("reg", ["n_factors", "l2_user", "l2_item"])
    ['l2_user', 'l2_item']
    """
    known = set(names)
    found = [name for here, others in _ELSEWHERE if given in others.split() for name in here.split()]
    return [name for name in found if name in known]


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
