"""How the format of a model file is written down: tables of fields, each read and written by one entry.

A `Record` is a table. Each of its `Row`s names a field of an object, what the file calls it, and its
kind: an array with a type, axes and checks, a value of the metadata, or a record within. Saving walks
the table and puts every field, loading walks it and takes every field, so that neither can know of a
field that the other does not.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

import numpy as np

from palate.model.file.errors import Damage
from palate.model.file.fields import Fields, check_plain, fields_of, from_json, to_json
from palate.model.file.tensors import TensorReader, TensorWriter

T = TypeVar("T")
ALL = "*"  # the field of a row that is of the whole object
Check = Callable[[str, np.ndarray], object]  # of a tensor's name and the array; raises Damage
Values = dict[str, Any]  # fields that were read, by name


@dataclass(frozen=True)
class Output:
    """Where a record is written: the arrays of the file, and the record's own object of the metadata."""

    writer: TensorWriter
    values: dict[str, Any]
    prefix: str = ""  # of the record's tensors


@dataclass(frozen=True)
class Input:
    """Where a record is read: the arrays of the file, and the record's own object of the metadata."""

    reader: TensorReader
    fields: Fields
    made: Values  # what was read of the record already
    prefix: str = ""
    name: str = ""  # what the metadata call the record


class Kind(ABC, Generic[T]):
    """How a field stands in a file."""

    @abstractmethod
    def put(self, out: Output, name: str, value: T) -> None:
        """Write a value under this name."""

    @abstractmethod
    def take(self, given: Input, name: str) -> T:
        """Return the value of this name, after checking it."""

    def there(self, given: Input, name: str) -> bool:
        """Whether the file has a value of this name."""
        return given.fields.has(name)


@dataclass(frozen=True)
class Row:
    """One field: its path in the object, its kind, and its name in the file, default the path."""

    field: str
    kind: Kind[Any]
    name: str = ""

    @property
    def called(self) -> str:
        """The field's name in the file."""
        return self.name or self.field


class Array(Kind[np.ndarray]):
    """An array with one of some types, and axes that other arrays have, too."""

    def __init__(self, dtypes: str, axes: str, *checks: Check) -> None:
        self.dtypes, self.axes, self.checks = dtypes, axes, checks

    def put(self, out: Output, name: str, value: np.ndarray) -> None:
        """Add the array."""
        out.writer.put(out.prefix + name, value, self.dtypes, self.axes)

    def take(self, given: Input, name: str) -> np.ndarray:
        """Return the array, of this type and these axes."""
        array = given.reader.take(given.prefix + name, self.dtypes, self.axes)
        for check in self.checks:
            check(given.prefix + name, array)
        return array

    def there(self, given: Input, name: str) -> bool:
        """Whether the file has the array."""
        return given.reader.has(given.prefix + name)


class Flags(Array):
    """A boolean array, stored as bytes that are 0 or 1."""

    def put(self, out: Output, name: str, value: np.ndarray) -> None:
        """Add the array."""
        super().put(out, name, value.view(np.uint8))

    def take(self, given: Input, name: str) -> np.ndarray:
        """Return the array."""
        return super().take(given, name).view(np.bool_)


class Value(Kind[T]):
    """A value of the metadata: a number, a text, a tuple of these, or null where the type has None.

    `holds` says whether a value is one, and `must` what it must be.
    """

    def __init__(self, hint: object, holds: Callable[[T], object] | None = None, must: str = "") -> None:
        self.hint, self.holds, self.must = hint, holds, must

    def put(self, out: Output, name: str, value: T) -> None:
        """Set the value; numbers are floats where the type says so."""
        out.values[name] = to_json(from_json(to_json(value, name), self.hint, name), name)

    def take(self, given: Input, name: str) -> T:
        """Return the value, of this type."""
        value: T = given.fields.take(name, self.hint)
        if self.holds is not None and not self.holds(value):
            raise Damage(f"{name!r} in {given.fields.where} must be {self.must}; got {value}")
        return value


class Choice(Kind[str]):
    """A text of the metadata that is one of some."""

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def put(self, out: Output, name: str, value: str) -> None:
        """Set the text."""
        out.values[name] = value

    def take(self, given: Input, name: str) -> str:
        """Return the text."""
        return given.fields.take_choice(name, self.choices)


class Plain(Kind[Mapping[str, object]]):
    """An object of the metadata that may hold anything plain."""

    def __init__(self, called: str) -> None:
        self.called = called

    def put(self, out: Output, name: str, value: Mapping[str, object]) -> None:
        """Set the object."""
        out.values[name] = to_json(value, self.called, finite=True)

    def take(self, given: Input, name: str) -> Mapping[str, object]:
        """Return the object, whose texts are all valid."""
        value: dict[str, object] = given.fields.take(name, dict)
        check_plain(value, f"{name!r} in its metadata")
        return value


class Members(Kind[Any]):
    """The plain fields of a dataclass, as members of the record's own object of the metadata.

    Those that have a default may be absent, as they are in files from before they existed.
    """

    def __init__(self, cls: type, *leave_out: str) -> None:
        self.cls, self.leave_out = cls, leave_out

    def put(self, out: Output, name: str, value: object) -> None:
        """Set the members."""
        out.values.update(fields_of(value, self.leave_out))

    def take(self, given: Input, name: str) -> Values:
        """Return the fields by name; numbers are finite."""
        found = given.fields.take_fields_of(self.cls, self.leave_out)
        for key, number in found.items():
            if isinstance(number, float) and not np.isfinite(number):
                raise Damage(f"{key!r} of {given.name!r} in its metadata must be finite; got {number}")
        return found


class Maybe(Kind[T | None]):
    """A field that is left out of the file if the object does not have it, or has its `usual` value."""

    def __init__(self, kind: Kind[T], usual: T | None = None) -> None:
        self.kind, self.usual = kind, usual

    def put(self, out: Output, name: str, value: T | None) -> None:
        """Write the value, or nothing."""
        if value is not None and (self.usual is None or value != self.usual):
            self.kind.put(out, name, value)

    def take(self, given: Input, name: str) -> T | None:
        """Return the value, or the usual one."""
        return self.kind.take(given, name) if self.kind.there(given, name) else self.usual


class Record(Kind[T]):
    """An object of several fields, whose tensors begin with its name and a dot.

    With `own` the metadata have an object of its name, which may be null where `null`; else its
    values stand among those of the record that it is in. `check` is given the fields that were read.
    """

    def __init__(
        self,
        make: Callable[..., T],
        *rows: Row,
        own: bool = True,
        null: bool = False,
        check: Callable[[Values, Input], object] | None = None,
    ) -> None:
        self.make, self.rows, self.own, self.null, self.check = make, rows, own, null, check

    def put(self, out: Output, name: str, value: T | None) -> None:
        """Write all fields of the object."""
        if value is None and self.null:
            out.values[name] = None
            return
        values = out.values
        if self.own:
            values = out.values[name] = {}
        self.write(Output(out.writer, values, f"{out.prefix}{name}."), value)

    def take(self, given: Input, name: str) -> T:
        """Return the object."""
        fields = given.fields
        if self.own:
            about = given.fields.take(name, dict | None if self.null else dict)
            if about is None:
                return None  # type: ignore[return-value]  # T has None where the record may be null
            fields = Fields(about, f"{name!r} in its metadata")
        within = Input(given.reader, fields, {}, f"{given.prefix}{name}.", name)
        found = self.read(within)
        if self.own:
            fields.finish()
        return self.make(**found)

    def there(self, given: Input, name: str) -> bool:
        """Whether the file has the record: its object of the metadata, else its first array."""
        if self.own:
            return given.fields.has(name)
        first, inner = self.rows[0], Input(given.reader, given.fields, {}, f"{given.prefix}{name}.", name)
        return first.kind.there(inner, first.called)

    def write(self, out: Output, value: object) -> None:
        """Write all fields."""
        for row in self.rows:
            part = value if row.field == ALL else attrgetter(row.field)(value)
            row.kind.put(out, row.called, part)

    def read(self, given: Input) -> Values:
        """Return all fields, checked."""
        found = given.made
        for row in self.rows:
            part = row.kind.take(given, row.called)
            if row.field == ALL:
                found.update(part)
            else:
                found[row.field] = part
        if self.check is not None:
            self.check(found, given)
        return found
