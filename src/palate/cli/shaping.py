"""The options that shape lists: --diversity, --at-most and --boost."""

from typing import TYPE_CHECKING, Any

from palate.cli import arguments
from palate.cli.errors import usage_error
from palate.data.columns import ITEM_ID

if TYPE_CHECKING:
    from palate.model.model import Model


def shape(
    model: "Model", diversity: float, at_most: list[str] | None, boost: list[str] | None
) -> dict[str, Any]:
    """Return what the options ask of `recommend`; nothing where they are not given."""
    found: dict[str, Any] = {"diversity": diversity} if diversity else {}
    if at_most:
        found["at_most"] = _caps(model, at_most)
    if boost:
        found["boost"] = _factors(model, boost)
    return found


def _caps(model: "Model", texts: list[str]) -> dict[str, Any]:
    caps: dict[str, Any] = {}
    for text in texts:
        column, value, number = _parts(text, "--at-most", "COLUMN=N, such as genres=3")
        try:
            limit = int(number)
        except ValueError:
            raise usage_error(
                f"--at-most must end in a whole number, such as genres=3; got '{text}'"
            ) from None
        if isinstance(caps.get(column), dict) != (value is not None) and column in caps:
            raise usage_error(
                f"--at-most must limit all values of {column} or single ones, not both; got '{text}'"
            )
        if value is None:
            caps[column] = limit
        else:
            caps.setdefault(column, {})[_typed(model, column, value)] = limit
    return caps


def _factors(model: "Model", texts: list[str]) -> dict[str, dict[Any, float]]:
    factors: dict[str, dict[Any, float]] = {}
    for text in texts:
        column, value, number = _parts(text, "--boost", "COLUMN:VALUE=FACTOR, such as genres:Comedy=1.5")
        if value is None:
            raise usage_error(f"--boost must be COLUMN:VALUE=FACTOR, such as genres:Comedy=1.5; got '{text}'")
        try:
            factor = float(number)
        except ValueError:
            raise usage_error(
                f"--boost must end in a number, such as genres:Comedy=1.5; got '{text}'"
            ) from None
        if column in ("item", ITEM_ID):
            factors.setdefault(ITEM_ID, {})[arguments.item_named(model, value)] = factor
        else:
            factors.setdefault(column, {})[_typed(model, column, value)] = factor
    return factors


def _parts(text: str, option: str, form: str) -> tuple[str, str | None, str]:
    """Return column, value and number of `COLUMN:VALUE=NUMBER`, None for the value of `COLUMN=NUMBER`."""
    left, equals, number = text.rpartition("=")
    column, colon, value = left.partition(":")
    if not equals or not column or (colon and not value):
        raise usage_error(f"{option} must be {form}; got '{text}'")
    return column, value if colon else None, number


def _typed(model: "Model", column: str, value: str) -> Any:
    """Return a value as the catalog's column has it: a number in a column of numbers."""
    frame = None if model.catalog is None else model.catalog.frame
    if frame is None or column not in frame.columns or not frame.schema[column].is_numeric():
        return value
    try:
        return int(value) if frame.schema[column].is_integer() else float(value)
    except ValueError:
        raise usage_error(f"{column} holds numbers; got '{value}'") from None
