"""The metadata of a model file: every value checked for its type, and nothing left over."""

import dataclasses
import math
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

from palate.model.file.errors import Damage
from palate.model.file.json import quoted

_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}  # JSON has no such numbers


class Fields:
    """Hands out the values of a JSON object, each once, with its type checked."""

    def __init__(self, values: object, where: str) -> None:
        if not isinstance(values, dict):
            raise Damage(f"{where} must be a JSON object; got {quoted(values)}")
        self._values = dict(values)
        self.where = where

    def take(self, key: str, hint: object) -> Any:
        """Return the value of a key as the type `hint`.

        A hint is a scalar, list, dict, tuple[...] of scalars, or a union of these.
        """
        if key not in self._values:
            raise Damage(f"{self.where} must have {key!r}")
        return from_json(self._values.pop(key), hint, f"{key!r} in {self.where}")

    def take_choice(self, key: str, choices: tuple[str, ...]) -> str:
        """Return the value of a key, one of these strings."""
        value: str = self.take(key, str)
        if value not in choices:
            raise Damage(f"{key!r} in {self.where} must be one of {', '.join(choices)}; got {quoted(value)}")
        return value

    def has(self, key: str) -> bool:
        """Whether there is a value of this key that is not yet taken."""
        return key in self._values

    def is_empty(self) -> bool:
        """Whether nothing is left."""
        return not self._values

    def take_fields_of(
        self, cls: type, leave_out: tuple[str, ...] = (), each: bool = False
    ) -> dict[str, Any]:
        """Return the values of a dataclass's fields.

        One that has a default may be absent, as in files from before it existed.

        With `each`, every value is a list of what the field holds.
        """
        hints = get_type_hints(cls)
        result = {}
        for field in dataclasses.fields(cls):
            needed = field.default is field.default_factory is dataclasses.MISSING
            if field.name not in leave_out and (field.name in self._values or needed):
                hint = hints[field.name]
                result[field.name] = self.take(field.name, tuple[hint, ...] if each else hint)  # type: ignore[valid-type]
        return result

    def finish(self) -> None:
        """Check that nothing is left over."""
        for key in self._values:
            raise Damage(f"{self.where} must not have {quoted(key)} in version 1 of the format")


def fields_of(value: Any, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a dataclass's fields as `take_fields_of` reads them."""
    names = [field.name for field in dataclasses.fields(value) if field.name not in leave_out]
    return {name: to_json(getattr(value, name), f"{type(value).__name__}.{name}") for name in names}


def to_json(value: object, what: str, finite: bool = False) -> Any:
    """Return a value as JSON can hold it.

    Numbers of NumPy become Python's, tuples lists, and NaN and infinities their names.

    `from_json` turns these names back where it is told to expect a float; with `finite` they are refused.
    """
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, Mapping):
        return {_key(key, what): to_json(inner, f"{what}[{key!r}]", finite) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(inner, what, finite) for inner in value]
    if isinstance(value, float) and not math.isfinite(value) and not finite:
        return str(value)
    if value is None or isinstance(value, bool | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    must = "be a finite number, a string or a list or mapping of these"
    raise Damage(f"{what} must {must}; got {quoted(value)}")


def from_json(value: Any, hint: Any, what: str) -> Any:
    """Return a JSON value as the type `hint`, or raise."""
    if get_origin(hint) in (types.UnionType, Union):
        options = get_args(hint)
        if value is None and types.NoneType in options:
            return None
        hint = next(option for option in options if option is not types.NoneType)
    if get_origin(hint) is tuple:
        return _tuple(value, get_args(hint), what)
    if hint is float:
        return _float(value, what)
    if type(value) is not hint:  # not isinstance: True is no number here
        raise Damage(f"{what} must be of type {hint.__name__}; got {quoted(value)}")
    if hint is str:
        check_text(value, what)
    return value


def check_plain(value: object, what: str) -> None:
    """Check that all strings in free-form JSON are text."""
    if isinstance(value, str):
        check_text(value, what)
    elif isinstance(value, dict):
        for key, inner in value.items():
            check_text(key, what)
            check_plain(inner, f"{quoted(key)} in {what}")
    elif isinstance(value, list):
        for inner in value:
            check_plain(inner, what)


def check_text(value: str, what: str) -> None:
    """Check that a string can be written as UTF-8; JSON can spell halves of characters."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise Damage(f"{what} must be valid Unicode text; got {quoted(value)}") from None


def _tuple(value: object, items: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Damage(f"{what} must be a list; got {quoted(value)}")
    if items[-1] is Ellipsis:
        items = items[:1] * len(value)
    if len(value) != len(items):
        raise Damage(f"{what} must have {len(items)} entries; got {quoted(value)}")
    return tuple(from_json(inner, hint, what) for inner, hint in zip(value, items, strict=True))


def _float(value: Any, what: str) -> float:
    if isinstance(value, str) and value in _NOT_FINITE:
        return _NOT_FINITE[value]
    if type(value) not in (int, float) or float(value) != value:  # an integer that no float holds
        raise Damage(f"{what} must be a number; got {quoted(value)}")
    return float(value)


def _key(key: object, what: str) -> str:
    if not isinstance(key, str):
        raise Damage(f"{what} must have strings as keys; got {quoted(key)}")
    return key
