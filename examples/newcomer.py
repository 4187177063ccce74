"""Recommend to somebody who was not in the training data, from three ratings.

Run `python examples/newcomer.py`.
"""

import palate

data = palate.datasets.load()
model = palate.LeastSquares().fit(data.ratings, catalog=data.catalog)

# Toy Story, Star Wars and The Empire Strikes Back, by their ids in the ratings
newcomer = model.fold_in([1, 260, 1196], [3.0, 5.0, 5.0])
films = model.recommend(newcomer, n=5, min_ratings=20)
print(films.select("title", "year", "predicted_rating"))
