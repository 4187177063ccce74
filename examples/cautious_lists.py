"""Rank by the lower confidence bound of the expected rating instead of the prediction.

Run `python examples/cautious_lists.py`.
"""

import palate

data = palate.datasets.load()
model = palate.Gibbs(n_factors=8, sweeps=60, burn_in=20).fit(data.ratings, catalog=data.catalog, seed=0)

columns = ["title", "n_ratings", "predicted_rating"]
print("By what is expected:")
print(model.recommend(63, n=5).select(columns))

# With caution 0.8 an item is ranked by the lower end of the interval that contains its expected
# rating with a probability of 80 %.
print("By what is expected at least:")
print(model.recommend(63, n=5, caution=0.8).select([*columns, "std", "low"]))
