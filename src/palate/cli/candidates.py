"""The table of choice models that a recommender was chosen from."""

from typing import TYPE_CHECKING

from palate.cli.output import print_rows, print_text

if TYPE_CHECKING:
    from palate.model.model import Model

_FAR = 100  # times as good as the most popular items, above which the number says no more


def show_candidates(model: "Model") -> None:
    """Print the choice models that were tried, best first."""
    import polars as pl

    table = model.trainer.get("candidates")
    if not table:
        return
    frame = pl.DataFrame(table).sort("ndcg", descending=True, maintain_order=True)
    held_out, chose = _held_out(model)
    print_text("", f"Lists for held-out {held_out}:", "")
    shown = frame.select(pl.col("name").alias("choice model"), pl.col("ndcg").alias("nDCG@10"), "seconds")
    print_rows(shown, "text", "error", "stars")
    best, popular = frame["ndcg"][0], frame.filter(name="most popular")["ndcg"][0]
    meaning = (
        f"nDCG@10 is 1 if the list of ten begins with what the user {chose}, and 0 if it has none of it."
    )
    print_text("", f"{meaning} {beside_popular(best, popular)}")


def beside_popular(best: float, popular: float) -> str:
    """Return how the best lists compare with those of the most popular items.

    Examples
    --------
    >>> beside_popular(0.25, 0.1)
    'That of the best lists is 2.5 times that of the most popular items.'
    >>> beside_popular(0.25, 0.0001)
    'The most popular items are hardly ever among them.'
    """
    if best <= popular:
        return (
            "No model has better lists than the most popular items. There may be too little data, or "
            "users may have similar tastes."
        )
    if best > _FAR * popular:
        return "The most popular items are hardly ever among them."
    return f"That of the best lists is {best / popular:.1f} times that of the most popular items."


def _held_out(model: "Model") -> tuple[str, str]:
    """Return what the held-out ratings of the lists are, and what users did with these items."""
    heads = getattr(model, "heads", None)
    if heads is None or heads.liked_from == float("-inf"):
        return "choices", "chose"
    return f"ratings of {heads.liked_from:g} or more, which count as liked", "liked"
