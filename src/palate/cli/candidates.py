"""The table of choice models that a recommender was chosen from."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from palate.model.model import Model


def show_candidates(model: "Model") -> None:
    """Print the choice models that were tried, best first."""
    import polars as pl

    from palate.cli.output import Column, print_table, print_text

    table = model.trainer.get("candidates")
    if not table:
        return
    frame = pl.DataFrame(table).sort("ndcg", descending=True, maintain_order=True)
    columns = (
        Column("name", "choice model", "text"),
        Column("ndcg", "nDCG@10", "error"),
        Column("seconds", "seconds", "stars"),
    )
    print_text("", "Lists for held-out ratings that count as liked:", "")
    print_table(frame, columns)
    best, popular = frame["ndcg"][0], frame.filter(pl.col("name") == "most popular")["ndcg"][0]
    print_text(
        "",
        f"The nDCG of the best lists is {best / popular:.1f} times that of the most popular items."
        if popular and best > popular
        else "No model has better lists than the most popular items. There may be too few ratings, or "
        "users may have similar tastes.",
    )
