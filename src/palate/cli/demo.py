"""`palate demo`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate import datasets
from palate._files import replace_file
from palate.cli import options
from palate.cli.arguments import known_id
from palate.cli.hyperparameters import given
from palate.cli.input import busy
from palate.cli.output import print_heading, print_json, print_text, print_verbatim
from palate.cli.writing import check_default, check_writable, instead

if TYPE_CHECKING:
    from palate.cli.demo_story import Story
    from palate.model.answers import Answers

MODEL, LISTS, PLOT = "model.palate", "lists.palate", "plot.png"


def demo(
    ctx: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o")] = Path("palate-demo"),
    user: int | None = None,
    overwrite: bool = False,
    as_json: options.Json = False,
) -> None:
    """Show on the film ratings that come with palate why recommendations are often obscure, and what helps.

    Example:

        palate demo

    Parameters
    ----------
    output : FOLDER
        Folder for the model and the plot.
    user : USER
        User to show; by default one with a clear taste.
    overwrite
        Replace an existing palate-demo if --output is not given.
    """
    from palate.cli.demo_story import tell

    for name in (MODEL, LISTS, PLOT):
        check_default(output / name, named=given(ctx, "output"), overwrite=overwrite, what="folder")
    output.mkdir(parents=True, exist_ok=True)
    check_writable(output / MODEL)
    data = datasets.load("movielens-small")
    if user is not None:
        known_id(data.ratings.users, str(user), "user")
    with busy("training models; the first time palate also compiles its kernels"):
        story = tell(data, user)
    replaced = instead(output / MODEL, output / LISTS, output / PLOT)
    story.default.model.save(output / MODEL)
    story.lists.model.save(output / LISTS)
    plot = _save_plot(story, output / PLOT)
    if as_json:
        print_json(document(story, output, plot))
        return
    from palate.cli.demo_show import show

    show(story)
    _next(story, output, plot, replaced)


def _save_plot(story: "Story", path: Path) -> Path | None:
    """Save the figure, or return None without matplotlib."""
    from palate.cli.demo_plot import draw

    try:
        picture = draw(story)
    except ImportError:
        return None
    replace_file(path, [picture])
    return path


def document(story: "Story", output: Path, plot: Path | None) -> dict[str, Any]:
    """Return the figures of the story for JSON."""
    judged = story.lists.evaluation
    return {
        "output": output / MODEL,
        "plot": plot,
        "user_id": story.user,
        "taste": story.taste,
        "n_train": len(story.data.ratings) - len(story.holdout),
        "n_validation": len(story.holdout),
        "strength": story.strength,
        "models": [
            {
                "name": told.name,
                "rmse": told.errors.rmse,
                "mae": told.errors.mae,
                "median_n_ratings": told.obscurity.median_n_ratings,
                "rare_share": told.obscurity.rare_share,
                "outside_share": told.outside,
                "highest": told.obscurity.highest,
                "recommended": _best(told.model, story.user),
            }
            for told in story.models
        ],
        "lists": {
            "output": output / LISTS,
            "recommended": _best(story.lists.model, story.user),
            "ndcg@10": {name: judged.value("ndcg@10", model=name) for name in judged.models},
        },
    }


def _best(model: "Answers", user: object) -> list[int]:
    return [int(item) for item in model.recommend(user, 5)["item_id"]]


def _next(story: "Story", output: Path, plot: Path | None, replaced: str = "") -> None:
    print_heading("Next")
    about_plot = (
        "A plot needs matplotlib: pip install 'palate[plots]'." if plot is None else f"The plot is {plot}."
    )
    print_text(
        f"Saved the model of choices and ratings as {output / LISTS}, and the model of ratings from "
        f"chapter 4 as {output / MODEL}{replaced}. {about_plot}"
    )
    model, lists = (shlex.quote(str(output / name)) for name in (MODEL, LISTS))
    print_text("Try:", "")
    print_verbatim(
        f"  palate rated {lists} {story.user} --n 20",
        f"  palate recommend {lists} {story.user} --n 10",
        f"  palate recommend {lists} --rate 'The Matrix=5' --rate 'Titanic (1997)=1'",
        f"  palate similar {lists} --title 'Toy Story'",
        f"  palate recommend {model} {story.user} --min-ratings 20 --year 1980-1989",
        f"  palate predict {model} {story.user} --title 'Naked Gun'",
        f"  palate info {lists}",
    )
    print_text("", "With ratings of your own: palate train ratings.csv")
