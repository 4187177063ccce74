# %% [markdown]
# # 5. Other data
#
# Are the results the same for other data? palate reads ratings of books, songs and films in the
# formats in which they are published ([data](../data.md)). This part uses two small simulated
# tables.

# %%
from palate import lesson
from palate.lesson import q13

lesson.require("pandas")

import numpy as np
import pandas as pd

import palate
from palate.inspect.errors import errors

rng = np.random.default_rng(0)
quiet = {"callback": lambda report: None}

# %% [markdown]
# ## Ratings of something else
#
# The first table has other column names, other ids and another scale: 400 users, 300 books, 1 to 5
# stars, with two groups of users that have different tastes.

# %%
readers, books = rng.normal(0, 0.5, (400, 2)), rng.normal(0, 1, (300, 2))
pairs = rng.choice(400 * 300, 12_000, replace=False)
who, what = pairs // 300, pairs % 300
stars = np.clip(np.round(3.6 + (readers[who] * books[what]).sum(1) + rng.normal(0, 0.7, 12_000)), 1, 5)
pd.DataFrame({"user_id": who, "book_id": [f"book {number}" for number in what], "rating": stars}).to_csv(
    "ratings.csv", index=False
)

data = palate.read("ratings.csv", item="book_id", scale=(1, 5))
data

# %% [markdown]
# `lesson.setup(data)` makes the same tables and models from any ratings, and the checkers work with
# them. The penalty was chosen for the films, and has to be chosen again:

# %%
s = lesson.setup(data)
rows = []
for l2 in (0.1, 1, 3, 10, 30):
    trainer = palate.LeastSquares(n_factors=8, biases=False, l2_scaling=0, l2_user=l2, l2_item=l2)
    rows.append({"l2": l2, "RMSE": errors(trainer.fit(s.train, validation=0, **quiet), s.holdout).rmse})
rows.append(
    {"l2": "palate's defaults", "RMSE": errors(palate.LeastSquares().fit(s.train, validation=0, **quiet), s.holdout).rmse}
)
pd.DataFrame(rows).round(3)

# %% [markdown]
# ## Counts of plays
#
# A count is not a rating. Forty plays of a song are strong evidence that a listener likes it, and
# no plays are weak evidence that they do not. `LeastSquares.for_counts` turns counts into weights,
# and pairs without a count into zeros with a small weight.

# %%
plays = pd.DataFrame(
    {"user_id": who, "item_id": what, "rating": rng.poisson(np.exp(1 + (readers[who] * books[what]).sum(1))) + 1}
)
counts = palate.Ratings.from_frame(plays)
songs = palate.LeastSquares.for_counts(n_factors=8).fit(counts, validation=0, **quiet)
songs.recommend(0, 5)

# %%
q13.check("The penalty has to be tuned again, and play counts are weights, not ratings.")

# %%
q13.solution()

# %% [markdown]
# Before: [experiments](4_experiments.md). To use your own data: [the command line](../cli.md).
