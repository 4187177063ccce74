"""palate on Spark: lists, predictions and training from a Spark table."""
