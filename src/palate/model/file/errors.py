"""What is raised when a file is no usable model."""


class ModelFileError(ValueError):
    """A model file is damaged, of another program or too new, or a model cannot be saved.

    The message names the file and, where possible, the array.
    """


class Damage(Exception):
    """What is wrong with a file, before its name is known. It is never raised outside `palate.model`."""
