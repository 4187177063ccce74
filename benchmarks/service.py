"""Latency and memory of the service on 62,000 items at k = 64, asked from a second process on loopback.

`python benchmarks/service.py [--rate 300] [--seconds 20] [--swaps 10] [--soak 0]` trains models on
made-up ratings, starts `palate serve`, and prints a table as `RESULTS.md` has it.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from load import Load, closed_loop, open_loop, request, together

N_ITEMS, N_USERS, PER_USER = 62_000, 20_000, 20
KINDS = ("point", "posterior", "recommender")


def ratings() -> Any:
    """Return made-up ratings of items of different quality and users of different tastes."""
    import palate

    rng = np.random.default_rng(0)
    items = np.concatenate(
        [rng.permutation(N_ITEMS), (N_ITEMS * rng.random(N_USERS * PER_USER - N_ITEMS) ** 3).astype(int)]
    )
    users = np.repeat(np.arange(N_USERS), PER_USER)
    items = rng.permutation(items)
    tastes, vectors = rng.normal(size=(N_USERS, 4)), rng.normal(size=(N_ITEMS, 4))
    said = 3.4 + 0.5 * rng.normal(size=N_ITEMS)[items] + 0.3 * (tastes[users] * vectors[items]).sum(axis=1)
    values = np.clip(np.round(2 * (said + 0.7 * rng.normal(size=len(items)))) / 2, 0.5, 5)
    return palate.Ratings.from_arrays(users, items, values, scale=(0.5, 5), duplicates="last")


def catalog() -> Any:
    """Return titles and years."""
    import polars as pl

    import palate

    rng = np.random.default_rng(4)
    frame = {"item_id": np.arange(N_ITEMS), "title": [f"Film {place}" for place in range(N_ITEMS)]}
    return palate.Catalog.from_frame(pl.DataFrame({**frame, "year": rng.integers(1920, 2020, N_ITEMS)}))


def trained(kind: str, path: Path, k: int) -> Path:
    """Train a model of this size and save it."""
    import palate

    model: Any
    if kind == "point":
        model = palate.LeastSquares(n_factors=k, max_sweeps=2).fit(ratings(), validation=0, catalog=catalog())
    elif kind == "posterior":
        model = palate.Gibbs(n_factors=k, sweeps=12, burn_in=4, n_draws=8).fit(ratings(), catalog=catalog())
    else:
        model = palate.Recommender(seconds=30).fit(ratings(), catalog=catalog())
    model.save(path)
    return path


@contextmanager
def served(path: Path) -> Iterator[tuple[int, int]]:
    """Serve a model; yield port and process id."""
    code = "import sys; from palate.cli import main; sys.exit(main())"
    server = subprocess.Popen(
        [sys.executable, "-c", code, "serve", str(path), "--port", "0"], stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    try:
        found = (re.search(r"at http://127.0.0.1:(\d+)", line) for line in server.stderr)
        yield int(next(match[1] for match in found if match)), server.pid
    finally:
        server.kill()
        server.wait()


def resident(pid: int) -> float:
    """Return the memory of a process in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]


def processor(pid: int) -> float:
    """Return the processor time of a process in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def raw_fsync(folder: Path, n: int = 200) -> np.ndarray:
    """Return ms of appending 4 kB and fsync."""
    out = np.zeros(n)
    with (folder / "fsync").open("wb", buffering=0) as file:
        for place in range(n):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            out[place] = (time.perf_counter() - began) * 1e3
    return out


class Table:
    """The rows of the report, printed as they come."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def measured(
        self, name: str, ask: Callable[[], Load], note: Callable[[Load], str] = lambda _: ""
    ) -> Load:
        """Ask, and print latencies, the service's processor time a request, and the load of the machine."""
        before = processor(self.pid)
        found = ask()
        each = 1e3 * (processor(self.pid) - before) / len(found.latency)
        told = f"{each:.2f} ms of processor time a request"
        told += f"; {found.failed} of {len(found.latency):,} failed" if found.failed else ""
        if found.late.any():
            share = 100 * found.processor / (found.latency.size / self.rate)
            told += f"; sent {np.median(found.late):.2f} ms late (p99 {np.quantile(found.late, 0.99):.2f})"
            told += f", the generator at {share:.0f} % of a core"
        self.row(name, found.latency, "; ".join(part for part in (told, note(found)) if part))
        return found

    rate = 1.0

    def row(self, name: str, values: np.ndarray, note: str = "") -> None:
        """Print one row."""
        load = os.getloadavg()[0]
        print(
            f"| {name} | {np.median(values):.2f} | {np.quantile(values, 0.99):.2f} | {load:.1f} | {note} |",
            flush=True,
        )


def lists(options: str = "") -> Callable[[int], bytes]:
    """Return what makes requests for lists of ten."""
    users = np.random.default_rng(1).integers(0, N_USERS, 100_000)
    return lambda place: request("GET", f"/v1/users/{users[place % 100_000]}/recommendations?n=10{options}")


def ask_for_lists(table: Table, port: int, kind: str, rate: float, seconds: float) -> None:
    """Measure lists one at a time, and at a rate."""
    closed_loop(port, 50, 1, lists())
    table.measured(f"{kind}: recommend n=10, one at a time", lambda: closed_loop(port, 300, 1, lists()))
    table.rate = rate
    before = resident(table.pid)
    table.measured(
        f"{kind}: recommend n=10, {rate:g} a second",
        lambda: open_loop(port, rate, int(rate * seconds), lists()),
        lambda _: f"memory {before:.0f} to {resident(table.pid):.0f} MB",
    )
    if kind != "point":
        closed_loop(port, 10, 1, lists("&caution=0.8"))
        table.measured(
            f"{kind}: recommend n=10, caution 0.8, one at a time",
            lambda: closed_loop(port, 200, 1, lists("&caution=0.8")),
        )


def ask_for_the_rest(table: Table, port: int, folder: Path) -> None:
    """Measure writes, batches and fold-in."""
    items = np.random.default_rng(2).permutation(N_ITEMS)
    table.row("raw write of 4 kB and fsync", raw_fsync(folder))
    table.measured(
        "durable PUT",
        lambda: closed_loop(
            port, 300, 1, lambda p: request("PUT", f"/v1/users/new{p}/ratings/{items[p]}", {"rating": 4})
        ),
    )

    def batch(place: int) -> bytes:
        rows = [{"user": f"b{place}-{row % 50}", "item": str(items[row]), "rating": 3} for row in range(1000)]
        return request("POST", "/v1/ratings:batch", {"ratings": rows})

    before = resident(table.pid)
    table.measured("batch of 1,000", lambda: closed_loop(port, 100, 1, batch))
    written = resident(table.pid)
    own = "/v1/users/b{}-{}/recommendations?n=10"
    made = closed_loop(port, 2000, 4, lambda p: request("GET", own.format(p % 100, p // 100 % 50)))
    folded = resident(table.pid)
    table.row(
        "first list of a user with 20 live ratings",
        made.latency,
        f"100,000 live ratings take {(written - before) * 1048.576 / 100:.0f} bytes each; 2,000 users folded "
        f"in take {(folded - written) * 1048.576 / 2000:.1f} kB each",
    )
    table.measured(
        "first rating to list (fold-in)",
        lambda: closed_loop(
            port,
            200,
            1,
            lambda p: request(
                "POST", "/v1/recommendations", {"ratings": [{"item": str(items[p]), "rating": 5}]}
            ),
        ),
    )


def swap_under_load(table: Table, port: int, folder: Path, rate: float, swaps: int) -> None:
    """Measure lists while the model is swapped again and again, until the last swap is done."""
    failed: list[int] = []

    def swap() -> None:
        for place in range(swaps):
            (folder / "new").write_bytes((folder / f"copy{place % 2}.palate").read_bytes())
            os.replace(folder / "new", folder / "point.palate")
            failed.append(
                closed_loop(port, 1, 1, lambda _: request("POST", "/v1/models/point:activate")).failed
            )

    def load() -> Load:
        swapping = threading.Thread(target=swap)
        swapping.start()
        parts = [open_loop(port, rate, int(5 * rate), lists())]
        while swapping.is_alive():
            parts.append(open_loop(port, rate, int(5 * rate), lists()))
        return together(parts)

    table.rate = rate
    table.measured(
        f"point: recommend during swaps, {rate:g} a second",
        load,
        lambda found: f"{len(found.latency):,} requests; memory {resident(table.pid):.0f} MB",
    )
    print(f"{len(failed)} swaps, {sum(failed)} failed; memory {resident(table.pid):.0f} MB", flush=True)


def soak(pid: int, port: int, n: int) -> None:
    """Send n mixed requests, every twentieth a rating, and print memory and open files by tenths."""
    users = np.random.default_rng(3).integers(0, N_USERS, 100_000)

    def mixed(place: int) -> bytes:
        user = users[place % 100_000]
        if place % 20 == 0:
            rating = {"rating": 1 + place % 5}
            return request("PUT", f"/v1/users/{user % 500}/ratings/{user % 50}", rating)
        return request("GET", f"/v1/users/{user}/recommendations?n=10")

    for tenth in range(11):
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        print(f"soak: {tenth * n // 10:,} requests, {resident(pid):.1f} MB, {files} open files", flush=True)
        if tenth < 10:
            found = closed_loop(port, n // 10, 8, mixed)
            p99 = np.quantile(found.latency, 0.99)
            print(f"soak: p50 {np.median(found.latency):.1f} ms, p99 {p99:.1f} ms, {found.failed} failed")


def ask(kind: str, port: int, pid: int, folder: Path, given: argparse.Namespace) -> None:
    """Ask one service for everything that is measured of its kind."""
    table = Table(pid)
    ask_for_lists(table, port, kind, given.rate, given.seconds)
    if kind == "point":
        ask_for_the_rest(table, port, folder)
        if given.swaps:
            swap_under_load(table, port, folder, given.rate / 3, given.swaps)
        if given.soak:
            soak(pid, port, given.soak)


def main() -> None:
    """Serve in one process, ask from another."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--swaps", type=int, default=10)
    parser.add_argument("--nice", type=int, default=0, help="-15: before the other work of the machine")
    parser.add_argument("--soak", type=int, default=0, help="mixed requests after all, to see memory")
    parser.add_argument("--k", type=int, default=64)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--ask", nargs=4, metavar=("KIND", "PORT", "PID", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        kind, port, pid, folder = given.ask
        for task in Path(f"/proc/{pid}/task").iterdir():  # threads that it starts later inherit this
            os.setpriority(os.PRIO_PROCESS, int(task.name), given.nice)
        os.setpriority(os.PRIO_PROCESS, 0, given.nice)
        ask(kind, int(port), int(pid), Path(folder), given)
        return
    print("| what | p50, ms | p99, ms | load | |\n| --- | --- | --- | --- | --- |", flush=True)
    for kind in given.kinds:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = trained(kind, folder / f"{kind}.palate", given.k)
            if kind == "point" and given.swaps:
                trained(kind, folder / "copy1.palate", given.k - 1)
                (folder / "copy0.palate").write_bytes(path.read_bytes())
            with served(path) as (port, pid):
                options = [
                    f"--{one}={getattr(given, one)}" for one in ("rate", "seconds", "swaps", "soak", "nice")
                ]
                asked = [kind, str(port), str(pid), name]
                subprocess.run([sys.executable, __file__, *options, "--ask", *asked], check=True)


if __name__ == "__main__":
    main()
