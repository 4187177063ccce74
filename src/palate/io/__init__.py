"""Readers of rating files; `read` is `palate.read`."""

from palate.io.reading import read

__all__ = ["read"]
