"""scikit-learn: `RatingRegressor` makes any trainer an estimator (extra `sklearn`)."""

from palate.integrations.sklearn import RatingRegressor

__all__ = ["RatingRegressor"]
