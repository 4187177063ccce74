"""An estimate of what training will need, made from the size of the ratings."""

from dataclasses import dataclass
from pathlib import Path

from palate._checks import ArgumentError

_GIGABYTE = 1e9
_PROCESS = 0.25  # gigabytes of Python, NumPy, Polars and the compiled kernels
RATING_BYTES = 46  # bytes of a rating at the peak of training: by user and by item, with what sorts them
_SAVED = 12  # bytes of a rating in a model file
_COPIES = 4  # of the vectors: present, new, best, and those of the model
_DRAWS_COPIES = 2  # of the draws: those that were kept, and those of the model
_SPECTRAL_COPIES = 2  # of the vectors: the subspace, and its product with the table
_START = 2.5  # seconds of a processor that `palate train` needs for the smallest table
_SECONDS = 0.8e-6  # for each rating read and trained on with LeastSquares' defaults: that of 100 million


@dataclass(frozen=True)
class Plan:
    """Estimated memory, file size and time of training.

    Attributes
    ----------
    trainer : str
        Name of the trainer.
    n_ratings, n_users, n_items : int
        Size of the table.
    memory_gb : float
        Gigabytes (10^9 bytes) at the peak of reading and training.
    file_gb : float
        Gigabytes of the saved model with its ratings; for `Recommender` an upper bound, since it
        may keep dense weights of items.
    processor_seconds : float or None
        Seconds of one processor for reading and training; None for trainers other than
        `LeastSquares()`. Measured times of other trainers are in docs/large-tables.md.
    available_gb : float or None
        Free memory in gigabytes; None if it is unknown.

    Examples
    --------
    >>> from palate import Plan, plan
    >>> found = plan(1_000_000, 6_000, 4_000)
    >>> isinstance(found, Plan), found.trainer, found.fits
    (True, 'LeastSquares', True)
    """

    trainer: str
    n_ratings: int
    n_users: int
    n_items: int
    memory_gb: float
    file_gb: float
    processor_seconds: float | None
    available_gb: float | None

    @property
    def fits(self) -> bool | None:
        """Whether the free memory is enough; None if it is unknown."""
        return None if self.available_gb is None else self.memory_gb <= self.available_gb


def plan(n_ratings: int, n_users: int, n_items: int, trainer: object | None = None) -> Plan:
    """Estimate the memory, file size and time of training on a table of a given size.

    The figures come from measured runs (docs/large-tables.md). Memory is proportional to the
    ratings, and to the users and items times the number of factors.

    Parameters
    ----------
    n_ratings, n_users, n_items : int
        Size of the table, at least 1 each.
    trainer : Trainer, optional
        Default `LeastSquares()`.

    Returns
    -------
    Plan

    Raises
    ------
    ArgumentError
        If a size is below 1.

    Examples
    --------
    >>> from palate import Gibbs, LeastSquares
    >>> small = plan(20_000_000, 138_493, 26_744)
    >>> round(small.memory_gb, 1), round(small.processor_seconds)
    (1.3, 18)
    >>> round(plan(1_000_000_000, 5_000_000, 200_000, LeastSquares(n_factors=32)).memory_gb)
    50
    """
    for name, value in (("n_ratings", n_ratings), ("n_users", n_users), ("n_items", n_items)):
        if value < 1:
            raise ArgumentError(name, "be at least 1", f"{value}")
    chosen = _default() if trainer is None else trainer
    ratings = n_ratings * RATING_BYTES
    learned = learned_bytes(n_users, n_items, chosen)
    return Plan(
        trainer=type(chosen).__name__,
        n_ratings=n_ratings,
        n_users=n_users,
        n_items=n_items,
        memory_gb=_PROCESS + (ratings + learned.training) / _GIGABYTE,
        file_gb=(n_ratings * _SAVED + learned.saved) / _GIGABYTE,
        processor_seconds=_START + n_ratings * _SECONDS if chosen == _default() else None,
        available_gb=available_gigabytes(),
    )


@dataclass(frozen=True)
class Learned:
    """Bytes of what a trainer learns: while it is trained, and in the file."""

    training: float
    saved: float


def learned_bytes(n_users: int, n_items: int, trainer: object) -> Learned:
    """Return how many bytes the vectors or weights of a trainer take, besides the ratings."""
    from palate.recommender.candidates import tries_dense
    from palate.recommender.choosing import most_judged
    from palate.recommender.recommender import Recommender
    from palate.training.baseline import Baseline
    from palate.training.gibbs.trainer import Gibbs
    from palate.training.linear import FEW_ITEMS, LinearItems
    from palate.training.popular import Popular
    from palate.training.spectral import Spectral

    rows = n_users + n_items
    if isinstance(trainer, Recommender):
        stars = Gibbs() if trainer.stars == "gibbs" else _default()
        heads = [learned_bytes(n_users, n_items, one) for one in (stars, LinearItems(), Spectral())]
        if tries_dense(n_users, n_items):  # beside the scores of three parts of sums
            dense = learned_bytes(n_users, n_items, LinearItems(form="dense"))
            scores = 3 * 4.0 * min(n_users, most_judged(n_items)) * n_items
            heads.append(Learned(dense.training + scores, dense.saved))
        return Learned(sum(one.training for one in heads), sum(one.saved for one in heads))
    if isinstance(trainer, Baseline | Popular):
        return Learned(16.0 * rows, 4.0 * rows)
    if isinstance(trainer, LinearItems):
        if trainer.form == "dense":
            saved = float(trainer.dense_file_bytes(n_users, n_items))
            return Learned(float(trainer.dense_bytes(n_users, n_items)), saved)
        # A larger catalog has fewer neighbours; the estimate does not fall where it begins.
        sizes = (n_items, min(n_items, FEW_ITEMS))
        weights = 8.0 * max(size * min(trainer.n_neighbours(size), size) for size in sizes)
        return Learned(trainer.local_bytes(n_items) + 3 * weights, weights)
    if isinstance(trainer, Spectral):
        vectors = 4.0 * rows * (trainer.rank(n_users, n_items) + 8)
        return Learned(_SPECTRAL_COPIES * vectors, vectors)
    vectors = 4.0 * rows * (int(getattr(trainer, "n_factors", 0)) + 8)
    if isinstance(trainer, Gibbs):
        draws = trainer.n_draws * vectors if trainer.n_draws else trainer.draws_mb * 2.0**20
        if not trainer.user_features and not trainer.item_features:  # whose weights are in every draw, too
            draws = min(draws, (trainer.sweeps - trainer.burn_in) * trainer.n_chains * vectors)
        return Learned(_COPIES * vectors + _DRAWS_COPIES * draws, draws)
    return Learned(_COPIES * vectors, vectors)


def _default() -> object:
    from palate.training.als.least_squares import LeastSquares

    return LeastSquares()


def available_gigabytes() -> float | None:
    """Return the free memory of this machine or its container in gigabytes, None if it is not known."""
    found = []
    try:
        fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        found.append(int(fields["MemAvailable"].split()[0]) * 1024)
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        if limit != "max":
            found.append(int(limit) - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    except (OSError, KeyError, ValueError):
        pass
    return min(found) / _GIGABYTE if found else None
