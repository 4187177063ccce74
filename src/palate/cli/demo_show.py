"""What `palate demo` prints: the story in six short chapters, as text and tables."""

import polars as pl

from palate.cli.demo_story import (
    GENRE_RATINGS,
    LESSON_ITEM,
    LESSON_USER,
    MIN_RATINGS,
    USER_RATINGS,
    Story,
    Told,
)
from palate.cli.output import COLUMNS, print_heading, print_rows, print_table, print_text
from palate.lesson.trainers import N_FACTORS

_N = 5
_FILM_COLUMNS = tuple(column for column in COLUMNS if column.name not in ("user_id", "rank"))


def show(story: Story) -> None:
    """Print the whole story."""
    _introduce(story)
    _before(story)
    _threshold(story)
    _penalty(story)
    _biases(story)
    _obscure_again(story)
    _sum_up(story)
    _lists(story)


def _introduce(story: Story) -> None:
    ratings, taste = story.data.ratings, story.taste
    side = "above" if taste["liking"] >= 0 else "below"
    print_text(
        f"The data are {len(ratings):,} ratings from {ratings.scale[0]:g} to {ratings.scale[1]:g} stars, "
        f"given to {ratings.n_items:,} films by {ratings.n_users:,} people (MovieLens). "
        f"{len(story.holdout):,} ratings are held out: no model is trained on them, and every model is "
        "tested on them."
    )
    print_heading(f"User {story.user}")
    print_text(
        f"The demo follows one person, who rates {taste['genre']} films {abs(taste['liking']):.2f} stars "
        f"{side} what the quality of the films and the person's average explain. (Of all "
        f"users with {USER_RATINGS[0]} to {USER_RATINGS[1]} ratings and at least {GENRE_RATINGS} in a genre, "
        f"this one has the clearest preference.) These are the highest of {taste['n_ratings']} ratings:",
        "",
    )
    rated = pl.DataFrame(story.default.model.rated(story.user))
    print_table(rated.head(10), _FILM_COLUMNS, drop=("held_out", "mean_rating", "item_id"))


def _before(story: Story) -> None:
    none, lesson = story.none, story.lesson
    print_heading("1. Before: films hardly anyone has seen")
    print_text(
        f"The first model predicts a rating as the product of {N_FACTORS} numbers for the person and "
        f"{N_FACTORS} numbers for the film. Nothing keeps the numbers small. It recommends:",
        "",
    )
    _list(none, story)
    print_text(
        "",
        f"It predicts {none.obscurity.highest:,.0f} stars, for films with a handful of ratings. {N_FACTORS} "
        "numbers fit so few ratings perfectly and say nothing about anyone else. The lesson that this demo "
        f"follows adds a small penalty on large numbers ({LESSON_USER:g} for people and {LESSON_ITEM:g} for "
        "films, per rating), which was chosen for a data set 200 times as large:",
        "",
    )
    _list(lesson, story)
    print_text(
        "",
        "These predictions are still far above 5 stars. Half of the films in everyone's ten best have at "
        f"most {lesson.obscurity.median_n_ratings:g} ratings, and {lesson.outside:.0%} of all predictions "
        "lie outside the scale.",
    )


def _threshold(story: Story) -> None:
    print_heading(f"2. A threshold: only films with at least {MIN_RATINGS} ratings")
    print_text("The model and its predictions stay the same. Films with few ratings are left out:", "")
    _list(story.lesson, story, min_ratings=MIN_RATINGS)
    print_text(
        "",
        "The films are better known at once. But the limit is arbitrary, it also removes good films that are "
        "rare, and the predictions are as wrong as before.",
    )


def _penalty(story: Story) -> None:
    chosen, lesson = story.chosen, story.lesson
    print_heading("3. The right penalty: no threshold needed")
    print_text("Larger penalties are compared by their error on the held-out ratings (RMSE, in stars):", "")
    rows = [
        {
            "penalty": strength,
            "RMSE": told.errors.rmse,
            "median ratings of top 10": told.obscurity.median_n_ratings,
            "": "the lowest error" if told.errors.rmse == chosen.errors.rmse else "",
        }
        for strength, told in story.tried
    ]
    print_rows(rows, "number", "error", "count", "text")
    print_text(
        "", f"With a penalty of {story.strength:g} and no threshold, user {story.user} gets this list:", ""
    )
    _list(chosen, story)
    print_text(
        "",
        f"The error fell from {lesson.errors.rmse:.3f} to {chosen.errors.rmse:.3f}. Half of the films in "
        f"everyone's ten best now have more than {chosen.obscurity.median_n_ratings:g} ratings, because only "
        "many ratings can raise a prediction far above the mean.",
    )


def _biases(story: Story) -> None:
    chosen, default, baseline = story.chosen, story.default, story.baseline
    print_heading("4. With biases: better than the baseline")
    print_text(
        f"Is {chosen.errors.rmse:.3f} a good error? The baseline has {baseline.errors.rmse:.3f}, which is "
        "lower, and it knows nobody's taste: it adds a person's average and a film's average to the mean of "
        "all ratings. The model above must express these averages and the person's taste with the same few "
        "numbers, and the penalty pulls all of them towards zero. palate's default model of ratings learns a "
        f"bias for each person and each film, with a penalty of their own, and {default.model.n_factors} "
        "numbers for taste:",
        "",
    )
    _list(default, story)
    margin = baseline.errors.rmse - default.errors.rmse
    print_text(
        "",
        f"Its RMSE is {default.errors.rmse:.3f}: {abs(margin):.3f} stars "
        f"{'below' if margin > 0 else 'above'} the baseline and "
        f"{chosen.errors.rmse - default.errors.rmse:.3f} below the best model without biases.",
    )


def _obscure_again(story: Story) -> None:
    print_heading("5. The obscure films once more")
    mean = float(story.default.model.global_mean[0])
    print_text(
        f"The films of chapter 1, as each model predicts them (the mean of all ratings is {mean:.2f}):", ""
    )
    films = [pl.DataFrame(told.model.recommend(story.user, _N)) for told in (story.none, story.lesson)]
    table = pl.concat(films).unique("item_id", maintain_order=True)
    headings = ("no penalty", "lesson", "chosen", "with biases")
    predicted = [
        pl.Series(heading, told.model.predict(story.user, table["item_id"]))
        for heading, told in zip(headings, story.models[:4], strict=True)
    ]
    known = pl.col("n_ratings").alias("ratings"), pl.col("mean_rating").alias("mean")
    print_rows(table.select("title", *known, *predicted), "text", "count", *["stars"] * 5)
    print_text(
        "",
        "Where there are few ratings, the penalty keeps a prediction close to the mean. With biases, it "
        "stays close to what the film's few ratings and this person's other ratings suggest.",
    )


def _sum_up(story: Story) -> None:
    print_heading("All models, on the same held-out ratings")
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
    print_text(
        "",
        "RMSE and MAE are errors in stars, with predictions clipped to the scale. Median ratings is the "
        "median number of ratings of the films in everyone's ten best, outside the share of all predictions "
        "outside the scale, and highest the highest prediction in stars.",
    )


def _lists(story: Story) -> None:
    lists, evaluation = story.lists, story.lists.evaluation
    print_heading("6. A list that this person would take")
    print_text(
        "The lists above are ordered by predicted rating. That is not how people choose: most films that "
        "they would rate highly are films that they would never pick. Without options, palate train fits "
        "two models. One predicts what a person is likely to choose, the other how the person would rate "
        f"it, and lists are ordered by both. The list for user {story.user}:",
        "",
    )
    frame = pl.DataFrame(lists.model.recommend(story.user, _N))
    print_table(frame, _FILM_COLUMNS, drop=("item_id",))
    print_text(
        "", "Lists of ten films for everyone, compared with what people liked of the held-out films:", ""
    )
    _compared(story)
    ours, popular = (evaluation.value("ndcg@10", model=name) for name in (lists.both, "most popular"))
    clear = ", and the difference is clear (paired 95% interval)."
    if "most popular" in evaluation.unbeaten(lists.both):
        clear = "; the difference is not clear."
    print_text(
        "",
        "nDCG@10 is 1 when the films that a person liked are at the top of the list, and 0 when none of them "
        f"is in it. The default lists reach {ours / popular:.1f} times the nDCG@10 of the most popular films"
        f"{clear}",
    )


def _compared(story: Story) -> None:
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


def _list(told: Told, story: Story, min_ratings: int = 0) -> None:
    frame = pl.DataFrame(told.model.recommend(story.user, _N, min_ratings=min_ratings))
    print_table(frame, _FILM_COLUMNS, drop=("item_id",))
