"""The model of the draws that a run of Gibbs chains kept."""

import numpy as np

from palate.data.catalog import Catalog
from palate.factors.row_precision import RowNoise
from palate.model.factor_model import FactorModel
from palate.solve.prior import RowPrior
from palate.training.features import SideFeatures
from palate.training.gibbs.chain import ChainModel
from palate.training.gibbs.sampling import Run
from palate.training.trainer import Trainer, described
from palate.training.training_data import Problem


def model_of_draws(
    trainer: Trainer,
    problem: Problem,
    run: Run,
    features: dict[str, SideFeatures],
    model: ChainModel,
    catalog: Catalog | None,
    notes: list[str],
) -> FactorModel:
    """Return the FactorModel of the draws kept."""
    kept = run.kept
    draws = {key: np.stack([draw[key] for draw in kept.draws]) for key in kept.draws[0]}
    n_draws = len(kept.draws)
    levels = model.likelihood.levels
    mean = problem.mean if levels is None else 0.0
    session = draws["session"] if model.time.n_session_effects else None
    context, users = model.time.context(draws), (draws["user_factors"], draws["user_bias"])
    if context is not None:
        last = np.full(len(context.user_time_bin), context.n_time_bins - 1)
        users = context.moved(*users, last, context.user_time_bin)
    priors = {
        side: RowPrior(precision=draws[f"{side}_precision"], mean=draws[f"{side}_mean"])
        for side in ("user", "item")
    }
    return FactorModel(
        **problem.model_fields(catalog),
        user_factors=users[0],
        item_factors=draws["item_factors"],
        user_bias=users[1],
        item_bias=draws["item_bias"],
        global_mean=np.full(n_draws, mean),
        user_prior=priors["user"],
        item_prior=priors["item"],
        link="identity" if levels is None else "ordinal",
        levels=levels,
        cutpoints=None if levels is None else draws["cutpoints"].astype(np.float32),
        noise_sd=draws["noise_sd"],
        user_noise=_own_noise(draws, "user", session),
        item_noise=_own_noise(draws, "item"),
        user_link=features["user"].link(draws["user_weights"]),
        item_link=features["item"].link(draws["item_weights"]),
        context=context,
        trainer=described(trainer),
        history=problem.history(
            sweeps=tuple(run.reports),
            best_sweep=run.reports[-1].sweep,
            stopped=run.stopped,
            interrupted=run.interrupted,
            selected=False,
            notes=(*run.notes, *notes),
        ),
    )


def _own_noise(draws: dict[str, np.ndarray], side: str, session: np.ndarray | None = None) -> RowNoise | None:
    scale = draws[f"{side}_noise"]
    return RowNoise(scale=scale, degrees=draws[f"{side}_degrees"], session=session) if scale.size else None
