"""How a service is run: where it listens, who may ask, and its limits."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "::1")
BODY_BYTES = 1 << 20
BODY_SECONDS = 30.0
MOST_ROWS = 1000  # of a batch
MOST_ITEMS = 200  # of a list


class SettingsError(ValueError):
    """A service that would be unsafe, or cannot be."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a service is run.

    Parameters
    ----------
    host : str, default "127.0.0.1"
        Anything else than loopback needs keys.
    read_keys, write_keys : tuple of str
        Keys that may ask, and keys that may ask and change. Without any, everybody on this machine
        may do everything.
    origins : tuple of str
        Web pages that may ask from a browser, such as "https://example.org".
    root_path : str
        Path under which a proxy serves this.
    rate_limit : float, optional
        How many requests a second each key may send on average, and as many at once; more are answered
        429. Without keys all callers share one limit. No limit when None.
    models : Path, optional
        The folder from which `POST /v1/models` takes files; none are taken when None.
    secret : bytes
        Signs cursors. Several processes behind one address must share it.

    Raises
    ------
    SettingsError
        If an address other than loopback has no keys, a key is short, or nobody could write.

    Examples
    --------
    >>> Settings().open_to_all
    True
    >>> Settings(host="0.0.0.0")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    palate.service.settings.SettingsError: keys must be set to listen on 0.0.0.0, ...
    """

    host: str = "127.0.0.1"
    read_keys: tuple[str, ...] = field(default=(), repr=False)
    write_keys: tuple[str, ...] = field(default=(), repr=False)
    origins: tuple[str, ...] = ()
    root_path: str = ""
    rate_limit: float | None = None
    models: Path | None = None
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def __post_init__(self) -> None:
        if self.rate_limit is not None and not 0 < self.rate_limit < float("inf"):
            raise SettingsError(
                f"rate_limit must be above 0 requests a second; got {self.rate_limit:g}. "
                "Leave it out for no limit."
            )
        if self.models is not None and not self.models.is_dir():
            raise SettingsError(f"models must be a folder; got {str(self.models)!r}, which is none.")
        keys = (*self.read_keys, *self.write_keys)
        if not keys and self.host not in LOOPBACK:
            raise SettingsError(
                f"keys must be set to listen on {self.host}, which others can reach; got none. "
                "Set PALATE_READ_KEY and PALATE_WRITE_KEY, or listen on 127.0.0.1."
            )
        if any(len(key) < 16 for key in keys):
            raise SettingsError(
                "a key must have at least 16 characters; got a shorter one. Make one with: "
                "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        if not all(key.isascii() and key.isprintable() and " " not in key for key in keys):
            raise SettingsError("a key must be of printable ASCII characters without blanks.")
        if set(self.read_keys) & set(self.write_keys):
            raise SettingsError("a key must be for reading or for writing; got one for both.")

    @property
    def open_to_all(self) -> bool:
        """Whether no key is needed."""
        return not (self.read_keys or self.write_keys)
