"""Which likelihood a link names.

No other module asks which link a model has: it asks the model's `likelihood` for what it needs.
"""

import numpy as np

from palate._checks import ArgumentError, Words
from palate.factors.likelihood.base import Learned, Likelihood
from palate.factors.likelihood.bounded import Bounded
from palate.factors.likelihood.normal import Gaussian, NormalNoise
from palate.factors.likelihood.ordinal import Ordinal

_CLASSES: dict[str, type[Likelihood]] = {one.link: one for one in (Gaussian, Bounded, Ordinal)}
_FITTED: dict[str, type[NormalNoise]] = {
    link: one for link, one in _CLASSES.items() if issubclass(one, NormalNoise)
}
LINKS, FITTED_LINKS = tuple(_CLASSES), tuple(_FITTED)


def likelihood_class(link: str) -> type[Likelihood]:
    """Return the likelihood class of a link.

    Raises
    ------
    ValueError
        If there is no such link.

    Examples
    --------
    >>> likelihood_class("ordinal").__name__
    'Ordinal'
    """
    if link not in _CLASSES:
        raise ArgumentError("link", f"be one of {', '.join(map(repr, LINKS))}", f"{link!r}")
    return _CLASSES[link]


def likelihood_of(learned: Learned) -> Likelihood:
    """Return the likelihood that is made of these parts.

    Raises
    ------
    ValueError
        If there is no such link, a part is missing that it needs, or one is of another link.
    """
    made = likelihood_class(learned.link).of(learned)
    if learned.cutpoints is not None and made.learned.cutpoints is None:
        raise ArgumentError("cutpoints", Words.of(f"be left out for `link='{learned.link}'`"), "some")
    levels = learned.levels
    if levels is not None and (levels.ndim != 1 or not len(levels) or (np.diff(levels) <= 0).any()):
        raise ArgumentError("levels", "be one row of strictly ascending values")
    return made


def fitted_class(link: str) -> type[NormalNoise]:
    """Return the likelihood class of a link that least squares can fit.

    Raises
    ------
    ValueError
        If there is no such link.
    """
    if link not in _FITTED:
        raise ArgumentError("link", f"be one of {', '.join(map(repr, FITTED_LINKS))}", f"{link!r}")
    return _FITTED[link]
