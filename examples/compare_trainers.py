"""Compare two trainers on ratings that neither has seen, with intervals for the difference.

Run `python examples/compare_trainers.py`.
"""

import palate

data = palate.datasets.load()
split = palate.splits.random(data.ratings, 0.1, seed=0)

models = {
    "baseline": palate.Baseline().fit(split.train),
    "least squares": palate.LeastSquares().fit(split.train),
}
result = palate.evaluate(models, split, k=10, resamples=200)
print(result)  # a table: errors of predictions, and quality of the first ten of each list

better = result.value("rmse", model="baseline") - result.value("rmse", model="least squares")
print(f"Least squares predicts better by {better:.3f} stars (RMSE).")
