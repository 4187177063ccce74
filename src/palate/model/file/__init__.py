"""A model in one safe file, written and read; what is public in it is in `loading`."""
