"""Models from and to files of Keras."""
