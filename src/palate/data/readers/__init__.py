"""Readers of rating files; `read` is `palate.read`."""

from palate.data.readers.reading import read

__all__ = ["read"]
