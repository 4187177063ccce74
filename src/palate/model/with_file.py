"""What a model with a file format does: it is saved, and pickled as the bytes of its file."""

import os
from typing import Any


class WithFile:
    """A model with a file format."""

    def save(self, path: str | os.PathLike[str], *, ratings: bool = True) -> None:
        """Write the model to one file, atomically; `palate.load` reads it.

        The same model gives the same bytes. After a crash, the old or the new file is complete.

        Parameters
        ----------
        path : str or path
            Any name; the examples end in `.palate`. Permissions of an existing file are kept.
        ratings : bool, default True
            Whether to include the ratings. Without them the file is smaller and reveals nobody's
            ratings, but the loaded model cannot leave out rated items, and has no sessions. A
            linear model then has no users, because it knows users by their ratings alone.

        Raises
        ------
        ModelFileError
            If the model cannot be written, such as one with factors that are not finite.
        OSError
            If the file cannot be written; an existing file is then unchanged.
        """
        from palate.model.file.loading import save_model

        save_model(self, path, ratings=ratings)

    def __reduce__(self) -> tuple[Any, ...]:
        from palate.model.file.loading import dumps, loads

        return loads, (dumps(self),)
