"""Checks of the hyper-parameters of least squares, alone and together."""

from typing import TYPE_CHECKING

from palate._checks import ArgumentError, Part, Setting, Words, check_choice, check_count, check_switch
from palate.factors.likelihood.links import FITTED_LINKS, fitted_class
from palate.solve.confidence import KINDS
from palate.solve.grades import KINDS as GRADES
from palate.solve.grades import NONE
from palate.solve.strengths import AUTO, Strengths
from palate.training.checks import check_grading, check_number_or_word, check_rate, check_strength
from palate.training.features import feature_names
from palate.training.time_bins import BINS

if TYPE_CHECKING:
    from palate.training.als.least_squares import LeastSquares

MAX_FACTORS = 1024
MEAN = "mean"


def check_hyperparameters(trainer: "LeastSquares") -> None:
    """Raise unless all hyper-parameters are in range and go together."""
    check_count("n_factors", trainer.n_factors, 1, MAX_FACTORS)
    for name in Strengths._fields:
        check_strength(name, getattr(trainer, name), auto=True)
    for name in ("l2_bias", "l1_bias", "tolerance"):
        check_strength(name, getattr(trainer, name))
    check_rate("dropout", trainer.dropout)
    check_switch("mean", trainer.mean)
    check_switch("biases", trainer.biases)
    check_count("max_sweeps", trainer.max_sweeps, 1)
    check_count("patience", trainer.patience, 1)
    check_count("n_starts", trainer.n_starts, 1)
    for name in ("unobserved_weight", "alpha", "user_weighting"):
        check_strength(name, getattr(trainer, name))
    if trainer.imputed_value != MEAN:
        check_number_or_word("imputed_value", trainer.imputed_value, MEAN)
    check_choice("counts", trainer.counts, KINDS)
    check_grading(trainer.grades, trainer.least_grade, trainer.half_life, (NONE, *GRADES))
    advice = Words.of("It is for counts, see `counts='linear'`.")
    for name, plain in (("user_weighting", 0), ("grades", NONE), ("half_life", None)):
        value = getattr(trainer, name)
        if trainer.counts == NONE and value != plain:
            must = "be left out for ratings" if plain is None else f"be {plain} for ratings"
            raise ArgumentError(name, must, f"{value}", advice)
    check_choice("solver", trainer.solver, (AUTO, "exact", "conjugate"))
    if trainer.solver == "conjugate" and trainer.l1_bias:
        exact = Words.of("be 0 with `solver='conjugate'`, which cannot set a bias to exactly 0; use 'exact'")
        raise ArgumentError("l1_bias", exact)

    _check_features(trainer)
    _check_link(trainer)
    _check_time(trainer)


def _check_time(trainer: "LeastSquares") -> None:
    check_choice("time", trainer.time, ("", BINS))
    check_strength("l2_time", trainer.l2_time)
    if not trainer.time:
        return
    wanted = {"link": "identity", "unobserved_weight": 0.0, "counts": NONE, "biases": True, "n_starts": 1}
    check_beside(trainer, wanted, f"time={BINS!r}")
    if trainer.l2_time == 0:
        raise ArgumentError("l2_time", f"be above 0 with time={BINS!r}", "0")


def _check_link(trainer: "LeastSquares") -> None:
    check_choice("link", trainer.link, FITTED_LINKS)
    if fitted_class(trainer.link).linear:
        return
    wanted = {"dropout": 0.0, "unobserved_weight": 0.0, "counts": NONE}
    check_beside(trainer, wanted, Setting("link", trainer.link))
    if trainer.steps:
        must = f"be 'exact' with `link='{trainer.link}'`, or 'auto' with at most 256 factors"
        raise ArgumentError("solver", Words.of(must))


def check_beside(trainer: "LeastSquares", wanted: dict[str, object], given: Part) -> None:
    """Raise unless hyper-parameters have the only values that go together with what is given."""
    for name, value in wanted.items():
        found = getattr(trainer, name)
        if found != value:
            raise ArgumentError(name, Words(f"be {value!r} with ", given), f"{found!r}")


def _check_features(trainer: "LeastSquares") -> None:
    for side, text in (("user", trainer.user_features), ("item", trainer.item_features)):
        if not feature_names(text, f"{side}_features"):
            continue
        why = "which set the value towards which the penalty shrinks a row"
        for name in (f"l2_{side}", "l2_features", *(["l2_bias"] if trainer.biases else [])):
            if getattr(trainer, name) == 0:
                raise ArgumentError(name, f"be above 0 with {side}_features, {why}", "0")
