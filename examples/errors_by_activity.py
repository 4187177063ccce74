"""Who is predicted well? Test on the latest ratings, and show the error by how many ratings a user has given.

Run `python examples/errors_by_activity.py`.
"""

import palate

data = palate.datasets.load()
split = palate.splits.by_time(data.ratings, share=0.1)  # train on the past, test on what came later
model = palate.LeastSquares().fit(split.train)
result = palate.evaluate(model, split, k=10, resamples=0)

own = result.by_activity.filter(result.by_activity["model"] == "LeastSquares")
print(own.select("n_train", "n_users", "n_test", "rmse", "mae"))
