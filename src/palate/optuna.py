"""Optuna: `PruningCallback` ends a trial that falls behind (extra `tune`)."""

from palate.integrations.optuna import PruningCallback

__all__ = ["PruningCallback"]
