"""Ratings together with what is known about their items."""

from dataclasses import dataclass

from palate.data.catalog import Catalog
from palate.data.ratings import Ratings


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Dataset:
    """What `palate.read` and `palate.datasets.load` return.

    Parameters
    ----------
    name : str
    ratings : Ratings
    catalog : Catalog or None
        None when no catalog was found beside the ratings.

    Examples
    --------
    >>> data = Dataset(name="mine", ratings=Ratings.from_arrays([1, 2], ["a", "a"], [3, 5]))
    >>> data.ratings.mean(), data.catalog
    (4.0, None)
    """

    name: str
    ratings: Ratings
    catalog: Catalog | None = None

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {self.ratings!r}, {self.catalog!r})"
