# %% [markdown]
# # 5. Other data
#
# Does the story hold elsewhere? palate reads the ratings of books, songs and films of many sources as they are published
# ([reading data](../data.md)). Here are two small stand-ins, made on the spot.

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
# A table with other names, other ids and another scale: 400 people, 300 books, 1 to 5 stars, with two tastes planted in it.

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
# `lesson.setup(data)` makes the same tables and models of any ratings, and the checkers work on them. The strength of the penalty is that of the
# films and has to be chosen anew:

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
# A count is no rating: that somebody played a song 40 times says how sure it is that they like it, and that they never played it says a little, too.
# `LeastSquares.for_counts` turns counts into weights, and pairs without a count into weak zeros.

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
# Before: [experiments](4_experiments.md). The same on data of your own: [the command line](../cli.md).
