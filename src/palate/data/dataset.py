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
    """

    name: str
    ratings: Ratings
    catalog: Catalog | None = None

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {self.ratings!r}, {self.catalog!r})"
