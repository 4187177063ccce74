"""The coding questions: q1, q4, q5."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np

from palate.lesson import setting, texts
from palate.lesson.question import Coding
from palate.lesson.recommenders import check_recommender
from palate.lesson.surroundings import ids_of, is_frame
from palate.lesson.verdict import Verdict


class Predicts(Protocol):
    """A model of the lesson, palate's or Keras' own."""

    @property
    def predict(self) -> Callable[..., Any]: ...


def check_l2_reccs(
    answer: object, around: dict[str, Any], *, model: "Predicts | None" = None, user_id: object = None
) -> Verdict:
    """Return the verdict on the five best films of the model with a penalty.

    Parameters
    ----------
    answer : frame with a column movieId or item_id
    around : dict
        The notebook's variables: l2_model, model, uid; the lesson's where there are none.
    model, user_id : optional
        Instead of the notebook's l2_model and uid.
    """
    if answer is None or (hasattr(answer, "__len__") and len(answer) == 0):
        return Verdict(
            False, "l2_reccs is empty: assign recommend(l2_model, uid) to it, with your recommend of q1."
        )
    ids = ids_of(answer) if is_frame(answer) else None
    if ids is None:
        return Verdict(
            False,
            f"l2_reccs must be a frame with a column movieId, as recommend returns; got a "
            f"{type(answer).__name__}.",
        )
    here: dict[str, Any] = {
        "l2_model": model or around.get("l2_model"),
        "model": around.get("model"),
        "uid": around.get("uid"),
    }
    if here["l2_model"] is None or here["uid"] is None:
        lesson = setting.setup()
        here = {name: getattr(lesson, name) if value is None else value for name, value in here.items()}
    user = here["uid"] if user_id is None else user_id
    return _compare(ids.to_list(), _films(around), here["l2_model"], here["model"], user)


def _films(around: dict[str, Any]) -> list[Any]:
    """Return the ids of the notebook's films, or of the lesson's."""
    for name in ("movies", "movies_df"):
        if is_frame(around.get(name)) and (ids := ids_of(around[name])) is not None:
            return ids.to_list()
    return ids_of(setting.setup().movies).to_list()  # type: ignore[union-attr]


def _compare(
    ids: list[Any], films: list[Any], model: "Predicts", plain: "Predicts | None", user: object
) -> Verdict:
    """Compare a list with the five best films of the model with a penalty.

    They are of all films or of those that the user has not rated.
    """
    if strange := [item for item in ids if item not in set(films)]:
        return Verdict(False, f"l2_reccs has movieId {strange[0]!r}, which is no film of the lesson.")
    predicted = dict(zip(films, _predicted(model, user, films), strict=True))
    mine = np.array([predicted[item] for item in ids])
    seen = _seen(model, user)
    for left_out in (set(), seen):
        best = sorted((predicted[item] for item in films if item not in left_out), reverse=True)[:5]
        if len(mine) == len(best) and np.allclose(mine, best, atol=1e-4):
            return Verdict(
                True, "these are the five best films of l2_model. Look at n_ratings: they are well known now."
            )
    if len(ids) != 5:
        return Verdict(
            False,
            f"l2_reccs has {len(ids)} films; there must be 5: recommend(l2_model, uid) has n=5 by default.",
        )
    if np.allclose(np.sort(mine)[::-1], best, atol=1e-4) or set(ids) == set(_top(films, predicted)):
        return Verdict(
            False, "l2_reccs has the right films in the wrong order: the highest prediction comes first."
        )
    if plain is not None and ids == _top(
        films, dict(zip(films, _predicted(plain, user, films), strict=True))
    ):
        return Verdict(
            False,
            "l2_reccs is the list of model, without a penalty: pass l2_model, recommend(l2_model, uid).",
        )
    return Verdict(
        False,
        f"l2_reccs is not the list of l2_model for user {user!r}: its first film has a prediction of "
        f"{mine[0]:+.2f} about the mean, and the highest is {max(predicted.values()):+.2f}. Let q1 check "
        "your recommend, then assign recommend(l2_model, uid).",
    )


def _predicted(model: "Predicts", user: Any, films: list[Any]) -> list[float]:
    """Ask any model with Keras' calling form."""
    try:
        values = model.predict([np.repeat(user, len(films)), np.array(films)], verbose=0)
    except TypeError:  # of a model that takes no options
        values = model.predict([np.repeat(user, len(films)), np.array(films)])
    return np.asarray(values, dtype=np.float64).ravel().tolist()


def _top(films: list[Any], predicted: dict[Any, float]) -> list[Any]:
    return sorted(films, key=lambda item: -predicted[item])[:5]


def _seen(model: object, user: object) -> set[Any]:
    """Return what the user has rated, if the model knows."""
    ratings = getattr(model, "ratings", None)
    if ratings is None or not hasattr(model, "users") or not hasattr(model, "items"):
        return set()
    items, _, _ = ratings.row(model.users.index(user))
    return set(model.items.values.gather(items).to_list())


_ABOUT = texts.read("questions.toml")
q1 = Coding(name="q1", judging=partial(check_recommender, name="recommend", threshold=False), **_ABOUT["q1"])
q4 = Coding(
    name="q4", judging=partial(check_recommender, name="recommend_nonobscure", threshold=True), **_ABOUT["q4"]
)
q5 = Coding(name="q5", judging=check_l2_reccs, **_ABOUT["q5"])
