"""What is raised when a file is no usable model."""


class ModelFileError(ValueError):
    """A file is damaged, cut off, foreign or too new, or a model cannot be written as one.

    The message is one sentence naming the file and, where one is at fault, the tensor.
    """


class Damage(Exception):
    """The reason inside the format code, before the file's name is known; never leaves `palate.model`."""
