"""`palate export vectors`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from palate._words import counted
from palate.cli import options
from palate.cli.arguments import load
from palate.cli.errors import usage_error
from palate.cli.output import print_json, print_text, write_frame
from palate.cli.writing import check_writable, instead

SIDES = ("items", "users", "both")


def vectors(
    model: Path,
    output: Annotated[Path, typer.Option("--output", "-o")],
    side: str = "items",
    head: str | None = None,
    as_json: options.Json = False,
) -> None:
    """Write vectors for other tools, whose inner products order items as the model does.

    Examples:

        palate export vectors model.palate -o items.parquet

        palate export vectors model.palate --side both -o folder

    Parameters
    ----------
    output : FILE
        A .parquet file, or a folder with --side both.
    side : SIDE
        items, users or both.
    head : HEAD
        For a model of two heads: choice (what people choose) or stars (predicted ratings).
    """
    from palate.integrations.vectors import export_vectors

    if side not in SIDES:
        raise usage_error(f"--side must be items, users or both; got '{side}'")
    files = _files(output, side)
    for file in files.values():
        if file.parent.is_dir():
            check_writable(file)
    loaded: Any = load(model)
    if hasattr(loaded, "heads") and head is None:
        raise usage_error(
            f"--head choice or --head stars must be named: {model} has two heads, and no inner "
            "product orders items by both"
        )
    frames = {one: export_vectors(loaded, one, head=head, kind="polars") for one in files}
    if side == "both":
        output.mkdir(parents=True, exist_ok=True)
    written: list[dict[str, Any]] = []
    for one, frame in frames.items():
        replaced, length = instead(files[one]), int(getattr(frame["vector"].dtype, "size", 0))
        write_frame(frame, files[one])
        written.append({"side": one, "output": files[one], "rows": frame.height, "length": length})
        if not as_json:
            print_text(
                f"Wrote {counted(frame.height, 'vector')} of {length} numbers to {files[one]}{replaced}."
            )
    if as_json:
        print_json(written)


def _files(output: Path, side: str) -> dict[str, Path]:
    """Return the file of each side."""
    if side == "both":
        if output.suffix or output.is_file():
            raise usage_error(
                f"--output must be a folder with --side both, for items.parquet and users.parquet; got "
                f"'{output}'"
            )
        return {one: output / f"{one}.parquet" for one in SIDES[:2]}
    if output.suffix.lower() != ".parquet":
        raise usage_error(
            f"--output must end in .parquet, as other formats cannot contain vectors; got '{output}'"
        )
    return {side: output}
