"""The history of a model in its file."""

from typing import Any

from palate.model.file.errors import Damage
from palate.model.file.fields import Fields, fields_of
from palate.model.file.schema import Input, Kind, Output
from palate.model.history import History, SweepReport


class HistoryOfModel(Kind[History]):
    """A history as an object of the metadata."""

    def put(self, out: Output, name: str, value: History) -> None:
        """Set the object."""
        out.values[name] = _put(value)

    def take(self, given: Input, name: str) -> History:
        """Return the history."""
        return _take(given.fields.take(name, dict))


def _put(history: History) -> dict[str, Any]:
    """Return the history for the metadata, with one list per figure instead of one object per sweep."""
    sweeps = [fields_of(sweep) for sweep in history.sweeps]
    names = sweeps[0] if sweeps else ()
    columns = {name: [sweep[name] for sweep in sweeps] for name in names}
    earlier = {"earlier": [_put(one) for one in history.earlier]} if history.earlier else {}
    return {"sweeps": columns, **fields_of(history, leave_out=("sweeps", "earlier")), **earlier}


def _take(values: object, first: bool = True) -> History:
    """Return the history; only the `first` holds others, of the models it was started from."""
    fields = Fields(values, "'history' in its metadata")
    columns = Fields(fields.take("sweeps", dict), "'sweeps' of 'history' in its metadata")
    nested = fields.take("earlier", list) if first and fields.has("earlier") else []
    earlier = tuple(_take(one, first=False) for one in nested)
    rest = fields.take_fields_of(History, leave_out=("sweeps", "earlier"))
    fields.finish()
    return History(sweeps=_take_sweeps(columns), **rest, earlier=earlier)


def _take_sweeps(columns: Fields) -> tuple[SweepReport, ...]:
    if columns.is_empty():
        return ()
    figures = columns.take_fields_of(SweepReport, each=True)
    columns.finish()
    lengths = {len(column) for column in figures.values()}
    if len(lengths) != 1:
        raise Damage("'sweeps' of 'history' in its metadata must have lists of one length")
    rows = zip(*figures.values(), strict=True)
    return tuple(SweepReport(**dict(zip(figures, row, strict=True))) for row in rows)
