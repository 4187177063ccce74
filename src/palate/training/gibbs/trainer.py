"""Bayesian matrix factorization: draws from the posterior by Gibbs sampling."""

import os
from dataclasses import dataclass, replace

import numpy as np

from palate._checks import ArgumentError, Words, check_choice, check_count, check_seed
from palate._parallel import check_threads
from palate._random import from_seed
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.ratings import Ratings
from palate.model.factor_model import FactorModel
from palate.solve.rows import Side
from palate.training.checks import check_fitted
from palate.training.features import MISSING, SideFeatures, all_features, feature_names
from palate.training.gibbs.chain import ChainModel, ChainState, chain_model, small_start, state_at
from palate.training.gibbs.chain_file import digest_of, refit_path, remove_chains
from palate.training.gibbs.clock import Clock
from palate.training.gibbs.draws import Monitor, Plan
from palate.training.gibbs.model_of_draws import model_of_draws
from palate.training.gibbs.noise import telling_ratings
from palate.training.gibbs.sampling import Judge, Saver, run_chains
from palate.training.gibbs.sides import SideModel
from palate.training.gibbs.temporal import Time
from palate.training.initialization import bias_start, last_draw
from palate.training.progress import TrainingBar
from palate.training.time_bins import SESSIONS, time_parts
from palate.training.trainer import Callback
from palate.training.training_data import Problem, continued, split

GAUSSIAN, ORDINAL = "gaussian", "ordinal"
MAX_LEVELS = 100
_MAX_FACTORS = 256
_START_L2_BIAS = 2.0
_SAMPLE = 20_000  # training pairs that are followed where nothing is held out


@helpful_methods
@dataclass(frozen=True, kw_only=True)
class Gibbs:
    """Bayesian matrix factorization with biases, trained by Gibbs sampling.

    The model keeps many draws from the posterior. A prediction is the mean over the draws, and
    their standard deviation is its standard error.

    Factors and biases are those of `LeastSquares`, with normal priors. Means and covariances of the
    priors and the noise are drawn as well, so no penalty has to be tuned. The error of ratings is
    usually the lowest of all trainers, but training takes hundreds of sweeps instead of ten. See
    docs/bayes.md.

    Parameters
    ----------
    n_factors : int, default 32
        Number of factors, 1 to 256. The prior shrinks those that are not needed.
    sweeps : int, default 200
        Sweeps of each chain over items and users.
    burn_in : int, default 50
        Sweeps at the beginning whose draws are not used.
    n_chains : int, default 1
        Number of independent chains. The history of two or more shows whether they agree.
    n_draws : int, default 0
        Number of draws that the model keeps, evenly spaced; 0 keeps as many as fit into `draws_mb`.
    draws_mb : int, default 256
        Memory for the draws in units of 2^20 bytes, if `n_draws` is 0.
    likelihood : {"gaussian", "ordinal"}, default "gaussian"
        "gaussian" adds normal noise to the expected rating. "ordinal" treats ratings as ordered
        levels, at most 100; predictions are then distributions over the levels, and stay inside the
        scale.
    noise : {"own", "shared"}, default "own"
        "own" estimates the noise of each user and each item: ratings of inconsistent users have
        less weight, and intervals have different widths. "shared" has one noise level for all.
    user_features : str, default ""
        Names of user features, separated by commas. "rated" are the items that a user rated
        (SVD++); other names are columns of `user_table`.
    item_features : str, default ""
        Names of item features, separated by commas. "raters" are the users who rated an item; other
        names are columns of the catalog, such as "genres" or "year".
    missing_features : {"zero", "raise"}, default "zero"
        Whether a missing value of a column is no feature ("zero") or an error ("raise").
    time : str, default ""
        What to learn from the timestamps, separated by commas. "bins" divides time into 15 bins;
        the rows of all users and all items shift a little from bin to bin. "sessions" learns how
        much higher or lower a user rates in each session; a session ends with a day without a
        rating. Predictions for a given time use both; other predictions are for the time of a
        user's last rating. Sessions need timestamps in seconds. See docs/time.md.

    References
    ----------
    Koren (2009), "Collaborative Filtering with Temporal Dynamics".
    Salakhutdinov, Mnih (2008), "Bayesian Probabilistic Matrix Factorization using Markov Chain Monte Carlo".
    Lakshminarayanan, Bouchard, Archambeau (2011), "Robust Bayesian Matrix Factorisation": noise of rows.
    Rendle, Zhang, Koren (2019), "On the Difficulty of Evaluating Baselines".
    Simm et al. (2017), "Macau: Scalable Bayesian Factorization with High-Dimensional Side
    Information Using MCMC".

    Examples
    --------
    >>> from palate import Gibbs, Ratings
    >>> ratings = Ratings.from_arrays(
    ...     ["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5)
    ... )
    >>> model = Gibbs(n_factors=2, sweeps=60, burn_in=20).fit(ratings, validation=0)
    >>> model.n_draws
    40
    """

    n_factors: int = 32
    sweeps: int = 200
    burn_in: int = 50
    n_chains: int = 1
    n_draws: int = 0
    draws_mb: int = 256
    likelihood: str = GAUSSIAN
    noise: str = "own"
    user_features: str = ""
    item_features: str = ""
    missing_features: str = "zero"
    time: str = ""

    @property
    def max_sweeps(self) -> int:
        """Sweeps of all chains together."""
        return self.sweeps * self.n_chains

    def fit(
        self,
        ratings: Ratings | Dataset,
        *,
        validation: float | Ratings = 0.05,
        catalog: Catalog | None = None,
        user_table: object = None,
        start: FactorModel | None = None,
        refit: bool = False,
        checkpoint: str | os.PathLike[str] | None = None,
        callback: Callback | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> FactorModel:
        """Return the model with the draws kept.

        Parameters
        ----------
        ratings : Ratings, or Dataset with ratings and a catalog
        validation : float or Ratings, default 0.05
            Share of ratings to hold out, or held-out ratings. Their error is reported, and does not
            change the model.
        catalog : Catalog, optional
            Titles and other columns of the items, which the model keeps. `item_features` names its
            columns.
        user_table : frame, optional
            Columns of the users, with a column `user_id`. `user_features` names its columns.
        start : FactorModel, optional
            Model with the same number of factors, whose last draw is the initial state of the
            chains; a least-squares model shortens the burn-in. Its held-out ratings stay held out.
            To continue an interrupted run, use `checkpoint` instead.
        refit : bool, default False
            Whether to train once more on all ratings.
        checkpoint : path, optional
            File in which the state is saved during training. With the same arguments, an
            interrupted run continues from it and gives the same bits. It is removed at the end.
        callback : callable, optional
            Called with a `SweepReport` after each sweep; training ends if it returns False. By
            default, a progress bar is shown.
        threads : int, optional
            Number of threads; by default one for each processor. The result does not depend on it.
        seed : int, default 0
            The same seed gives the same bits.

        Raises
        ------
        TypeError
            If `ratings` or a parameter has the wrong type.
        ValueError
            If a parameter is out of its range, if `time` is given for ratings without timestamps,
            if the ordinal likelihood is used for weighted ratings or for ratings with one or over
            100 distinct values, if a feature is not known, or if `checkpoint` is a file of another
            run.
        KeyboardInterrupt
            If interrupted before a draw was kept; later the model of the draws so far is returned.
        """
        self._check()
        ratings, catalog = with_catalog(ratings, catalog)
        check_seed(seed)
        everything, held_out = split(ratings, validation, start, seed)
        with TrainingBar(self.max_sweeps, show=False if callback else None) as bar:
            rest = (user_table, catalog, start, callback or bar, check_threads(threads), seed)
            model, complete = self._fit(everything, held_out, checkpoint, *rest)
            if refit and complete and held_out.any():
                judged = model.history
                nothing, path = np.zeros_like(held_out), refit_path(checkpoint)
                model, complete = self._fit(everything, nothing, path, *rest)
                note = (
                    f"On {judged.n_validation:,} ratings held out of a first run the RMSE was "
                    f"{judged.sweeps[-1].validation_rmse:.4f}; then the chains were run on all ratings."
                )
                model = replace(model, history=replace(model.history, notes=(note, *model.history.notes)))
        check_fitted(model, self)
        if complete:
            remove_chains(checkpoint)
        return continued(model, start)

    def _check(self) -> None:
        check_count("n_factors", self.n_factors, 1, _MAX_FACTORS)
        check_count("sweeps", self.sweeps, 1)
        check_count("burn_in", self.burn_in, 0)
        if self.burn_in >= self.sweeps:
            must = Words.of(f"be less than `sweeps={self.sweeps}`")
            raise ArgumentError("burn_in", must, f"{self.burn_in}", "No draws would be left.")
        check_count("n_chains", self.n_chains, 1)
        check_count("n_draws", self.n_draws, 0)
        check_count("draws_mb", self.draws_mb, 1)
        check_choice("likelihood", self.likelihood, (GAUSSIAN, ORDINAL))
        check_choice("noise", self.noise, ("own", "shared"))
        check_choice("missing_features", self.missing_features, MISSING)
        feature_names(self.user_features, "user_features")
        feature_names(self.item_features, "item_features")
        if SESSIONS in time_parts(self.time) and self.noise != "own":
            why = "as the level of a session is part of a user's noise"
            raise ArgumentError("noise", Words.of(f"be 'own' for `time='sessions'`, {why}"), "'shared'")

    def _fit(
        self,
        ratings: Ratings,
        held_out: np.ndarray,
        checkpoint: str | os.PathLike[str] | None,
        user_table: object,
        catalog: Catalog | None,
        start: FactorModel | None,
        callback: Callback,
        threads: int,
        seed: int,
    ) -> tuple[FactorModel, bool]:
        """Return the model of one run, and whether all its sweeps were made."""
        problem = Problem.build(ratings, held_out)
        levels = self._levels(problem)
        features = all_features(problem, self, catalog, user_table)
        biases, residual_sd = bias_start(problem, l2_bias=_START_L2_BIAS, threads=threads)
        unit = residual_sd if residual_sd > 1e-6 else 1.0
        own = self.noise == "own"
        nothing = np.empty(0, np.float32)
        telling = telling_ratings(problem.by_user, problem.by_item) if levels is None else (nothing, nothing)
        sides = [
            SideModel(n, self.n_factors, features[side].blocks, own, n == 0 and levels is None, telling[n])
            for n, side in enumerate(("user", "item"))
        ]
        model = chain_model(problem, unit, levels, sides[0], sides[1], time_parts(self.time))
        scaled = biases[0].bias / np.float32(unit), biases[1].bias / np.float32(unit)

        def begin(chain: int) -> ChainState:
            vectors = small_start(model, scaled, Clock(seed, chain, 0, threads))
            if start is None:
                return state_at(model, vectors, None, threads)
            return _started(self, model, start, ratings, vectors, unit, threads)

        plan = Plan(self.sweeps, self.burn_in, self.n_chains, self._n_draws(problem, features, model.time))
        judge = Judge(model, plan, problem, _monitor(problem, seed))
        digest = "" if checkpoint is None else digest_of(self, problem, features, start, seed)
        saver = Saver(checkpoint, digest)
        run = run_chains(judge, begin, saver, callback=callback, threads=threads, seed=seed)
        notes = [note for side in features.values() for note in side.notes]
        return model_of_draws(self, problem, run, features, model, catalog, notes), run.complete

    def _levels(self, problem: Problem) -> np.ndarray | None:
        """Return the distinct ratings of an ordinal likelihood, None for a Gaussian one."""
        if self.likelihood == GAUSSIAN:
            return None
        # of the training ratings alone: held-out ones must not be used
        distinct = np.unique(problem.by_user.values)
        if len(distinct) < 2:
            raise ValueError(
                Words.of(
                    "ratings must have at least two distinct values for `likelihood='ordinal'`; all "
                    f"{problem.n_train:,} are {distinct[0]:g}. Nothing about preferences can be learned from "
                    "them. For counts and clicks use `LeastSquares.for_counts()`."
                )
            )
        if len(distinct) > MAX_LEVELS:
            must = Words.of(f"have at most {MAX_LEVELS} distinct values for `likelihood='ordinal'`")
            raise ArgumentError("ratings", must, f"{len(distinct):,}", "Use 'gaussian'.")
        if problem.by_user.weights.size:
            advice = "use 'gaussian', or leave the weights out."
            raise ValueError(Words.of(f"ratings must have no weights for `likelihood='ordinal'`; {advice}"))
        return distinct.astype(np.float32)

    def _n_draws(self, problem: Problem, features: dict[str, SideFeatures], time: Time) -> int:
        counted = (self.sweeps - self.burn_in) * self.n_chains
        if self.n_draws:
            if self.n_draws > counted:
                must = f"be at most {counted}, the sweeps after burn-in"
                raise ArgumentError("n_draws", must, f"{self.n_draws}", "Raise sweeps or n_chains.")
            return self.n_draws
        columns = sum(block.n_columns for one in features.values() for block in one.blocks)
        rows = problem.ratings.n_users + problem.ratings.n_items + columns
        numbers = rows * (self.n_factors + 2) + time.n_session_effects
        return int(max(1, min(counted, self.draws_mb * 2**20 // (numbers * 4))))


def _started(
    trainer: Gibbs,
    model: ChainModel,
    start: FactorModel,
    ratings: Ratings,
    fresh: tuple[Side, Side],
    unit: float,
    threads: int,
) -> ChainState:
    """Return the state at the last draw of another model."""
    latent = start.likelihood.in_noise_units  # its vectors are in units of the noise already
    root, whole = (np.float32(1), np.float32(1)) if latent else (np.float32(np.sqrt(unit)), np.float32(unit))
    wide = tuple(Side(side.factors * root, side.bias * whole) for side in fresh)
    sides = last_draw(start, ratings, (wide[0], wide[1]), trainer)
    vectors = [Side(side.factors / root, side.bias / whole) for side in sides]
    own, theirs = model.likelihood.levels, start.levels
    known = own is not None and theirs is not None and np.array_equal(own, theirs)
    cutpoints = start.cutpoints[-1].astype(np.float64) if known and start.cutpoints is not None else None
    return state_at(model, (vectors[0], vectors[1]), cutpoints, threads)


def _monitor(problem: Problem, seed: int) -> Monitor:
    """Return the held-out pairs, or a sample of the training pairs where nothing is held out."""
    if problem.held_out.any():
        return Monitor(*problem.validation, held_out=True, times=problem.held_out_times)
    rows = problem.by_user
    n = min(_SAMPLE, problem.n_train)
    chosen = np.sort(from_seed(seed).choice(problem.n_train, n, replace=False))
    users = np.searchsorted(rows.indptr, chosen, side="right") - 1
    times = None if problem.ratings.timestamp is None else problem.times[chosen]
    items = rows.columns[chosen].astype(np.int64)
    return Monitor(users.astype(np.int64), items, rows.values[chosen], held_out=False, times=times)
