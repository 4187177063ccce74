"""Shaped lists: boosts, caps and diversity are those of the greedy rule over all items."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import palate
from palate.lists.boosts import boosts_of
from palate.lists.caps import caps_of
from palate.lists.shaping import ShortListWarning, chance_by_place, shape_of
from palate.lists.tags import Tags


@pytest.fixture(scope="module")
def films():
    data = palate.datasets.load()
    few = data.ratings.select(data.ratings.user_index < 150)
    return palate.Spectral(n_factors=8).fit(few, catalog=data.catalog)


def greedy(model, user, n, diversity, cap, factors):
    """Return the positions that the rule lists, by looking at every item at each place."""
    frame = model.recommend(model.users.id(user), len(model.items))
    order = model.items.indices(frame["item_id"])
    chance = chance_by_place((order[None],))[0] * factors[order]
    chance = chance / chance.max()
    vectors = model.item_factors[0].astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1), 1e-30)[:, None]
    genres = [set() if text is None else set(text.split("|")) for text in frame["genres"].to_list()]
    taken, held = [], {}
    while len(taken) < n:
        best = None
        for place, item in enumerate(order):
            if place in taken or any(held.get(genre, 0) >= cap for genre in genres[place]):
                continue
            near = max([0.0, *(float(vectors[item] @ vectors[order[other]]) for other in taken)])
            value = (1 - diversity) * chance[place] - diversity * near
            if best is None or value > best[0] + 1e-7:
                best = value, place
        if best is None:
            break
        taken.append(best[1])
        for genre in genres[best[1]]:
            held[genre] = held.get(genre, 0) + 1
    return order[taken].tolist()


@pytest.mark.parametrize(
    ("diversity", "cap", "comedy"),
    [(0.0, 2, 1.0), (0.3, 99, 1.0), (0.0, 99, 3.0), (0.6, 2, 0.5), (1.0, 99, 1.0)],
)
def test_lists_are_those_of_every_item_looked_at(films, diversity, cap, comedy):
    factors = np.ones(len(films.items)) if comedy == 1 else boosts_of({"genres": {"Comedy": comedy}}, films)
    shape = {"diversity": diversity, "at_most": {"genres": cap}, "boost": {"genres": {"Comedy": comedy}}}
    for user in (0, 7):
        found = films.recommend(films.users.id(user), 5, **shape)
        assert films.items.indices(found["item_id"]).tolist() == greedy(
            films, user, 5, diversity, cap, factors
        )


def test_nothing_asked_is_the_plain_list(films):
    plain = films.recommend(n=8)
    assert films.recommend(n=8, diversity=0).equals(plain)
    assert films.recommend(n=8, boost={"genres": {"Comedy": 1.0}}).equals(plain)
    assert films.recommend(n=8, at_most={"genres": 1000}).equals(plain)


@settings(max_examples=10, deadline=None)
@given(cap=st.integers(1, 3), diversity=st.sampled_from([0.0, 0.4]))
def test_caps_are_never_exceeded(films, cap, diversity):
    frame = films.recommend([1, 15, 30], 6, at_most={"genres": cap}, diversity=diversity)
    for user in (1, 15, 30):
        listed = [
            genre for text in frame.filter(user_id=user)["genres"].drop_nulls() for genre in text.split("|")
        ]
        assert max(listed.count(genre) for genre in listed) <= cap


def test_caps_that_leave_too_few_are_told(model):
    with pytest.warns(
        ShortListWarning, match="at_most leaves 2 of 5 places filled for user 'ann'.*genres 'Crime' \\(1\\)"
    ):
        frame = model.recommend("ann", 5, at_most={"genres": {"crime": 1}})
    assert frame["item_id"].to_list() == [30, 50]


def test_a_boost_moves_an_item_up_and_filters_come_first(model):
    assert model.recommend("ann", 1, boost={"item_id": {50: 9.0}})["item_id"].to_list() == [50]
    assert model.recommend("ann", 1, boost={"item_id": {50: 9.0}}, exclude_items=[50])[
        "item_id"
    ].to_list() == [30]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"diversity": 1.5}, ValueError, "diversity must be between 0 and 1; got 1.5"),
        ({"diversity": True}, TypeError, "diversity must be a number"),
        ({"at_most": 3}, TypeError, "at_most must be a mapping of column to number"),
        ({"at_most": {"genres": 0}}, ValueError, "must be at least 1; got 0"),
        ({"at_most": {"genres": 1.5}}, TypeError, "must be a whole number; got 1.5"),
        ({"at_most": {"genre": 1}}, ValueError, "got 'genre'. Did you mean 'genres'"),
        ({"at_most": {"genres": {"Comdey": 1}}}, ValueError, "Did you mean 'Comedy'"),
        ({"boost": {"genres": {"Comedy": 0}}}, ValueError, "must be finite and above 0; got 0"),
        ({"boost": {"genres": {"Comedy": -1}}}, ValueError, "must be finite and above 0; got -1"),
        ({"boost": {"genres": {"Comedy": "a"}}}, TypeError, "must be a number; got 'a'"),
        ({"boost": {"genres": 2}}, TypeError, "boost must map columns to values"),
        ({"boost": [1]}, TypeError, "boost must map columns to values"),
        ({"boost": {"item_id": {99: 2}}}, KeyError, r"unknown item id 99\.'$"),
        ({"boost": {"year": {1900: 2}}}, ValueError, "which no item has"),
        ({"boost": {"genre": {"Comedy": 2}}}, ValueError, "boost must name columns .* Did you mean 'genres'"),
        ({"boost": {"genres": {"Comdey": 2}}}, ValueError, r"boost\['genres'\] must be genres of the items"),
        ({"boost": {"year": {"1900": 2}}}, TypeError, r"boost\['year'\] must compare with numbers; got str"),
        (
            {"boost": {"genres": {"Comedy": 2}}, "ascending": True},
            ValueError,
            "boost must be left out of an ascending list",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(model, options, error, message):
    with pytest.raises(error, match=message):
        model.recommend("ann", 2, **options)


def test_diversity_needs_something_to_go_by(bare):
    plain = palate.Popular().fit(palate.Ratings.from_arrays([1, 1, 2], ["a", "b", "a"], [4, 2, 3]))
    with pytest.raises(ValueError, match="without vectors or weights of items, and without genres"):
        plain.recommend(2, diversity=0.5)


def test_every_kind_of_model_shapes(films):
    data = palate.datasets.load()
    few = data.ratings.select(data.ratings.user_index < 150)
    local = (
        palate.LinearItems(n_neighbours=20)
        if "n_neighbours" in palate.LinearItems.__dataclass_fields__
        else palate.LinearItems()
    )
    for trainer in (local, palate.Popular(), palate.Recommender(seconds=0.0)):
        model = trainer.fit(few, catalog=data.catalog)
        frame = model.recommend(
            15, 6, diversity=0.5, at_most={"genres": 2}, boost={"genres": {"Comedy": 2.0}}
        )
        listed = [genre for text in frame["genres"].drop_nulls() for genre in text.split("|")]
        assert frame["item_id"].n_unique() == 6
        assert max(map(listed.count, listed)) <= 2


def test_no_shape_where_nothing_is_asked(films):
    assert shape_of(films) is None
    assert caps_of(None, films) == []
    assert Tags.of(films.catalog.frame["year"]).values


def test_between_lies_near_both(films):
    frame = films.between(1, 260, 5)
    assert frame.columns[:5] == ["item_id", "rank", "similarity", "to_first", "to_second"]
    assert not {1, 260} & set(frame["item_id"].to_list())
    raw = films.between(1, 260, 5, shrink=0)
    one, other = (
        films.item_factors[0, films.items.index(item, "item id")].astype(float) for item in (1, 260)
    )
    target = one / np.linalg.norm(one) + other / np.linalg.norm(other)
    norms = np.linalg.norm(films.item_factors[0], axis=1).astype(float)
    cosine = films.item_factors[0] @ target / np.where(norms > 0, norms, 1) / np.linalg.norm(target)
    cosine[films.items.indices([1, 260])] = -9
    np.testing.assert_allclose(raw["similarity"].to_numpy(), np.sort(cosine)[::-1][:5], rtol=1e-5)
    with pytest.raises(KeyError, match=r"unknown item id 99999999\.'$"):
        films.between(1, 99999999)
    with pytest.raises(ValueError, match="must be two items; got 1 twice"):
        films.between(1, 1)


def test_neighbours_of_popular_films_are_not_films_with_few_ratings():
    data = palate.datasets.load()
    model = palate.LeastSquares(n_factors=16, max_sweeps=10).fit(data.ratings, catalog=data.catalog)
    popular = model.item_vectors(kind="numpy").ids[np.argsort(-np.bincount(data.ratings.item_index))[:50]]
    corrected, raw = (
        model.similar_items(popular.tolist(), 10, shrink=shrink)["n_ratings"].to_numpy() for shrink in (5, 0)
    )
    assert (raw < 10).mean() > 0.2
    assert (corrected < 10).mean() < 0.02
    with pytest.raises(ValueError, match="shrink must be finite and at least 0"):
        model.similar_items(1, shrink=-1)
