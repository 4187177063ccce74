"""`palate info`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palate.cli import arguments, options
from palate.cli.candidates import show_candidates
from palate.cli.output import print_json, print_rows, print_text
from palate.model.nouns import noun_of

if TYPE_CHECKING:
    from palate.model.factor_model import FactorModel
    from palate.model.model import Model

_BLOCKS = ("user_factors", "item_factors", "user_bias", "item_bias", "global_mean", "noise_sd", "cutpoints")


def info(model: Path, as_json: options.Json = False) -> None:
    """Show the contents of a model file: arrays with their sizes, hyper-parameters, and the history
    of training.

    Example:

        palate info model.palate
    """
    loaded = arguments.load(model)
    about = {"file": str(model), "file_bytes": model.stat().st_size, **describe(loaded)}
    if as_json:
        print_json(about)
    else:
        _show(loaded, about)


def describe(model: "Model") -> dict[str, Any]:
    """Return everything that `info` tells, for JSON; of a model of two heads each is told."""
    from palate.model.factor_model import FactorModel

    about = {
        "n_users": model.n_users,
        "n_items": model.n_items,
        "user_ids": model.users.type_name,
        "item_ids": model.items.type_name,
        "scale": None if model.scale is None else list(model.scale),
        "catalog": [] if model.catalog is None else list(model.catalog.frame.columns),
        "n_ratings": None if model.ratings is None else len(model.ratings),
        "trainer": dict(model.trainer),
        "history": model.history.to_dict(),
    }
    if not isinstance(model, FactorModel):
        heads = {name: getattr(model, name, None) for name in ("choice", "stars")}
        return {**about, "heads": {name: describe(head) for name, head in heads.items() if head is not None}}
    return {
        **about,
        "n_factors": model.n_factors,
        "n_draws": model.n_draws,
        "global_mean": float(model.global_mean.mean()),
        "blocks": blocks(model),
        "n_time_bins": 1 if model.context is None else model.context.n_time_bins,
        "n_sessions": 0 if model.context is None else len(model.context.sessions),
    }


def blocks(model: "FactorModel") -> list[dict[str, Any]]:
    """Return the arrays of a model: name, shape, type, number of parameters, bytes."""
    learned = {name: array for name, array in _learned(model) if array is not None}
    kept = {name: array for name, array in _kept(model) if array is not None}
    return [
        {
            "name": name,
            "shape": list(array.shape),
            "dtype": str(array.dtype),
            "parameters": int(array.size) if name in learned else 0,
            "bytes": int(array.nbytes),
        }
        for name, array in (learned | kept).items()
    ]


def _learned(model: "FactorModel") -> Iterator[tuple[str, Any]]:
    """Yield the parameters by name, None for those that the model does not have."""
    for name in _BLOCKS:
        yield name, getattr(model, name)
    for side in (model.factors.user, model.factors.item):
        for part in ("scale", "degrees", "session"):
            yield f"{side.name}_noise.{part}", getattr(side.noise, part, None)
        for group in () if side.features is None else side.features.groups:
            yield f"{side.name}_features.{group.name}", group.weights
    for name in ("user_shift", "item_shift", "session_effect"):
        yield f"context.{name}", getattr(model.context, name, None)


def _kept(model: "FactorModel") -> Iterator[tuple[str, Any]]:
    """Yield what is kept of the data by name, None for what is not."""
    for name in ("edges", "user_time_bin"):
        yield f"context.{name}", getattr(model.context, name, None)
    sessions = getattr(model.context, "sessions", None)
    for name, part in (("sessions", "indptr"), ("session_begin", "begin"), ("session_end", "end")):
        yield f"context.{name}", getattr(sessions, part, None)
    for name in ("indptr", "items", "codes", "levels", "held_out", "weight", "timestamp"):
        yield f"ratings.{name}", getattr(model.ratings, name, None)


def _show(model: "FactorModel", about: dict[str, Any]) -> None:
    _show_contents(model, about)
    if "blocks" in about:
        _show_blocks(about["blocks"])
        print_text("")
    print_text(
        f"trained by {about['trainer'].get('name', 'an unknown trainer')}:", *_settings(about["trainer"])
    )
    if "blocks" in about:
        print_text("")
        _show_history(model)
        return
    for name, head in about["heads"].items():
        print_text("", f"{name} head, trained by {head['trainer'].get('name')}:")
        print_text(*_settings(head["trainer"]))
        if "blocks" in head:
            _show_blocks(head["blocks"])
    show_candidates(model)
    print_text("", *([model.history.stopped] if model.history.stopped else []), *model.history.notes)


def _show_contents(model: "FactorModel", about: dict[str, Any]) -> None:
    """Print sizes, ids and what else is in the file, and an empty line."""
    users = f"{model.n_users:,} users ({about['user_ids']} ids)"
    items = f"{model.n_items:,} items ({about['item_ids']} ids)"
    factors = ""
    if "blocks" in about:
        factors = f"{model.n_factors} factors, {model.likelihood.centre(about['global_mean'])}, "
    scale = "none" if model.scale is None else f"{model.scale[0]:g} to {model.scale[1]:g}"
    ratings = (
        "none (the model was saved without them)" if model.ratings is None else f"{len(model.ratings):,}"
    )
    print_text(
        f"{about['file']}: {about['file_bytes']:,} bytes",
        f"{users}, {items}, {factors}scale {scale}",
        f"catalog: {', '.join(about['catalog'][1:]) or 'ids only'}",
        f"{noun_of(model)}s: {ratings}",
    )
    if getattr(model, "context", None) is not None:
        print_text(f"time: {about['n_time_bins']:,} bins, {about['n_sessions']:,} sessions")
    print_text("")


def _settings(trainer: Mapping[str, Any]) -> list[str]:
    """Return a line for each setting of a trainer, with words for what Python has names for."""
    words = {None: "none", True: "yes", False: "no"}
    return [
        f"  {name} = {words[value] if value is None or isinstance(value, bool) else value}"
        for name, value in trainer.items()
        if name not in ("name", "candidates")
    ]


def _show_blocks(found: list[dict[str, Any]]) -> None:
    sums = {name: sum(block[name] for block in found) for name in ("parameters", "bytes")}
    rows = [
        {
            "block": block["name"],
            "shape": " x ".join(f"{n:,}" for n in block["shape"]),
            "type": block["dtype"],
            "parameters": block["parameters"],
            "bytes": block["bytes"],
        }
        for block in [*found, {"name": "total", "shape": (), "dtype": "", **sums}]
    ]
    print_rows(rows, "id", "id", "id", "count", "count")


def _show_history(model: "FactorModel") -> None:
    history, noun = model.history, noun_of(model)
    for before in history.earlier:
        print_text(
            f"continued from a model trained on {before.n_train:,} {noun}s in {len(before.sweeps):,} sweeps"
        )
    print_text(
        f"trained on {history.n_train:,} {noun}s, {history.n_validation:,} held out for validation (errors "
        f"unclipped)",
        "",
    )
    if history.sweeps:
        kept = history.best_sweep if model.n_draws == 1 else None  # of a posterior, many are
        rows = [
            {
                "sweep": sweep.sweep,
                "seconds": sweep.seconds,
                "objective": None if sweep.objective is None else round(sweep.objective),
                "training RMSE": sweep.train_rmse,
                "validation RMSE": sweep.validation_rmse,
                "MAE": sweep.validation_mae,
                "": "kept" if sweep.sweep == kept else "",
            }
            for sweep in history.sweeps
        ]
        print_rows(rows, "count", "stars", "count", "error", "error", "error", "text")
        print_text("")
    print_text(*([history.stopped] if history.stopped else []), *history.notes)
