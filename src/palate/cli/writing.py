"""One rule for every file that a command writes.

A name that was typed is replaced and told, a default name is not.
"""

import tempfile
from pathlib import Path

from palate.cli.errors import usage_error


def check_default(path: Path, *, named: bool, overwrite: bool, what: str = "file") -> None:
    """Check that nothing is lost under a name that nobody typed.

    Parameters
    ----------
    path : Path
        Where a command is about to write.
    named : bool
        Whether its option was given; what was typed is meant.
    overwrite : bool
        Whether --overwrite was given.
    what : {"file", "folder"}
        What the option names.
    """
    if path.exists() and not named and not overwrite:
        raise usage_error(
            f"{path} exists already; name another {what} with --output, or pass --overwrite to replace it"
        )


def check_writable(path: Path) -> None:
    """Check that a file can be made at a path; training for an hour must not end in a missing folder.

    Raises
    ------
    OSError
        If not; the message says why.
    """
    folder = path.absolute().parent
    if str(path) == "-":
        raise usage_error("--output must be the name of a file; got '-'")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(f"could not save {path} (it is a pipe or a device): give the path of a file.")
    if path.is_dir():
        raise IsADirectoryError(f"could not save {path} (it is a folder): give the path of a file.")
    if not folder.is_dir():
        why = "it is not a folder" if folder.exists() else "there is no such folder"
        raise FileNotFoundError(
            f"could not save {path}: {path.parent} cannot contain it ({why}). Create the folder first."
        )
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise type(error)(
            f"could not save {path}: {path.parent} may not be written to ({why}). Choose another folder."
        ) from None


def check_model_file(path: Path) -> None:
    """Check that a model can be saved, and takes the place of no file of another kind, such as a table.

    A file that ends in .palate may be damaged, and is replaced all the same.
    """
    from palate.model.file.container import begins_like_a_model

    check_writable(path)
    if path.suffix == ".palate" or not path.is_file() or path.stat().st_size == 0:
        return
    with path.open("rb") as stream:
        if begins_like_a_model(stream.read(64)):
            return
    raise usage_error(
        f"{path} is a file of another kind, which would be lost; name another file, or remove it"
    )


def instead(*paths: Path) -> str:
    """Return the words for files that are there and are about to be replaced; nothing where there are none.

    Ask before writing.
    """
    return instead_of(sum(path.is_file() for path in paths))


def instead_of(n_files: int) -> str:
    """Return the same words for a number of files.

    >>> instead_of(0), instead_of(1), instead_of(3)
    ('', ', in place of the file that was there', ', in place of 3 files that were there')
    """
    if not n_files:
        return ""
    return f", in place of {'the file that was' if n_files == 1 else f'{n_files} files that were'} there"


def files_in(folder: Path | None) -> set[str]:
    """Return the files in a folder, to see afterwards which of them were replaced."""
    if folder is None or not folder.is_dir():
        return set()
    return {str(path) for path in folder.iterdir() if path.is_file()}
