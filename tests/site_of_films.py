"""A small film world with awkward titles, models of it, and the explorer as a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import polars as pl

from palate import Catalog, LeastSquares, Ratings

AWKWARD = (
    "<script>alert('x')</script>",
    '<b>Bold</b> & "quoted"',
    "שלום עולם",
    "🎬 Film `${1+1}`",
    "{{ 7 * 7 }}",
    "C:\\new\\table",
)
N_USERS, N_ITEMS = 60, 40
_GUARD = 90  # seconds; a hang ends the test


def data(seed: int = 5) -> tuple[Ratings, Catalog]:
    """Return ratings with two tastes (even and odd items), of which item 39 has two, and their catalog."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(N_USERS):
        taste = user % 2
        rated = rng.choice(N_ITEMS - 1, size=int(rng.integers(4, 26)), replace=False)
        rows += [
            (
                user,
                int(item),
                float(
                    np.clip(
                        np.round(2 * (2.5 + 1.6 * (1 if item % 2 == taste else -1) + 0.4 * rng.normal())) / 2,
                        0.5,
                        5,
                    )
                ),
            )
            for item in rated
        ]
    rows += [(0, N_ITEMS - 1, 5.0), (2, N_ITEMS - 1, 5.0)]
    users, items, values = zip(*rows, strict=True)
    ratings = Ratings.from_arrays(users, items, values, scale=(0.5, 5))
    titles = [*AWKWARD, *(f"Film {number:02d}" for number in range(len(AWKWARD), N_ITEMS))]
    table = pl.DataFrame(
        {
            "item_id": range(N_ITEMS),
            "title": titles,
            "year": [1960 + number for number in range(N_ITEMS)],
            "genres": ["Drama|War" if number % 2 else "Comedy" for number in range(N_ITEMS)],
        }
    )
    return ratings, Catalog.from_frame(table)


def save_models(folder: Path) -> list[Path]:
    """Save two models and return their files."""
    ratings, catalog = data()
    paths = [folder / "first.palate", folder / "second.palate"]
    # A weak penalty: with the default one the vectors of so few ratings would be near 0.
    LeastSquares(n_factors=3, l2_user=1.5, l2_item=1.5).fit(ratings, catalog=catalog, seed=1).save(paths[0])
    LeastSquares(n_factors=2, l2_user=0.1, l2_item=0.1).fit(ratings, catalog=catalog, seed=1).save(paths[1])
    return paths


class Explorer:
    """`palate explore` in a process of its own, which can be killed and started again on the same port."""

    def __init__(self, folder: Path, models: list[Path], *options: str) -> None:
        self.folder, self.models, self.options = folder, models, options
        self.port = "0"
        self.address = ""

    def start(self) -> "Explorer":
        """Start, and wait until it answers."""
        log = self.folder / "log.txt"
        code = "import sys; from palate.cli import main; sys.exit(main())"
        command = [
            sys.executable,
            "-c",
            code,
            "explore",
            *map(str, self.models),
            "--no-browser",
            "--port",
            self.port,
            *self.options,
        ]
        with log.open("w") as out:
            alone = {
                name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"
            }  # NiceGUI looks for it
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdout=out, stderr=subprocess.STDOUT, env=alone
            )
        end = time.monotonic() + _GUARD
        while time.monotonic() < end:
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", log.read_text("utf-8"))
            if found and self._answers(found[0]):
                self.address, self.port = found[0], found[1]
                return self
            assert self.process.poll() is None, log.read_text("utf-8")
            time.sleep(0.05)
        raise AssertionError(log.read_text("utf-8"))

    def _answers(self, address: str) -> bool:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
