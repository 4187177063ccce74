"""palate in the tools people already use: scikit-learn, MLflow, Optuna, and searches for nearest vectors."""
