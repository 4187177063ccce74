"""Which likelihood a link names. No other module asks which link a model has: it asks the model's
`likelihood` for what it needs.
"""

from palate._checks import ArgumentError
from palate.factors.likelihood.base import Likelihood
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
