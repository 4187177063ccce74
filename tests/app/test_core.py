"""The core: lists equal those of the model's own verbs, live ratings, search, explanations, swaps."""

import dataclasses
import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import palate
import served_models
from palate.app.core import Core
from palate.app.errors import (
    ActivationError,
    BadRating,
    BadRows,
    CannotAnswer,
    UnknownItem,
    UnknownModel,
    UnknownUser,
)
from palate.app.titles import TitleIndex
from palate.data.matrix import RatingMatrix
from palate.heads.chance import ChanceByPlace
from palate.model.keras.network import NetworkModel
from palate.store.changes import StoreError
from palate.store.memory import MemoryStore


def kinds():
    ratings, catalog = served_models.ratings(), served_models.catalog()
    return {
        "least squares": served_models.point_model(),
        "two heads": served_models.two_heads(),
        "linear": palate.LinearItems().fit(ratings, catalog=catalog),
        "baseline": palate.Baseline().fit(ratings, catalog=catalog),
    }


STEEP = ChanceByPlace(level=0.5, shift=0.0, slope=1.0, average=0.011, activity=1.0, usual=20.0)
KINDS = ("least squares", "two heads", "linear", "baseline")


@pytest.fixture(scope="module")
def models():
    return kinds()


@pytest.fixture
def core():
    return Core({"a": served_models.point_model(), "b": served_models.two_heads()})


def test_a_scale_that_is_very_wide_has_no_steps():
    ratings = palate.Ratings.from_arrays(["al", "al", "bo"], [1, 2, 1], [1, 5, 3], scale=(0, 1e12))
    core = Core({"wide": palate.Baseline().fit(ratings, validation=0)})
    assert core.model_info("wide").levels is None


def test_a_model_that_cannot_fold_users_in_is_served_to_its_own():
    ratings, rng = served_models.ratings(), np.random.default_rng(0)
    sizes = (len(ratings.users) + 1, 2), (len(ratings.items) + 1, 2)
    users, items = (rng.normal(size=size).astype(np.float32) for size in sizes)
    model = NetworkModel(
        users=ratings.users,
        items=ratings.items,
        ratings=RatingMatrix.from_ratings(ratings),
        user_vectors=users,
        item_vectors=items,
        layers=((rng.normal(size=(4, 1)).astype(np.float32), np.zeros(1, np.float32)),),
        mean=3.0,
        scale=ratings.scale,
    )
    core = Core({"network": model})
    answer, item = core.recommend("u0", n=3), str(ratings.items.id(0))
    assert answer.items == tuple(map(str, model.recommend("u0", 3)["item_id"].to_list()))
    with pytest.raises(CannotAnswer, match="model 'network' cannot use new ratings"):
        core.recommend(ratings={item: ratings.scale[1]})


@pytest.mark.parametrize("kind", KINDS)
def test_lists_of_stored_users_are_those_of_the_model(models, kind):
    model, core = models[kind], Core({"m": models[kind]})
    for user in ("u0", "u7"):
        answer = core.recommend(user, n=7)
        frame = model.recommend(user, 7)
        assert answer.items == tuple(map(str, frame["item_id"].to_list()))
        assert answer.source == "stored"
        if "predicted_rating" in frame.columns:
            assert [row.predicted_rating for row in answer.rows] == frame["predicted_rating"].to_list()
        if "chance" in frame.columns:
            assert [row.chance for row in answer.rows] == frame["chance"].to_list()


@pytest.mark.parametrize("caution", [0.0, 0.3])
def test_chances_are_in_words_as_in_the_frame(models, caution):
    heads = dataclasses.replace(models["two heads"].heads, chance=STEEP)
    model = dataclasses.replace(models["two heads"], heads=heads)
    core = Core({"m": model})
    said = model.recommend("u7", 30, caution=caution, words=True)["in_words"].to_list()
    rows = core.recommend("u7", n=30, caution=caution).rows
    assert [row.likely for row in rows] == [words.split(";")[0] for words in said]
    assert len({row.likely for row in rows}) > 1
    plain = Core({"m": models["least squares"]}).recommend("u7")
    assert {row.likely for row in plain.rows} == {""}


@pytest.mark.parametrize("kind", KINDS)
def test_lists_of_live_users_are_those_of_fold_in(models, kind):
    model, core = models[kind], Core({"m": models[kind]})
    own = {0: 5.0, 2: 4.5, 3: 1.0}
    for item, value in own.items():
        core.rate("dee", str(item), value)
    frame = model.recommend(model.fold_in(own), 9)
    answer = core.recommend("dee", n=9)
    assert (answer.source, answer.items) == ("fold-in", tuple(map(str, frame["item_id"].to_list())))
    anonymous = core.recommend(ratings={str(item): value for item, value in own.items()}, n=9)
    assert (anonymous.source, anonymous.items) == ("fold-in", answer.items)


@pytest.mark.parametrize("kind", KINDS)
def test_a_live_rating_of_a_training_item_replaces_it(models, kind):
    model, core = models[kind], Core({"m": models[kind]})
    rated = {row["item_id"]: row["rating"] for row in model.rated("u4").to_dicts()}
    first = next(iter(rated))
    core.rate("u4", str(first), 0.5)
    wanted = model.recommend(model.fold_in({**rated, first: 0.5}), 8)["item_id"].to_list()
    assert core.recommend("u4", n=8).items == tuple(map(str, wanted))
    shown = {one.item.id: (one.rating, one.origin) for one in core.ratings("u4")}
    assert shown[str(first)] == (0.5, "live")
    assert len(shown) == len(rated)


@pytest.mark.parametrize("kind", KINDS)
def test_users_who_are_folded_in_together_are_as_they_are_alone(models, kind):
    alone, rng = Core({"m": models[kind]}), np.random.default_rng(5)
    users = [f"u{place}" for place in range(5)] + [f"new {place}" for place in range(70)]
    for place, user in enumerate(users):
        for item in rng.permutation(40)[: 1 + place % 7]:
            alone.rate(user, str(item), None if place % 9 == 0 else float(1 + item % 5))
    alone.unrate("u4", "3")
    together = Core({"m": models[kind]}, store=alone.store)
    for user in users:
        one, other = together.recommend(user, n=9), alone.recommend(user, n=9)
        assert (one.source, one.items) == (other.source, other.items)
        scores = [[row.score for row in answer.rows] for answer in (one, other)]
        np.testing.assert_allclose(*scores, rtol=5e-7, atol=1e-6)  # products of several rows round otherwise


@settings(max_examples=40, deadline=None)
@given(
    changes=st.lists(
        st.tuples(
            st.sampled_from(["u0", "u3", "new"]),
            st.integers(0, 39),
            st.sampled_from([None, 0.5, 3.0, 5.0, "remove"]),
        ),
        max_size=12,
    ),
    exclude_seen=st.booleans(),
    caution=st.sampled_from([0.0, 0.5]),
    diversity=st.sampled_from([0.0, 0.5]),
)
def test_what_is_rated_live_never_comes_back(changes, exclude_seen, caution, diversity):
    core, live = Core({"a": served_models.point_model()}), {}
    for user, item, value in changes:
        if value == "remove":
            core.unrate(user, str(item))
        else:
            core.rate(user, str(item), value)
        live[user, str(item)] = value
    for user in ("u0", "u3", "new"):
        how = {"exclude_seen": exclude_seen, "caution": caution, "diversity": diversity}
        listed = core.recommend(user, n=40, **how).items
        hidden = {item for (who, item), value in live.items() if who == user and value != "remove"}
        assert not hidden & set(listed)
        assert len(set(listed)) == len(listed)


def test_taking_back_lets_an_item_return(core):
    first = core.recommend("u1").items[0]
    core.rate("u1", first, 4.0)
    assert first not in core.recommend("u1", n=40).items
    core.unrate("u1", first)
    assert first in core.recommend("u1", n=40).items
    trained = core.ratings("u1")[0].item.id
    core.unrate("u1", trained)
    assert trained in core.recommend("u1", n=40).items
    assert trained not in {one.item.id for one in core.ratings("u1")}


def test_seen_without_opinion_hides_the_item_and_changes_no_score(core):
    before = core.recommend("u2", n=5)
    core.rate("u2", before.items[0], None)
    after = core.recommend("u2", n=4)
    assert after.items == before.items[1:]
    assert [row.score for row in after.rows] == pytest.approx(
        [row.score for row in before.rows[1:]], abs=2e-3
    )
    assert core.ratings("u2")[0].state == "seen"


def test_unknown_users_get_what_is_popular_and_it_is_said(core):
    answer = core.recommend("nobody", n=5)
    counts = served_models.point_model().ratings.item_counts()
    assert answer.source == "popular fallback"
    assert [int(item) for item in answer.items] == np.argsort(-counts, kind="stable")[:5].tolist()
    with pytest.raises(UnknownUser, match="'nobody' is unknown"):
        core.user("nobody")
    with pytest.raises(UnknownUser):
        core.ratings("nobody")


def test_pages_are_parts_of_one_list(core):
    whole = core.recommend("u5", n=12)
    pages = [core.recommend("u5", n=5, offset=at) for at in (0, 5, 10)]
    assert tuple(item for page in pages for item in page.items)[:12] == whole.items
    assert [row.rank for row in pages[1].rows] == [6, 7, 8, 9, 10]
    assert core.recommend("u5", n=5, offset=1000).rows == ()
    popular = core.recommend("nobody", n=3, offset=2)
    assert [row.rank for row in popular.rows] == [3, 4, 5]


@pytest.mark.parametrize(
    ("asked", "got"),
    [({}, "neither"), ({"user": "1", "ratings": {}}, "both"), ({"user": "", "ratings": {}}, "both")],
)
def test_a_list_is_of_a_user_or_of_ratings(core, asked, got):
    with pytest.raises(ValueError, match=f"either a user or ratings; got {got}."):
        core.recommend(**asked)


def test_filters_are_those_of_the_model(core):
    where = {"genres": "Comedy", "year": (1965, 1990)}
    wanted = served_models.point_model().recommend("u6", 40, where=where, min_ratings=5)["item_id"].to_list()
    for _ in range(2):
        assert core.recommend("u6", n=40, where=where, min_ratings=5).items == tuple(map(str, wanted))


@pytest.mark.parametrize("kind", KINDS)
def test_diversity_is_that_of_the_model_page_by_page(models, kind):
    core = Core({"m": models[kind]})
    wanted = tuple(map(str, models[kind].recommend("u8", 8, diversity=0.6)["item_id"].to_list()))
    assert core.recommend("u8", n=8, diversity=0.6).items == wanted
    assert core.recommend("u8", n=3, offset=5, diversity=0.6).items == wanted[5:]
    other, likeness = core.most_alike(wanted[0], wanted[1:])
    assert other in wanted[1:]
    assert -1 <= likeness <= 1


def test_a_model_that_knows_no_likeness_has_no_diversity(core):
    with pytest.raises(ValueError, match=r"diversity must be between 0 and 1; got 1\.5"):
        core.recommend("u8", diversity=1.5)
    without = Core({"m": palate.Baseline().fit(served_models.ratings())})
    assert not without.model_info().knows_likeness
    with pytest.raises(CannotAnswer, match="diversity must be 0 for model 'm'"):
        without.recommend("u8", diversity=0.5)
    with pytest.raises(CannotAnswer, match="has no similarities of items"):
        without.most_alike("1", ["2"])


def test_caution_is_that_of_the_model_and_zero_is_the_order_of_scores(core):
    frame = served_models.point_model().recommend("u8", 6, caution=0.8)
    answer = core.recommend("u8", n=6, caution=0.8)
    assert answer.items == tuple(map(str, frame["item_id"].to_list()))
    assert [row.score for row in answer.rows] == frame["score"].to_list()
    plain = core.recommend("u8", n=40, caution=0.0)
    assert [row.score for row in plain.rows] == sorted((row.score for row in plain.rows), reverse=True)
    with pytest.raises(ValueError, match="caution must be between -1 and 1"):
        core.recommend("u8", caution=1.0)
    linear = Core({"m": kinds()["linear"]})
    with pytest.raises(CannotAnswer, match="has no standard errors"):
        linear.recommend("u8", caution=0.5)


def test_uncertainty_and_reasons_are_added_where_asked(core):
    rows = core.recommend("u9", n=3, explain=("why", "uncertainty")).rows
    assert all(
        row.low < row.predicted_rating < row.high and row.sd > 0 and "expected" in row.in_words
        for row in rows
    )
    assert all(1 <= len(row.why) <= 3 and all(part.rating is not None for part in row.why) for row in rows)
    with pytest.raises(ValueError, match="explain must be of 'why', 'uncertainty'; got 'what'"):
        core.recommend("u9", explain=("what",))


def test_reasons_of_two_heads_are_those_of_being_chosen(core):
    row = core.recommend("u9", n=1, model="b", explain=("why",)).rows[0]
    chosen = [part for part in core.explain("u9", row.item.id, "b", by="chosen").parts if part.item]
    best = sorted(chosen, key=lambda part: -part.contribution)[:3]
    assert row.why == tuple(part for part in best if part.contribution > 0)
    assert row.why != core.explain("u9", row.item.id, "b").parts[:3]


@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_of_an_explanation_add_up_for_live_users_too(models, kind):
    core = Core({"m": models[kind]})
    core.rate("dee", "0", 5.0)
    core.rate("dee", "2", 4.0)
    found = core.explain("dee", "7")
    assert math.fsum(part.contribution for part in found.parts) == pytest.approx(found.score, abs=1e-4)
    assert {part.item.id for part in found.parts if part.item} == {"0", "2"}
    with pytest.raises(CannotAnswer, match=r"user '.*' has none"):
        core.explain("nobody", "7")


def test_search_folds_accents_and_puts_the_better_known_first(core):
    assert core.search("AMELIE")[0].title == "Amélie"
    assert {one.title for one in core.search("matrix")} == {"The Matrix", "The Matrix Reloaded"}
    assert core.search("matrix")[0].title == "The Matrix"  # a whole title
    assert core.search("שלום")[0].id == "3"
    assert core.search("<script>")[0].title == "<script>alert(1)</script>"
    assert core.search("17")[0].id == "17"
    assert core.search("  ") == []
    index = TitleIndex(["1", "2"], ["Heat wave", "Heat pump"], [None, None], np.array([1, 9]))
    assert index.search("heat", 5).tolist() == [1, 0]


def test_ids_are_texts_and_only_as_the_model_writes_them(core):
    assert core.item("7").id == "7"
    for text in ("07", "+7", " 7", "7.0", "seven", "4_0", "", "-1", "٧", "9" * 400):
        with pytest.raises(UnknownItem):
            core.item(text)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "finite"),
        (float("inf"), "finite"),
        (1e308, "finite"),
        (0.4, "within the scale 0.5 to 5"),
        (5.5, "within the scale"),
        (True, "a number"),
        ("4", "a number"),
    ],
)
def test_ratings_that_cannot_be_are_refused_and_nothing_is_kept(core, value, message):
    with pytest.raises(BadRating, match=message):
        core.rate("dee", "1", value)
    assert core.store.n_ratings == 0
    with pytest.raises(ValueError, match=message):
        core.recommend(ratings={"1": value})


@pytest.mark.parametrize("kind", ["ratings", "counts"])
def test_models_of_choices_refuse_ratings_that_they_cannot_grade(kind):
    rng = np.random.default_rng(5)
    users, items = np.nonzero(rng.random((30, 12)) < 0.5)
    ratings = palate.Ratings.from_arrays(users, items, rng.integers(1, 6, len(users)), scale=(1, 5))
    wrong, message = {"ratings": (9, "within the scale 1 to 5"), "counts": (-1, "a count of at least 0")}[
        kind
    ]
    for trainer in (palate.LinearItems(grades=kind), palate.Spectral(n_factors=4, grades=kind)):
        core = Core({"choices": trainer.fit(ratings)})
        with pytest.raises(BadRating, match=message):
            core.rate("1", "1", wrong)
        with pytest.raises(BadRating, match=message):
            core.recommend(ratings={"1": wrong})
        core.rate("1", "1", 5)
        assert core.recommend("1").items


def test_of_a_wrong_batch_nothing_is_kept_and_every_wrong_row_is_named(core):
    with pytest.raises(BadRows, match=r"row 1 is wrong.*1 more") as said:
        core.rate_many([("al", "1", 3.0), ("al", "none", 3.0), ("bo", "2", 3.0), ("bo", "2", 9.0)])
    assert [place for place, _ in said.value.problems] == [1, 3]
    assert core.store.n_ratings == 0
    core.rate_many([("al", "1", 3.0), ("al", "2", None)])
    assert core.store.n_ratings == 2


@pytest.mark.parametrize("user", ["", "x" * 257, "é" * 129, "a\0b", "\ud800"])
def test_ids_that_cannot_be_are_refused(core, user):
    with pytest.raises(ValueError, match="an id must"):
        core.rate(user, "1", 3.0)


def test_a_forgotten_user_is_left_out_at_once(core):
    core.rate("u3", "1", 5.0)
    assert core.user("u3").n_model_ratings > 0
    assert core.forget("u3").n_deleted == 1
    assert core.recommend("u3").source == "popular fallback"
    with pytest.raises(UnknownUser):
        core.user("u3")
    core.rate("u3", "2", 4.0)  # who comes back begins anew
    assert (core.recommend("u3").source, core.user("u3").n_model_ratings) == ("fold-in", 0)
    assert [one.item.id for one in core.ratings("u3")] == ["2"]


def test_models_are_compared_item_by_item(core):
    found = core.compare("u1", "a", "b", n=10)
    assert (found.first.model_id, found.second.model_id) == ("a", "b")
    assert set(found.shared) == set(found.first.items) & set(found.second.items)
    with pytest.raises(UnknownModel, match="there is no model 'c'; there are 'a', 'b'"):
        core.compare("u1", "a", "c")


def test_similar_items_are_those_of_the_model(core):
    wanted = served_models.point_model().similar_items(5, 4)["item_id"].to_list()
    assert [one.item.id for one in core.similar("5", 4)] == list(map(str, wanted))


def test_models_of_different_scales_are_not_served_together():
    other = palate.Baseline().fit(palate.Ratings.from_arrays(["a"], [1], [7.0], scale=(1, 10)), validation=0)
    with pytest.raises(ValueError, match="the same rating scale"):
        Core({"a": served_models.point_model(), "b": other})


def test_a_model_without_ratings_says_what_it_needs(tmp_path):
    served_models.point_model().save(tmp_path / "bare.palate", ratings=False)
    core = Core.open([tmp_path / "bare.palate"])
    with pytest.raises(CannotAnswer, match="exclude_seen must be false"):
        core.recommend("u1")
    assert core.recommend("u1", exclude_seen=False).source == "stored"
    assert core.recommend(ratings={"1": 4.0}).source == "fold-in"
    with pytest.raises(CannotAnswer, match="saved without"):
        core.explain("u1", "1")
    first = core.recommend("u1", exclude_seen=False).items[0]
    core.rate("u1", first, 4.0)
    assert first not in core.recommend("u1", exclude_seen=False, n=40).items


def test_activation_swaps_and_says_the_new_version(tmp_path):
    path = served_models.saved(tmp_path / "films.palate")
    core = Core.open([path])
    core.rate("dee", "1", 4.0)
    before = core.models[0].version
    assert core.activate("films").version == before  # nothing changed
    served_models.saved(path, seed=1)
    held = core.now()
    info = core.activate("films")
    assert info.version != before
    assert core.recommend("dee").model_version == info.version
    assert held.recommend("dee").model_version == before
    assert core.recommend("dee").source == "fold-in"


@pytest.mark.parametrize("damage", ["cut", "text", "gone", "empty", "flipped"])
def test_a_broken_file_keeps_the_old_model(tmp_path, damage):
    path = served_models.saved(tmp_path / "films.palate")
    core = Core.open([path])
    before, whole = core.recommend("u1"), path.read_bytes()
    broken = {
        "cut": whole[:-100],
        "text": b"not a model",
        "empty": b"",
        "gone": None,
        "flipped": whole[:-50] + bytes([whole[-50] ^ 1]) + whole[-49:],
    }[damage]
    path.unlink()
    if broken is not None:
        path.write_bytes(broken)
    with pytest.raises(ActivationError, match=f"Version {before.model_version} stays in use"):
        core.activate("films")
    assert core.recommend("u1") == before
    assert core.last_failure is not None
    if damage == "gone":
        assert f"{path} cannot be read: No such file or directory." in core.last_failure
    path.write_bytes(whole)
    core.activate("films")
    assert core.last_failure is None


def test_a_model_off_the_scale_of_live_ratings_is_refused(tmp_path):
    core = Core({"a": served_models.point_model()})
    core.rate("dee", "1", 0.5)
    other = palate.LeastSquares(n_factors=2).fit(
        palate.Ratings.from_arrays(["u", "v"], [1, 2], [3.0, 9.0], scale=(1, 10)), validation=0
    )
    other.save(tmp_path / "other.palate")
    with pytest.raises(ActivationError, match=r"within the scale 1 to 10; got 0\.5"):
        core.activate("a", tmp_path / "other.palate")
    assert core.recommend("dee").source == "fold-in"


def test_an_unknown_model_needs_a_path(core, tmp_path):
    with pytest.raises(UnknownModel):
        core.activate("c")
    core.activate("c", served_models.saved(tmp_path / "x.palate"))
    assert [model.id for model in core.models if model.active] == ["c"]


def test_a_store_that_fails_keeps_nothing():
    class Broken(MemoryStore):
        def write(self, changes):
            raise StoreError("the disk is full")

    core = Core({"a": served_models.point_model()}, store=Broken())
    with pytest.raises(StoreError, match="full"):
        core.rate("dee", "1", 4.0)
    assert core.recommend("dee").source == "popular fallback"


def test_two_files_of_one_name_are_refused(tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(ValueError, match="'films' appears twice"):
        Core.open([tmp_path / "films.palate", tmp_path / "x" / "films.palate"])
    with pytest.raises(ValueError, match="at least one model"):
        Core.open([])


def test_answers_are_right_while_others_rate():
    core, wrong = Core({"a": served_models.point_model()}), []

    def work(who):
        for place in range(30):
            item = str(place)
            core.rate(f"w{who}", item, 3.0)
            if item in core.recommend(f"w{who}", n=40).items:
                wrong.append((who, item))

    threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []


def test_each_of_two_heads_is_explained():
    core = Core({"both": served_models.two_heads(), "one": served_models.point_model()})
    stars, chosen = core.explain("u9", "7", "both"), core.explain("u9", "7", "both", "chosen")
    assert stars.in_words.startswith("The prediction for user 'u9' and ")
    assert chosen.in_words.startswith("The score for user 'u9' and ")
    for found in (stars, chosen):
        assert sum(part.contribution for part in found.parts) == pytest.approx(found.score, abs=1e-4)
    core.rate("new", "3", 5.0)
    assert {part.item.id for part in core.explain("new", "7", "both", "chosen").parts} == {"3"}
    with pytest.raises(CannotAnswer, match="by is for a model of two heads; model 'one' has one"):
        core.explain("u9", "7", "one", "chosen")


@pytest.mark.parametrize(
    ("values", "scale", "wanted"),
    [
        ([1, 2, 4], (1, 5), (1, 2, 3, 4, 5)),
        ([0.5, 2, 4], (0.5, 5), tuple(np.arange(1, 11) / 2)),
        ([1, 2.5, 4], (1, 5), tuple(np.arange(2, 11) / 2)),
        ([1, 2, 3.7], (1, 5), None),
        ([1, 2, 3], (1, 100), None),
    ],
)
def test_a_rating_is_chosen_among_the_steps_that_all_ratings_are_on(values, scale, wanted):
    ratings = palate.Ratings.from_arrays(["a", "b", "c"], ["x", "y", "z"], values, scale=scale)
    core = Core({"m": palate.Baseline().fit(ratings, validation=0)})
    assert core.model_info("m").levels == wanted
    core.rate("new", "x", 3.3)  # every rating on the scale is taken
