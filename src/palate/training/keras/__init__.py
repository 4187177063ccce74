"""Trainers that Keras runs."""
