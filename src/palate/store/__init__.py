"""The store of live ratings: what people rate while a model is in use."""
