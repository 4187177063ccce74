"""MLflow: `save_model`, `log_model` and `load_model` keep a model as MLflow keeps models (extra `mlflow`)."""

from palate.integrations.mlflow import _load_pyfunc, load_model, log_model, save_model

__all__ = ["load_model", "log_model", "save_model"]
_LOADS = _load_pyfunc  # what MLflow looks for in the module that a saved model names
