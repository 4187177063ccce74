# %% [markdown]
# # 3. What the model has learned
#
# This part looks at the numbers in a model: their distribution, their size by number of ratings,
# and what biases add.

# %%
from palate import lesson
from palate.lesson import q8

lesson.require("matplotlib", "pandas")

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from palate import Baseline, LeastSquares
from palate.inspect import distinctive, inspect_model
from palate.inspect.errors import errors

s = lesson.setup()
movies, model, l2_model = s.movies, s.model, s.l2_model
model.summary()

# %% [markdown]
# ## Weights and norms
#
# The table of a layer has a row for each id. (Some ids belong to no film and have rows of zeros;
# `movies.index` selects the others.)

# %%
(w,) = l2_model.get_layer("movie_embedding").get_weights()
w[movies.index[:3]].round(2)

# %%
quantiles = [0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9]
weights = {}
for name, m in {"no penalty": model, "penalty 10": l2_model}.items():
    (wm,) = m.get_layer("movie_embedding").get_weights()
    (wu,) = m.get_layer("user_embedding").get_weights()
    weights[f"films, {name}"] = pd.Series(np.linalg.norm(wm[movies.index], axis=1)).describe(quantiles)
    weights[f"users, {name}"] = pd.Series(np.linalg.norm(wu[1:], axis=1)).describe(quantiles)
print("Lengths of the vectors:")
pd.DataFrame(weights).round(2)

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharex=True)
axes[0].set_yscale("log")
for ax, (name, m) in zip(axes, {"no penalty": model, "penalty 10": l2_model}.items()):
    (wm,) = m.get_layer("movie_embedding").get_weights()
    ax.scatter(movies.n_ratings, np.linalg.norm(wm[movies.index], axis=1), s=6, alpha=0.3)
    ax.set(
        xscale="log",
        xlabel="ratings of the film",
        ylabel="length of its vector" + " (log scale)" * (m is model),
        title=f"Films, {name}",
    )
    ax.set_xticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
    ax.grid(alpha=0.3)
plt.show()

# %% [markdown]
# Without a penalty, the longest vectors are those of films with about eight ratings, because eight
# numbers can fit eight ratings perfectly if they are large enough. (For fewer ratings, small
# numbers are enough.) This is where the extreme predictions come from. With a penalty, the vector
# of a film becomes long only if it has many ratings.
#
# `palate inspect` shows all this for any model, with plots and as one page
# ([inspect](../inspect.md)).

# %%
report = inspect_model(l2_model.model, n=5)
list(report)

# %%
report["obscurity"]

# %% [markdown]
# ## Biases
#
# (The data of the exercise had 20 million ratings, these have 100,000.) How much of a rating
# depends on the user, how much on the film, and how much on taste?

# %%
quiet = {"validation": 0, "catalog": s.data.catalog, "callback": lambda report: None}
biased = LeastSquares(n_factors=8).fit(s.train, **quiet)
pd.DataFrame(
    [
        {"model": "biases alone", "RMSE": errors(Baseline().fit(s.train, **quiet), s.holdout).rmse},
        {"model": "factors alone, no penalty", "RMSE": errors(model.model, s.holdout).rmse},
        {"model": "factors alone, penalty 10", "RMSE": errors(l2_model.model, s.holdout).rmse},
        {"model": "both, with palate's penalties", "RMSE": errors(biased, s.holdout).rmse},
    ]
).round(4)

# %%
report = inspect_model(biased, n=5)
report["highest_biases"]

# %%
report["lowest_biases"]

# %%
q8.check("A bias is how generous a user or how good a film is; the factors are left to taste, and the error falls.")

# %%
q8.solution()

# %% [markdown]
# ## Other people
#
# The exercise looks at four users with clear tastes. These are the users with the clearest tastes
# here, judged by their ratings minus the biases:

# %%
people = distinctive(biased, 4)
people

# %%
for person, taste in zip(people["user_id"].to_list(), people["taste"].to_list()):
    best = biased.recommend(person, 5, min_ratings=20)["title"].to_list()
    print(f"{person} ({taste}):", "; ".join(best))

# %% [markdown]
# Next: [experiments](4_experiments.md). Before: [obscure recommendations](2_obscure.md).
