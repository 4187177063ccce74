"""Parts of models whose arrays have a leading axis of draws."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self, cast

import numpy as np


class OfDraws:
    """A dataclass of which some fields have a leading axis of draws, or are None."""

    of_draws: ClassVar[tuple[str, ...]]  # the names of these fields

    def draws(self, at: slice) -> Self:
        """Return the same of some draws."""
        arrays = {name: getattr(self, name) for name in self.of_draws}
        some = {name: None if array is None else array[at] for name, array in arrays.items()}
        return cast(Self, replace(cast(Any, self), **some))

    def joined(self, every: Sequence[Self]) -> Self:
        """Return the same with the draws of all, of which this is the first.

        A field is None unless all have it; what has no draws is that of the first.
        """
        arrays = {name: [getattr(one, name) for one in every] for name in self.of_draws}
        together = {
            name: None if any(part is None for part in parts) else np.concatenate(parts)
            for name, parts in arrays.items()
        }
        return cast(Self, replace(cast(Any, self), **together))
