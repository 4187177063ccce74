"""What `palate demo` prints: the story in six short chapters, as text and tables."""

from typing import Any

import polars as pl

from palate.cli.demo_story import (
    GENRE_RATINGS,
    LESSON_ITEM,
    LESSON_USER,
    MIN_RATINGS,
    N_FACTORS,
    USER_RATINGS,
    Story,
    Told,
)
from palate.cli.output import COLUMNS, Column, print_heading, print_table, print_text

_N = 5
_FILM_COLUMNS = tuple(column for column in COLUMNS if column.name not in ("user_id", "rank"))
_FIGURES = (
    Column("model", "model"),
    Column("rmse", "RMSE", "error"),
    Column("mae", "MAE", "error"),
    Column("median", "median ratings", "count"),
    Column("outside", "outside", "id"),
    Column("highest", "highest", "count"),
)


def show(story: Story) -> None:
    """Print the whole story."""
    _introduce(story)
    _before(story)
    _threshold(story)
    _penalty(story)
    _biases(story)
    _obscure_again(story)
    _sum_up(story)


def _introduce(story: Story) -> None:
    ratings, taste = story.data.ratings, story.taste
    print_text(
        f"{len(ratings):,} ratings, from {ratings.scale[0]:g} to {ratings.scale[1]:g} stars, of "
        f"{ratings.n_items:,} films by "
        f"{ratings.n_users:,} people (MovieLens). {len(story.holdout):,} of them are held out: no model is "
        f"trained on these, "
        "all are judged by them."
    )
    print_heading(f"User {story.user}")
    print_text(
        f"The person we follow rates {taste['genre']} films {abs(taste['liking']):.2f} stars "
        f"{_above(taste['liking'])} what "
        f"their quality and this person's severity explain. (The rule: of all users with {USER_RATINGS[0]} "
        f"to "
        f"{USER_RATINGS[1]} ratings and at least {GENRE_RATINGS} in a genre, the one with the clearest "
        f"liking.) The highest of "
        f"{taste['n_ratings']} ratings:",
        "",
    )
    rated = pl.DataFrame(story.default.model.rated(story.user))
    print_table(rated.head(10), _FILM_COLUMNS, drop=("held_out", "mean_rating", "item_id"))


def _above(liking: float) -> str:
    return "above" if liking >= 0 else "below"


def _before(story: Story) -> None:
    none, lesson = story.none, story.lesson
    print_heading("1. Before: films hardly anyone has seen")
    print_text(
        f"A film's rating is predicted as the product of {N_FACTORS} numbers for the person and "
        f"{N_FACTORS} for the film, fitted "
        "to the ratings and nothing else. What the model would recommend:",
        "",
    )
    _list(none, story)
    print_text(
        "",
        f"Predictions of {none.obscurity.highest:,.0f} stars, for films with a handful of ratings: "
        f"{N_FACTORS} numbers fit so few "
        "ratings perfectly, and mean nothing elsewhere. The lesson this demo retells put a small penalty "
        "on large numbers "
        f"({LESSON_USER:g} for people and {LESSON_ITEM:g} for films, per rating), made for a data set 200 "
        f"times as large:",
        "",
    )
    _list(lesson, story)
    print_text(
        "",
        f"Still far beyond 5 stars. Half of the films in everyone's ten best have at most "
        f"{lesson.obscurity.median_n_ratings:g} "
        f"ratings, and {lesson.outside:.0%} of all predictions lie outside the scale.",
    )


def _threshold(story: Story) -> None:
    print_heading(f"2. A threshold: only films with at least {MIN_RATINGS} ratings")
    print_text("The same model and the same numbers; rarely rated films are left out (min_ratings).", "")
    _list(story.lesson, story, min_ratings=MIN_RATINGS)
    print_text(
        "",
        "Better known, at once. But the limit is arbitrary, good rare films are lost, and the predictions "
        "are as wrong as before.",
    )


def _penalty(story: Story) -> None:
    chosen, lesson = story.chosen, story.lesson
    print_heading("3. The right penalty: no threshold needed")
    print_text("Larger penalties, each judged by the ratings held out (its error is the RMSE, in stars):", "")
    rows = [
        {
            "penalty": strength,
            "rmse": told.errors.rmse,
            "median": told.obscurity.median_n_ratings,
            "best": "the lowest error" if told.errors.rmse == chosen.errors.rmse else "",
        }
        for strength, told in story.tried
    ]
    columns = (
        Column("penalty", "penalty", "number"),
        Column("rmse", "RMSE", "error"),
        Column("median", "median ratings of top 10", "count"),
        Column("best", ""),
    )
    print_table(pl.DataFrame(rows), columns)
    print_text(
        "", f"The list for user {story.user} with a penalty of {story.strength:g}, without any threshold:", ""
    )
    _list(chosen, story)
    print_text(
        "",
        f"The error fell from {lesson.errors.rmse:.3f} to {chosen.errors.rmse:.3f}, and half of everyone's "
        f"ten best now have more "
        f"than {chosen.obscurity.median_n_ratings:g} ratings: a film must have earned a high prediction by "
        f"many ratings.",
    )


def _biases(story: Story) -> None:
    chosen, default, baseline = story.chosen, story.default, story.baseline
    print_heading("4. With biases: better than the baseline")
    print_text(
        f"Is {chosen.errors.rmse:.3f} good? A baseline that knows no taste at all (the mean, plus how "
        f"generous a person is, plus "
        f"how well a film is liked) has {baseline.errors.rmse:.3f}: better. The model without biases must "
        f"tell with the same few "
        "numbers, all pulled towards zero, what everybody likes and what this person likes; a penalty that "
        "is strong enough "
        "against chance also presses down what everybody knows. palate's default model gives each person "
        "and each film "
        f"a bias of its own, with a penalty of its own, and leaves the products ({default.model.n_factors} "
        f"numbers) to taste:",
        "",
    )
    _list(default, story)
    margin = baseline.errors.rmse - default.errors.rmse
    print_text(
        "",
        f"RMSE {default.errors.rmse:.3f}: {abs(margin):.3f} stars {'below' if margin > 0 else 'above'} the "
        f"baseline and "
        f"{chosen.errors.rmse - default.errors.rmse:.3f} below the best model without biases.",
    )


def _obscure_again(story: Story) -> None:
    print_heading("5. The obscure films once more")
    mean = float(story.default.model.global_mean[0])
    print_text(
        f"What the models say of the films of chapter 1 now (the mean of all ratings is {mean:.2f}):", ""
    )
    films = [pl.DataFrame(told.model.recommend(story.user, _N)) for told in (story.none, story.lesson)]
    table = pl.concat(films).unique("item_id", maintain_order=True)
    columns = [
        Column("title", "title"),
        Column("n_ratings", "ratings", "count"),
        Column("mean_rating", "mean", "stars"),
    ]
    headings = ("no penalty", "lesson", "chosen", "with biases")
    for heading, told in zip(headings, story.models[:4], strict=True):
        table = table.with_columns(pl.Series(heading, told.model.predict(story.user, table["item_id"])))
        columns.append(Column(heading, heading, "stars"))
    print_table(table, tuple(columns))
    print_text(
        "",
        "With so little evidence, the penalty draws them back towards the mean; with biases, towards what "
        "their few raters and "
        "this person's other ratings support.",
    )


def _sum_up(story: Story) -> None:
    print_heading("All models, on the same held-out ratings")
    rows = [
        {
            "model": told.name,
            "rmse": told.errors.rmse,
            "mae": told.errors.mae,
            "median": told.obscurity.median_n_ratings,
            "outside": f"{told.outside:.1%}",
            "highest": round(told.obscurity.highest),
        }
        for told in story.models
    ]
    print_table(pl.DataFrame(rows), _FIGURES)
    print_text(
        "",
        "RMSE and MAE: error in stars, predictions clipped to the scale. Median ratings: of the films in "
        "everyone's ten best. "
        "Outside: share of all predictions outside the scale. Highest: the highest prediction, in stars.",
    )


def _list(told: Told, story: Story, **filters: Any) -> None:
    frame = pl.DataFrame(told.model.recommend(story.user, _N, **filters))
    print_table(frame, _FILM_COLUMNS, drop=("item_id",))
