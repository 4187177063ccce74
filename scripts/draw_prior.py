"""Draw docs/images/prior.png: the bias of one film as ratings come in."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import palate

ROOT = Path(__file__).resolve().parents[1]
STRENGTH = 3.0


def main():
    ratings = palate.datasets.load("movielens-small").ratings
    film = ratings.items.index(1485, "item id")
    its = ratings.value[ratings.item_index == film] - ratings.value.mean()
    noise = float(np.var(its))
    grid = np.linspace(-2.5, 2.5, 1001)
    figure = Figure(figsize=(11, 3), layout="constrained")
    for axes, n in zip(figure.subplots(1, 4, sharey=True), (0, 1, 5, len(its)), strict=True):
        seen = its[:n]
        prior = np.exp(-0.5 * grid**2 * STRENGTH / noise)
        likelihood = (
            np.exp(-0.5 * ((seen[:, None] - grid) ** 2).sum(axis=0) / noise) if n else np.ones_like(grid)
        )
        for curve, name, style in (
            (prior, "prior", ":"),
            (likelihood, "what the ratings say", "--"),
            (prior * likelihood, "both", "-"),
        ):
            if n or name != "what the ratings say":
                axes.plot(grid, curve / curve.max(), style, label=name)
        axes.set(title=f"{n} rating{'' if n == 1 else 's'}", xlabel="bias, stars", yticks=[])
    figure.axes[3].legend(frameon=False, fontsize=8, loc="upper left")
    figure.axes[0].set_ylabel("how likely (peak = 1)")
    figure.savefig(ROOT / "docs" / "images" / "prior.png", dpi=90)


if __name__ == "__main__":
    main()
