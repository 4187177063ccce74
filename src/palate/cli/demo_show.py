"""What `palate demo` prints: the text of demo.txt, with the figures of the models and with tables."""

from collections.abc import Callable
from functools import partial
from importlib import resources
from typing import Any

import polars as pl

from palate.cli import demo_story
from palate.cli.demo_story import Story
from palate.cli.output import COLUMNS, print_heading, print_rows, print_table, print_text
from palate.model.answers import Answers

_N = 5
_FILM_COLUMNS = tuple(column for column in COLUMNS if column.name not in ("user_id", "rank"))


def show(story: Story) -> None:
    """Print the whole story: the headings (`# ...`), tables (`[name]`) and paragraphs of demo.txt."""
    figures, tables = _figures(story), _tables(story)
    text = resources.files("palate.cli").joinpath("demo.txt").read_text("utf-8")
    below_text = False  # which an empty line separates from what follows; headings bring their own
    for block in text.strip().split("\n\n"):
        is_heading = block.startswith("# ")
        if below_text and not is_heading:
            print_text("")
        below_text = not is_heading
        if is_heading:
            print_heading(block.removeprefix("# ").format(**figures))
        elif block.startswith("["):
            tables[block.strip("[]")]()
        else:
            print_text(" ".join(block.split()).format(**figures))


def _figures(story: Story) -> dict[str, Any]:
    """Return what the text says of the story beside what is in it."""
    evaluation, both = story.lists.evaluation, story.lists.both
    margin = story.baseline.errors.rmse - story.default.errors.rmse
    ours, popular = (evaluation.value("ndcg@10", model=name) for name in (both, "most popular"))
    clear = ", and the difference is clear (paired 95% interval)"
    if "most popular" in evaluation.unbeaten(both):
        clear = "; the difference is not clear"
    return vars(story) | {
        "settings": demo_story,
        "n_ratings": len(story.data.ratings),
        "n_held_out": len(story.holdout),
        "scale": story.data.ratings.scale,
        "liking": abs(story.taste["liking"]),
        "side": "above" if story.taste["liking"] >= 0 else "below",
        "margin": abs(margin),
        "better": "below" if margin > 0 else "above",
        "gain": story.chosen.errors.rmse - story.default.errors.rmse,
        "times": ours / popular,
        "clear": clear,
    }


def _tables(story: Story) -> dict[str, Callable[[], None]]:
    """Return what prints the tables of the text, by their names in it."""
    of_models = {name: getattr(story, name).model for name in ("none", "lesson", "chosen", "default")}
    lists = {name: partial(_list, model, story.user) for name, model in of_models.items()}
    return {
        **lists,
        "rated": partial(_rated, story),
        "threshold": partial(_list, story.lesson.model, story.user, min_ratings=demo_story.MIN_RATINGS),
        "penalties": partial(_penalties, story),
        "obscure films": partial(_obscure_films, story),
        "models": partial(_models, story),
        "choices and ratings": partial(_list, story.lists.model, story.user),
        "orders": partial(_orders, story),
    }


def _rated(story: Story) -> None:
    rated = pl.DataFrame(story.default.model.rated(story.user))
    print_table(rated.head(10), _FILM_COLUMNS, drop=("held_out", "mean_rating", "item_id"))


def _list(model: Answers, user: object, min_ratings: int = 0) -> None:
    frame = pl.DataFrame(model.recommend(user, _N, min_ratings=min_ratings))
    print_table(frame, _FILM_COLUMNS, drop=("item_id",))


def _penalties(story: Story) -> None:
    """Print the errors and the lists of the models without biases by their penalty."""
    rows = [
        {
            "penalty": strength,
            "RMSE": told.errors.rmse,
            "median ratings of top 10": told.obscurity.median_n_ratings,
            "": "the lowest error" if told.errors.rmse == story.chosen.errors.rmse else "",
        }
        for strength, told in story.tried
    ]
    print_rows(rows, "number", "error", "count", "text")


def _obscure_films(story: Story) -> None:
    """Print what every model predicts for the films that the first two recommend."""
    films = [pl.DataFrame(told.model.recommend(story.user, _N)) for told in (story.none, story.lesson)]
    table = pl.concat(films).unique("item_id", maintain_order=True)
    headings = ("no penalty", "lesson", "chosen", "with biases")
    predicted = [
        pl.Series(heading, told.model.predict(story.user, table["item_id"]))
        for heading, told in zip(headings, story.models[:4], strict=True)
    ]
    known = pl.col("n_ratings").alias("ratings"), pl.col("mean_rating").alias("mean")
    print_rows(table.select("title", *known, *predicted), "text", "count", *["stars"] * 5)


def _models(story: Story) -> None:
    """Print the errors of all models, and how obscure their lists are."""
    rows = [
        {
            "model": told.name,
            "RMSE": told.errors.rmse,
            "MAE": told.errors.mae,
            "median ratings": told.obscurity.median_n_ratings,
            "outside": f"{told.outside:.1%}",
            "highest": round(told.obscurity.highest),
        }
        for told in story.models
    ]
    print_rows(rows, "text", "error", "error", "count", "id", "count")


def _orders(story: Story) -> None:
    """Print how good lists of several orders are."""
    lists, evaluation = story.lists, story.lists.evaluation
    named = (
        ("choices and ratings, the default", lists.both),
        ("films like those that the person rated", "neighbours"),
        ("the most popular films, for everyone", "most popular"),
        ("predicted rating, chapter 4", lists.ratings_alone),
        ("predicted rating, the baseline", "baseline"),
    )
    rows = [
        {
            "lists ordered by": label,
            "nDCG@10": evaluation.value("ndcg@10", model=name),
            "lists with a film they liked": f"{evaluation.value('hit_rate@10', model=name):.0%}",
        }
        for label, name in named
    ]
    print_rows(rows, "text", "error", "id")
