"""A model as arrays and metadata, and back, by the table of its kind."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import metadata as installed
from typing import Any

import numpy as np

from palate.model.factor_model import FactorModel
from palate.model.file.fields import Fields, check_plain
from palate.model.file.schema import Input, Output, Record, Values
from palate.model.file.tables import FACTOR_MODEL, LINEAR, LINEAR_MODEL
from palate.model.file.tensors import TensorReader, TensorWriter
from palate.model.linear_model import LinearModel

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Form:
    """How a kind of model stands in a file.

    Parameters
    ----------
    kind : str
        What the metadata call it under "kind"; nothing for factor models, which were the first.
    cls : type
    record : Record
        The table of its fields.
    make : callable
        Returns the model of the fields that were read.
    bare : callable
        Returns a model without its ratings, and without whatever tells when somebody rated.
    names_axes : bool
        Whether the metadata name the axes of all arrays; where not, those of the parts do.
    """

    kind: str
    cls: type
    record: Record[Values]
    make: Callable[..., Any]
    bare: Callable[[Any], Any]
    names_axes: bool = True

    def pack(self, model: object, ratings: bool = True) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return the arrays and the metadata that stand for a model."""
        writer, kind = TensorWriter(), {"kind": self.kind} if self.kind else {}
        values = {**kind, "versions": versions()}
        self.record.write(Output(writer, values), model if ratings else self.bare(model))
        axes = {"tensors": dict(sorted(writer.axes.items()))} if self.names_axes else {}
        return writer.tensors, {**values, **axes}

    def unpack(self, tensors: Tensors, metadata: Mapping[str, Any]) -> Values:
        """Return the fields that arrays and metadata stand for, or raise Damage naming what is wrong."""
        fields = Fields(metadata, "its metadata")
        axes = fields.take("tensors", dict) if self.names_axes else dict.fromkeys(tensors)
        reader = TensorReader(tensors, axes)
        if self.kind:
            fields.take_choice("kind", (self.kind,))
        check_plain(fields.take("versions", dict), "'versions' in its metadata")
        found = self.record.read(Input(reader, fields, {}))
        fields.finish()
        reader.finish()
        return found

    def model_of(self, tensors: Tensors, metadata: Mapping[str, Any]) -> Any:
        """Return the model that arrays and metadata stand for, or raise Damage naming what is wrong."""
        return self.make(**self.unpack(tensors, metadata))


def _without_sessions(model: FactorModel) -> FactorModel:
    """Return a model without its ratings, and without its sessions, which tell when somebody rated."""
    time = model.factors.time
    bare = None if time is None else time.of_users(time.user_time_bin)
    return replace(model, ratings=None, factors=replace(model.factors, time=bare))


FACTORS = Form("", FactorModel, FACTOR_MODEL, FactorModel, _without_sessions)
WEIGHTS = Form(LINEAR, LinearModel, LINEAR_MODEL, LinearModel, lambda model: replace(model, ratings=None))


def versions() -> dict[str, str]:
    """Return the versions that a file tells."""
    found = {"python": platform.python_version(), "numpy": np.__version__}
    try:
        found["palate"] = installed.version("palate")
    except installed.PackageNotFoundError:  # run from a source tree
        found["palate"] = "unknown"
    return found
