# %% [markdown]
# # 2. Obscure recommendations, and two remedies
#
# The first model recommends films that hardly anyone has seen. What can be done?

# %%
from palate import lesson
from palate.lesson import q1, q3, q4, q5, q7

lesson.require("matplotlib", "pandas")

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from palate import LeastSquares
from palate.inspect.errors import errors
from palate.inspect.obscurity import obscurity_of, top_items

s = lesson.setup()
df, movies, model, l2_model, uid, offset = s.df, s.movies, s.model, s.l2_model, s.uid, s.offset
columns = ["title", "genres", "n_ratings", "mean_rating", "predicted_rating"]

# %% [markdown]
# ## Part 3: what could be done?

# %%
q3.check("A threshold on the number of ratings, or an L2 penalty in training.")

# %%
q3.solution()

# %% [markdown]
# ## Part 4: a threshold
#
# Write `recommend_nonobscure(model, user_id, n=5, min_ratings=1000)`. It returns the best films
# among those with at least `min_ratings` ratings.


# %% tags=["solution"]
def recommend_nonobscure(model, user_id, n=5, min_ratings=1000):
    ids = movies.index[movies.n_ratings >= min_ratings]
    reccs = movies.loc[ids].copy()
    if len(ids) == 0:
        return reccs
    reccs["predicted_rating"] = model.predict([np.repeat(user_id, len(ids)), ids]) + offset
    return reccs.sort_values(by="predicted_rating", ascending=False).head(n)


# %%
q4.check(recommend_nonobscure)

# %% [markdown] tags=["spoiler"]
# The published solution keeps the predictions of its first call in `movies`, so that every later
# user gets the list of the first:


# %% tags=["spoiler"]
def published(model, user_id, n=5, min_ratings=1000):
    if "predicted_rating" not in movies.columns:
        ids = df.movieId.unique()
        movies.loc[ids, "predicted_rating"] = model.predict([np.repeat(user_id, len(ids)), ids]) + offset
    known = movies.index[movies.n_ratings >= min_ratings]
    return movies.loc[known].sort_values(by="predicted_rating", ascending=False).head(n)


q4.check(published)

# %% [markdown]
# The data of the exercise had 20 million ratings. These have 100,000, and no film has 1,000
# ratings:

# %%
print(len(recommend_nonobscure(model, uid)), "films; the most-rated has", movies.n_ratings.max(), "ratings")
recommend_nonobscure(model, uid, min_ratings=50)[columns]

# %% [markdown]
# The films are better known now, but the predictions are as far from the scale as before. Another
# threshold gives another list:

# %%
for min_ratings in (10, 30, 100, 200):
    titles = recommend_nonobscure(model, uid, n=3, min_ratings=min_ratings).title
    print(f"at least {min_ratings:3} of {(movies.n_ratings >= min_ratings).sum():5,} films:", "; ".join(titles.str[:26]))

# %% [markdown]
# palate's own method applies its filters before the best n films are taken, and leaves out films
# that the user has rated. Its arguments are described in [recommend](../recommend.md), and
# [obscurity](../obscurity.md) compares the remedies.

# %%
model.recommend(uid, 3, min_ratings=50)[["rank", "title", "n_ratings", "predicted_rating"]]

# %% [markdown]
# ## Part 5: a penalty
#
# An L2 penalty adds `l2 * (sum of squares of all numbers)` to the loss. It is a prior: before any
# rating, every number is normally distributed about zero, and `l2` is the variance of the noise
# divided by the variance of the numbers. One film shows the effect. If its centred ratings `y` are
# explained by one number `b`, then `sum (y - b)^2 + l2 b^2` is smallest at `b = sum(y) / (n + l2)`.
# With few ratings `b` is near zero, and with many it is near their mean.

# %%
ratings = df.groupby("movieId").y.agg(["size", "mean"])
few = ratings[ratings["size"] == 2]["mean"].idxmax()
many = ratings[ratings["size"] > 200]["mean"].idxmax()
pd.DataFrame(
    [
        {
            "film": movies.title[movie],
            "ratings": int(n),
            **{f"b, l2={l2}": offset + n * mean / (n + l2) for l2 in (0, 1, 10, 100)},
        }
        for movie, (n, mean) in ratings.loc[[few, many]].iterrows()
    ]
).round(2)

# %% [markdown]
# `l2_model` was trained with a penalty of 10 on all factors, chosen by the error on held-out
# ratings. (Penalties in Keras are per rating, and cannot be reused for other data; see [the
# model](../model.md).) Compute `l2_reccs`, its five best films for the same user:


# %% tags=["solution"]
def recommend(model, user_id, n=5):
    return recommend_nonobscure(model, user_id, n, min_ratings=0)


l2_reccs = recommend(l2_model, uid)

# %%
q1.check(recommend)
q5.check(l2_reccs)
l2_reccs[columns]

# %% [markdown]
# And what does it predict for the films that the first model rated highest?

# %%
obscure_reccs = recommend(model, uid)
obscure_mids = obscure_reccs.index
preds = l2_model.predict([np.repeat(uid, len(obscure_mids)), obscure_mids])
obscure_reccs["l2_predicted_rating"] = preds + offset
obscure_reccs[["title", "n_ratings", "mean_rating", "predicted_rating", "l2_predicted_rating"]]

# %% [markdown]
# ## To the limit
#
# How do the recommendations change as the penalty grows?

# %%
strengths = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
rows = []
for l2 in strengths:
    trainer = LeastSquares(n_factors=8, biases=False, l2_scaling=0, l2_user=l2, l2_item=l2, max_sweeps=20, patience=20)
    fitted = trainer.fit(s.train, validation=0, callback=lambda report: None)
    top = top_items(fitted)
    obscurity = obscurity_of(top)
    rows.append(
        {
            "l2": l2,
            "RMSE": errors(fitted, s.holdout).rmse,
            "largest number": abs(fitted.item_factors).max(),
            "median ratings of everyone's ten best": obscurity.median_n_ratings,
            "different films in them": top["item_id"].n_unique(),
        }
    )
limit = pd.DataFrame(rows).set_index("l2")
limit.round(3)

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
axes[0].plot(limit.index, limit["RMSE"], "o-")
axes[0].set(title="Error", ylabel="RMSE on held-out ratings (stars)")
axes[1].plot(limit.index, limit["median ratings of everyone's ten best"], "o-", label="median ratings of a film")
axes[1].plot(limit.index, limit["different films in them"], "s--", label="different films")
axes[1].set(title="Everyone's ten best", ylabel="number (log scale)", yscale="log")
axes[1].legend()
for ax in axes:
    ax.set(xscale="log", xlabel="penalty l2 on the factors")
    ax.grid(alpha=0.3)
plt.show()

# %%
q7.check("All vectors shrink to zero, every prediction becomes the mean, and the lists are the same for everyone.")

# %%
q7.solution()

# %% [markdown]
# Next: [what is inside a model](3_inside.md). Before: [recommend](1_recommend.md).
