# %% [markdown]
# # 1. Generating recommendations
#
# This is the first part of the lesson on matrix factorization. It asks what a trained model
# recommends to one user, and whether the recommendations are good. You write the function;
# `q1.check()` calls it with hidden models and users, and says what is wrong. `q1.hint()` gives a
# hint, and `q1.solution()` a solution.

# %% [markdown] tags=["spoiler"]
# Answers and solutions are filled in below. To do the lesson yourself, make notebooks without them:
# `python scripts/run_tutorial.py --notebooks lesson --blank`.

# %%
from palate import lesson
from palate.lesson import q1, q2, q6

lesson.require("matplotlib", "pandas")

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from palate.inspect import inspect_model
from palate.inspect.errors import errors
from palate.inspect.obscurity import obscurity_of, top_items

s = lesson.setup()
df, movies, model, uid = s.df, s.movies, s.model, s.uid
s

# %% [markdown]
# `df` has a row for each rating, and `y` is the rating minus the mean. `movies` has a row for each
# film. `model` is a matrix factorization without a penalty: it has eight numbers for each user and
# eight for each film, and their product predicts `y`. It is called like a Keras model.

# %%
candidate_movies = movies[
    movies.title.str.contains("Naked Gun")
    | (movies.title == "The Sisterhood of the Traveling Pants")
    | (movies.title == "Lilo & Stitch")
].copy()

preds = model.predict(
    [
        [uid] * len(candidate_movies),  # user ids
        candidate_movies.index,  # movie ids
    ]
)
# The model was trained on centred ratings: to get stars, add the mean.
row0 = df.iloc[0]
offset = row0.rating - row0.y
candidate_movies["predicted_rating"] = preds + offset
candidate_movies[["movieId", "title", "n_ratings", "predicted_rating"]]

# %% [markdown]
# ## Part 1: recommend
#
# Write `recommend(model, user_id, n=5)`. It returns a frame of the `n` films with the highest
# predicted rating for a user, with a column `movieId` and any others.

# %%
q1.hint()


# %% tags=["solution"]
def recommend(model, user_id, n=5):
    ids = df.movieId.unique()
    preds = model.predict([np.repeat(user_id, len(ids)), ids])
    reccs = movies.loc[ids].copy()
    reccs["predicted_rating"] = preds + offset
    return reccs.sort_values(by="predicted_rating", ascending=False).head(n)


# %%
q1.check(recommend)

# %% [markdown] tags=["spoiler"]
# The checker knows common mistakes. The solution that was published with the exercise predicts for
# a variable `uid` from outside the function, whatever `user_id` is:


# %% tags=["spoiler"]
def published(model, user_id, n=5):
    all_movie_ids = df.movieId.unique()
    preds = model.predict([np.repeat(uid, len(all_movie_ids)), all_movie_ids])
    movies.loc[all_movie_ids, "predicted_rating"] = preds + offset
    return movies.sort_values(by="predicted_rating", ascending=False).head(n)


q1.check(published)

# %%
columns = ["title", "genres", "n_ratings", "mean_rating", "predicted_rating"]
recommend(model, uid)[columns]

# %% [markdown]
# ## Part 2: sanity check
#
# Do these recommendations make sense? These are the films that the user likes:

# %%
user_ratings = df[df.userId == uid].merge(movies[["movieId", "title", "genres", "n_ratings", "mean_rating"]], on="movieId")
user_ratings.sort_values(by="rating", ascending=False)[["title", "genres", "rating", "n_ratings", "mean_rating"]].head(10)

# %% [markdown]
# These are the films with the lowest predictions, and the distribution of all predictions for this
# user:

# %%
everything = recommend(model, uid, n=len(movies))
everything[columns].tail(5)

# %%
everything.predicted_rating.describe([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])

# %%
fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.scatter(everything.n_ratings, everything.predicted_rating, s=6, alpha=0.4)
ax.axhspan(0.5, 5, color="tab:green", alpha=0.15, label="the scale, 0.5 to 5 stars")
ax.set(xscale="log", yscale="symlog", xlabel="ratings of the film", ylabel="predicted rating (stars)")
ax.set_title(f"What the model without a penalty predicts for user {uid}")
ax.set_yticks([-100, -10, 0, 5, 10, 100], ["-100", "-10", "0", "5", "10", "100"])
ax.set_xticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# For all users together: the share of predictions outside the scale, and the number of ratings of
# the films in the ten best.

# %%
(shares,) = pd.DataFrame(inspect_model(model.model)["predictions"])[["below", "above"]].to_numpy()
print(f"below the scale {shares[0]:.0%}, above it {shares[1]:.0%}, outside together {shares.sum():.0%}")
print(
    f"half of the films in everyone's ten best have at most {obscurity_of(top_items(model.model)).median_n_ratings:.0f} ratings"
)

# %%
q2.check("Films hardly anyone has rated, with predictions of hundreds of stars: the model fits few ratings by heart.")

# %%
q2.solution()

# %% [markdown]
# ## The range
#
# Many predictions lie outside the scale. How could that be prevented, and should it be?

# %%
pd.DataFrame(
    [
        {
            "model": name,
            "RMSE as it is": errors(m.model, s.holdout, clip=False).rmse,
            "RMSE clipped": errors(m.model, s.holdout).rmse,
            "outside (%)": 100 * pd.DataFrame(inspect_model(m.model)["predictions"])[["below", "above"]].sum().sum(),
        }
        for name, m in {"no penalty": model, "a penalty of 10": s.l2_model}.items()
    ]
).round(4)

# %%
q6.check("Clip what is shown, or let the model end in a sigmoid; for the order of a list it makes no difference.")

# %%
q6.solution()

# %% [markdown]
# Next: [what to do about the obscure films](2_obscure.md).
