"""Train on a CSV file of ratings and write everybody's five best items to another.

Run `python examples/rank_a_csv.py`, or name your own files: `python examples/rank_a_csv.py
ratings.csv lists.csv`.
"""

import sys
import tempfile
from pathlib import Path

import palate


def main(source: Path, target: Path) -> None:
    """Read ratings, train, and write the lists."""
    data = palate.read(source)  # columns such as user_id, item_id, rating are found by their names
    model = palate.LeastSquares().fit(data.ratings, catalog=data.catalog)
    lists = model.recommend(
        n=5, min_ratings=5
    )  # for every user; items with fewer than five ratings are left out
    lists.write_csv(target)
    print(f"{model.n_users} users, {lists.height} rows in {target.name}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "ratings.csv"
            palate.datasets.load().ratings.to_frame().write_csv(source)
            main(source, Path(folder) / "lists.csv")
