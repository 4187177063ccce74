"""A forked child answers, or says at once why it cannot: nothing waits for threads that a fork does
not copy.
"""

import os
import pickle
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from uuid import UUID

import numpy as np
import polars as pl
import pytest

import palate
from palate.data import forks
from palate.data.catalog import Catalog
from palate.lists.where import matching
from palate.model.model import ScorerModel

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")

SECONDS = 120  # far above what an answer takes on a busy machine, kernels compiled anew included


def in_child(function: Callable[[], object]) -> object:
    """Return what a function gives in a forked child; fail if the child raises or does not come back."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forks beside threads
        child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(SECONDS)
        try:
            answer = pickle.dumps((True, function()))
        except BaseException:
            answer = pickle.dumps((False, traceback.format_exc()))
        with os.fdopen(writing, "wb") as out:
            out.write(answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        answer = source.read()
    os.waitpid(child, 0)
    assert answer, f"the child did not answer within {SECONDS} s"
    good, value = pickle.loads(answer)
    assert good, value
    return value


IDS = {
    "str": lambda n, first: [f"{first}{at:02d}" for at in range(n)],
    "int": lambda n, _: list(range(3, 3 + n)),
    "sparse": lambda n, _: [at * 10**9 for at in range(n)],
    "uint": lambda n, _: [2**63 + 5 * at for at in range(n)],
    "uuid": lambda n, _: [UUID(int=at * 987654321987654321 + 1) for at in range(n)],
}


def table_of(items: list) -> pl.DataFrame:
    """Return a catalog of these items and one that nobody rated."""
    ids = pl.Series([str(item) if isinstance(item, UUID) else item for item in items])
    n = len(items)
    genres = [None if at == 2 else "Comedy|Drama" if at % 2 else "Horror" for at in range(n)]
    return pl.DataFrame(
        {
            "item_id": ids,
            "title": [f"Amélie {at}" for at in range(n)],
            "year": [1950 + at for at in range(n)],
            "genres": genres,
        }
    )


@pytest.fixture(scope="module", params=list(IDS))
def world(request, tmp_path_factory):
    rng = np.random.default_rng(4)
    users, items = IDS[request.param](40, "u"), IDS[request.param](16, "i")
    pairs = [(user, item) for user in range(40) for item in range(15) if rng.random() < 0.4]
    ratings = palate.Ratings.from_arrays(
        [users[user] for user, _ in pairs],
        [items[item] for _, item in pairs],
        rng.integers(1, 6, len(pairs)).astype(float),
    )
    catalog = None if request.param == "uuid" else Catalog.from_frame(table_of(items))
    model = palate.LeastSquares(n_factors=2, max_sweeps=4).fit(ratings, catalog=catalog, validation=0.2)
    path = tmp_path_factory.mktemp("forks") / "m.palate"
    model.save(path)
    pl.Series([3, 1, 2]).sort()  # Polars' threads run in the parent
    return model, ratings, users, items, path


def rows(frame) -> list:
    return [
        tuple(None if isinstance(v, float) and v != v else v for v in row)
        for row in pl.DataFrame(frame).rows()
    ]


def questions(model, ratings, users, items, path) -> dict[str, Callable[[], object]]:
    """Return a question for every verb that answers from a model."""
    folded = model.fold_in([items[0], items[3]], [5.0, 1.0])
    unknown = UUID(int=5) if isinstance(users[0], UUID) else type(users[0])(99)
    known = {
        "predict": lambda: model.predict(users[0], items[0]),
        "predict many": lambda: model.predict(users[0], items[:5]).tolist(),
        "predict pairs": lambda: model.predict(users[:9], items[:9]).tolist(),
        "predict unknown": lambda: model.predict([users[0], "zoe"], items[0], unknown="baseline").tolist(),
        "predict surely": lambda: [
            np.asarray(a).tolist() for a in model.predict(users[0], items[:4], return_std=True, interval=0.8)
        ],
        "distribution": lambda: model.predict_distribution(users[0], items[:3]).tolist(),
        "frame": lambda: rows(model.predict_frame(users[:2], items[:3], return_std=True)),
        "frame of unknown": lambda: rows(model.predict_frame(users[0], [items[0], items[15]], unknown="nan")),
        "recommend": lambda: rows(model.recommend(users[0], 3)),
        "recommend all": lambda: rows(model.recommend(n=3)),
        "caution": lambda: rows(model.recommend(users[:3], 3, caution=0.8)),
        "words": lambda: rows(model.recommend(users[0], 3, words=True)),
        "min_ratings": lambda: rows(model.recommend(users[0], 3, min_ratings=2)),
        "candidates": lambda: rows(
            model.recommend(users[0], 3, candidates=items[:9], exclude_items=items[:2], exclude_seen=False)
        ),
        "unknown skipped": lambda: rows(
            model.recommend([users[1], unknown, users[0], users[1]], 3, unknown="skip")
        ),
        "unknown popular": lambda: rows(model.recommend([unknown, users[0], unknown], 3, unknown="popular")),
        "explain": lambda: (
            rows(model.explain(users[0], items[0]).frame),
            str(model.explain(folded, items[1])),
        ),
        "folded": lambda: rows(model.recommend([folded, users[1]], 3)),
        "fold_in": lambda: rows(model.recommend(model.fold_in([items[1]], [5.0]), 2)),
        "fold_in_item": lambda: model.predict(users[0], model.fold_in_item([users[1]], [5.0])),
        "rated": lambda: rows(model.rated(users[:3])),
        "similar_items": lambda: rows(model.similar_items(items[:2], 3, min_ratings=1)),
        "similar_users": lambda: rows(model.similar_users(users[0], 3)),
        "vectors": lambda: rows(model.user_vectors(users[:2])),
        "load": lambda: rows(palate.load(path).recommend(users[0], 3)),
        "pickle": lambda: rows(pickle.loads(pickle.dumps(model)).recommend(users[0], 3)),
        "fit": lambda: (
            palate.LeastSquares(n_factors=1, max_sweeps=2)
            .fit(ratings, validation=0)
            .predict(users[0], items[0])
        ),
        "from_frame": lambda: len(palate.Ratings.from_frame(ratings.to_frame())),
    }
    if model.catalog is not None and "title" in model.catalog.frame.columns:
        known |= {
            "genres": lambda: rows(
                model.recommend(users[0], 9, where={"genres": "comedy"}, exclude_seen=False)
            ),
            "genres of a list": lambda: rows(
                model.recommend(users[0], 9, where={"genres": ["Drama", None]}, exclude_seen=False)
            ),
            "title": lambda: rows(model.predict_frame(users[0], title="amélie 1", unknown="nan")),
            "where title": lambda: rows(
                model.recommend(users[0], 3, where={"title": "AMÉLIE", "year": (1951, None)})
            ),
        }
    return known


def test_a_forked_child_gives_the_parents_answers(world):
    asked = questions(*world)
    wanted = {name: ask() for name, ask in asked.items()}
    assert in_child(lambda: {name: ask() for name, ask in asked.items()}) == wanted


@pytest.mark.parametrize("world", ["str", "uint"], indirect=True)
@pytest.mark.parametrize("kind", ["pandas", "pyarrow"])
def test_frames_of_other_libraries_are_answered_in_a_child(world, kind):
    from dataclasses import replace

    model, _, users, *_ = world
    other = replace(model, frame_kind=kind)
    columns = {"pandas": lambda frame: frame.to_dict("list"), "pyarrow": lambda table: table.to_pydict()}[
        kind
    ]
    assert in_child(lambda: repr(columns(other.recommend(users[0], 3)))) == repr(
        columns(other.recommend(users[0], 3))
    )


@pytest.mark.parametrize("world", ["str"], indirect=True)
@pytest.mark.parametrize(
    "ask",
    [
        lambda model, ratings: model.recommend(model.users.id(0), where="year > 1960"),
        lambda model, ratings: model.recommend(model.users.id(0), where=pl.col("year") > 1960),
        lambda model, ratings: model.recommend(model.users.id(0), where={"year": pl.col("year") > 1960}),
        lambda model, ratings: palate.read("ratings.csv"),
        lambda model, ratings: palate.datasets.load(),
        lambda model, ratings: pickle.dumps(model.catalog),
        lambda model, ratings: palate.compare({"a": model, "b": model}),
        lambda model, ratings: palate.crossval({"a": palate.Baseline()}, ratings),
        lambda model, ratings: palate.evaluate(model),
        lambda model, ratings: palate.inspect.inspect_model(model),
        lambda model, ratings: palate.Ratings.from_frame(ratings.to_frame().lazy()),
        lambda model, ratings: Catalog.from_frame(
            pl.DataFrame({"item_id": [1, 2], "year": ["1999", "2001"]})
        ),
    ],
)
def test_what_needs_threads_says_so_at_once(world, ask):
    model, ratings, *_ = world

    def refused() -> tuple[str, float]:
        start = time.monotonic()
        with pytest.raises(RuntimeError) as caught:
            ask(model, ratings)
        return str(caught.value), time.monotonic() - start

    message, took = in_child(refused)
    assert "a fork does not copy them" in message
    assert '"spawn" or "forkserver"' in message
    assert took < 120  # it does not wait for the threads that are gone; no measure of speed


def scorers(ratings, catalog) -> dict:
    class Mine:
        def score_pairs(self, users, items):
            return items.astype(float)

        def score_items(self, users):
            return np.tile(np.arange(float(len(ratings.items))), (len(users), 1))

    trainers = {
        "baseline": palate.Baseline(),
        "popular": palate.Popular(),
        "spectral": palate.Spectral(n_factors=2),
        "linear": palate.LinearItems(),
        "gibbs": palate.Gibbs(n_factors=2, sweeps=6, burn_in=3),
        "two heads": palate.Recommender(seconds=1.0),
    }
    models = {
        name: trainer.fit(ratings, catalog=catalog, validation=0.2) for name, trainer in trainers.items()
    }
    return models | {"own": palate.Model.of(Mine(), ratings, catalog, scale=(0, 20))}


@pytest.mark.parametrize("world", ["str"], indirect=True)
def test_models_of_every_kind_answer_in_a_child(world):
    _, ratings, users, items, _ = world

    def asked(one) -> list:
        found = [
            rows(one.recommend(users[:2], 3, where={"genres": "drama"})),
            rows(one.predict_frame(users[0], items[:3])),
        ]
        found += [rows(one.rated(users[0])), one.predict(users[0], items[:4]).tolist()]
        if not isinstance(one, ScorerModel):
            found.append(rows(one.recommend(one.fold_in(items[:2], [5.0, 1.0]), 2)))
            found.append(rows(one.explain(users[0], items[0]).frame))
        if getattr(one, "n_factors", 1) and hasattr(one, "similar_items"):
            found.append(rows(one.similar_items(items[:2], 3)))
        return found

    models = scorers(ratings, Catalog.from_frame(table_of(items)))
    assert in_child(lambda: {name: asked(one) for name, one in models.items()}) == {
        name: asked(one) for name, one in models.items()
    }


@pytest.mark.parametrize("world", ["str"], indirect=True)
def test_a_slip_in_a_title_is_answered_in_a_child(world):
    model, _, users, *_ = world

    def refused() -> str:
        with pytest.raises(KeyError, match="no title contains") as caught:
            model.predict_frame(users[0], title="Amelie 1")
        return str(caught.value)

    assert "Did you mean 'Amélie 1'" in in_child(refused)


def test_a_process_that_did_not_fork_asks_nothing(monkeypatch):
    monkeypatch.setattr(forks, "_pool_answers", lambda: pytest.fail("must not be asked"))
    assert not forks.threads_lost()


def test_conditions_keep_the_same_items_with_and_without_threads(monkeypatch):
    table = table_of(IDS["int"](16, "")).with_columns(
        pl.Series("genres", ["Sci-Fi|İst", None, "sci-fi", "Ä.b", "", *["A"] * 11])
    )
    conditions = [{"genres": text} for text in ("SCI-FI", "ä.B", "A")] + [
        {"title": "amÉlie 1"},
        {"title": ""},
    ]
    wanted = [matching(condition, table).tolist() for condition in conditions]
    monkeypatch.setattr("palate.lists.where.threads_lost", lambda: True)
    monkeypatch.setattr(forks, "threads_lost", lambda: True)
    assert [matching(condition, table).tolist() for condition in conditions] == wanted
