"""Latency of the service on 62,000 items at k = 64: an open-loop generator in a second process, on loopback.

`python benchmarks/service.py [--seconds 20] [--rate 300]` trains a model on made-up ratings, starts
`palate serve`, and prints a table. Open loop: each request has its time, and its latency counts
from then, so that waiting behind a slow one is counted, too.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

N_ITEMS, N_USERS, PER_USER = 62_000, 20_000, 20


def made(folder: Path, k: int) -> Path:
    """Write a model of this size; its factors are random, for latency does not depend on them."""
    import palate

    rng = np.random.default_rng(0)
    items = np.concatenate(
        [rng.permutation(N_ITEMS), (N_ITEMS * rng.random(N_USERS * PER_USER - N_ITEMS) ** 3).astype(int)]
    )
    users = np.repeat(np.arange(N_USERS), PER_USER)
    values = rng.integers(1, 11, len(items)) / 2
    ratings = palate.Ratings.from_arrays(
        users, rng.permutation(items), values, scale=(0.5, 5), duplicates="last"
    )
    path = folder / "point.palate"
    palate.LeastSquares(n_factors=k, max_sweeps=2).fit(ratings, validation=0).save(path)
    return path


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: object = None) -> int:
    """Send one request and read its answer; return the status."""
    connection.request(
        method, path, None if body is None else json.dumps(body), {"content-type": "application/json"}
    )
    answer = connection.getresponse()
    answer.read()
    return answer.status


def open_loop(port: int, rate: float, seconds: float, threads: int = 16) -> tuple[np.ndarray, int]:
    """Return latencies in ms of recommendations at a rate, and how many failed."""
    n, start = int(rate * seconds), time.perf_counter() + 0.5
    latency, failed, users = np.zeros(n), [0] * threads, np.random.default_rng(1).integers(0, N_USERS, n)

    def run(who: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for place in range(who, n, threads):
            due = start + place / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            failed[who] += ask(connection, "GET", f"/v1/users/{users[place]}/recommendations?n=10") != 200
            latency[place] = (time.perf_counter() - due) * 1e3

    workers = [threading.Thread(target=run, args=(who,)) for who in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return latency, sum(failed)


def one_by_one(port: int, n: int, request: object) -> np.ndarray:
    """Return latencies in ms of n requests after each other; `request(place)` gives method, path and body."""
    connection, out = http.client.HTTPConnection("127.0.0.1", port), np.zeros(n)
    for place in range(n):
        began = time.perf_counter()
        status = ask(connection, *request(place))  # type: ignore[operator]
        out[place] = (time.perf_counter() - began) * 1e3
        assert status == 200, status
    return out


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


def resident(pid: int) -> float:
    """Return the memory of a process in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]


def generate(port: int, pid: int, rate: float, seconds: float, folder: Path, swaps: int) -> None:
    """Ask everything and print the table."""
    rows = []

    def told(name: str, values: np.ndarray, note: str = "") -> None:
        rows.append(f"| {name} | {np.median(values):.2f} | {np.quantile(values, 0.99):.2f} | {note} |")

    rng = np.random.default_rng(2)
    one_by_one(port, 50, lambda place: ("GET", f"/v1/users/{place}/recommendations?n=10", None))
    told(
        "recommend n=10, one at a time",
        one_by_one(port, 300, lambda p: ("GET", f"/v1/users/{p + 100}/recommendations?n=10", None)),
    )
    before = resident(pid)
    latency, failed = open_loop(port, rate, seconds)
    told(
        f"recommend n=10, {rate:g} a second",
        latency,
        f"{len(latency):,} requests, {failed} failed; memory {before:.0f} to {resident(pid):.0f} MB",
    )
    items = rng.permutation(N_ITEMS)
    told(
        "durable PUT",
        one_by_one(port, 200, lambda p: ("PUT", f"/v1/users/new{p}/ratings/{items[p]}", {"rating": 4})),
    )
    told("raw write of 4 kB and fsync", raw_fsync(folder))

    def batch(place: int) -> tuple[str, str, object]:
        rated = [
            {"user": f"b{place}-{row % 50}", "item": str(items[row]), "rating": 3} for row in range(1000)
        ]
        return "POST", "/v1/ratings:batch", {"ratings": rated}

    told("batch of 1,000", one_by_one(port, 10, batch))

    def fold(place: int) -> tuple[str, str, object]:
        return "POST", "/v1/recommendations", {"ratings": [{"item": str(items[place]), "rating": 5}]}

    told("first rating to list (fold-in)", one_by_one(port, 200, fold))
    swap_failed: list[int] = []

    def swap() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for place in range(swaps):
            source = folder / f"copy{place % 2}.palate"
            target = folder / "new"
            target.write_bytes(source.read_bytes())
            os.replace(target, folder / "point.palate")
            swap_failed.append(ask(connection, "POST", "/v1/models/point:activate") != 200)

    swapping = threading.Thread(target=swap)
    swapping.start()
    latency, failed = open_loop(port, rate / 3, seconds / 2)
    swapping.join()
    told(
        f"recommend during swaps, {rate / 3:g} a second",
        latency,
        f"{len(swap_failed)} swaps, {sum(swap_failed)} failed; {failed} requests failed; memory "
        f"{resident(pid):.0f} MB",
    )
    print("| what | p50, ms | p99, ms | |\n| --- | --- | --- | --- |\n" + "\n".join(rows))


def main() -> None:
    """Serve in one process, ask from another."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--swaps", type=int, default=10)
    parser.add_argument("--k", type=int, default=64)
    parser.add_argument("--ask", nargs=3, metavar=("PORT", "PID", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        generate(
            int(given.ask[0]), int(given.ask[1]), given.rate, given.seconds, Path(given.ask[2]), given.swaps
        )
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = made(folder, given.k)
        (folder / "copy0.palate").write_bytes(path.read_bytes())
        made(folder, given.k - 1)
        (folder / "copy1.palate").write_bytes(path.read_bytes())
        path.write_bytes((folder / "copy0.palate").read_bytes())
        command = [
            sys.executable,
            "-c",
            "import sys; from palate.cli import main; sys.exit(main())",
            "serve",
            str(path),
            "--port",
            "0",
        ]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None
        port = next(
            found[1] for line in server.stderr if (found := re.search(r"at http://127.0.0.1:(\d+)", line))
        )
        try:
            options = [
                "--rate",
                str(given.rate),
                "--seconds",
                str(given.seconds),
                "--swaps",
                str(given.swaps),
            ]
            subprocess.run(
                [sys.executable, __file__, *options, "--ask", port, str(server.pid), name], check=True
            )
        finally:
            server.kill()


if __name__ == "__main__":
    main()
