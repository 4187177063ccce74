"""Writes the tables of RESULTS.md from the record of measurements.

Each section stands between `<!-- name -->` and `<!-- /name -->`; only that is replaced, so that
what people write around the tables (profiles, what was tried, what bounds a kernel) stays.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from measure import Record, by_name, median, spread

Results = dict[str, list[dict[str, Any]]]

SKELETON = """# Benchmark results

The tables are written by `benchmarks/run.py`; the text between them is written by hand and stays.
Every figure comes from a process of its own, with palate and its peers taking turns; figures are
`median (lowest to highest)`. `python benchmarks/run.py SECTION` repeats one section; the planted
data and how the peers are installed are described in `benchmarks/planted.py` and
`benchmarks/environments/`.
"""
TITLES = {
    "planted": "The planted data",
    "speed": "Time to a validation error",
    "curve": "cmfrec's error by number of iterations",
    "sweep": "One sweep",
    "width": "The solver by number of factors",
    "topn": "Everyone's top 10",
    "read": "Reading",
    "memory": "Memory of training from a file",
    "parquet": "Memory of reading Parquet",
    "startup": "Starting",
    "quality": "Quality on public data",
    "quality-peers": "MovieLens-1M: the peers on the same folds",
}


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def ratio(results: Results, ours: str, theirs: str, value: Callable[[dict], float], bound: float) -> str:
    """Return a sentence with the ratio of two medians, the range of the rounds' ratios, and the
    bound it is held to.
    """
    if ours not in results or theirs not in results:
        return ""
    pairs = list(zip(results[ours], results[theirs], strict=False))
    each = [value(our) / value(their) for our, their in pairs]
    whole = median(map(value, results[ours])) / median(map(value, results[theirs]))
    verdict = "reached" if whole <= bound else "not reached"
    return (
        f"{ours} / {theirs}: **{whole:.3f}** (rounds {min(each):.3f} to {max(each):.3f}); asked for: at "
        f"most {bound:.3f}, {verdict}."
    )


def seconds_to(result: dict[str, Any], target: float) -> float:
    """Return the seconds of a fit until the end of the first sweep whose validation RMSE is at most
    the target.

    All that a fit does outside its sweeps (splitting, transposing, starting, finishing) counts as
    done before the first.
    """
    sweeps = result["seconds_per_iteration"]
    outside = result["seconds"] - sum(sweeps)
    for number, error in enumerate(result["rmse_per_iteration"], start=1):
        if error <= target:
            return outside + sum(sweeps[:number])
    return float("inf")


# --- sections
# -----------------------------------------------------------------------------------------------------------


def speed(results: Results, _lines: list) -> str:
    rows = [
        [
            name,
            spread(r["seconds"] for r in runs),
            len(runs[0].get("rmse_per_iteration", [])) or runs[0].get("iterations"),
            f"{median(r['rmse'] for r in runs):.4f}",
            f"{median(r['rmse_unclipped'] for r in runs):.4f}",
            f"{median(r['process_peak_rss_mb'] for r in runs):.0f}",
            len(runs),
        ]
        for name, runs in results.items()
    ]
    head = ("trainer", "fit alone, s", "sweeps or epochs", "RMSE", "RMSE unclipped", "peak RSS, MB", "rounds")
    return table(head, rows) + "\n\n" + "\n".join(f"- {line}" for line in _speed_ratios(results) if line)


def _speed_ratios(results: Results) -> list[str]:
    if "cmfrec" not in results:
        return []
    target = median(r["rmse_unclipped"] for r in results["cmfrec"])
    lines = [
        ratio(results, "palate, same objective", "cmfrec", lambda r: r["seconds"], 1 / 5) + " (whole fits)"
    ]
    theirs = median(r["seconds"] for r in results["cmfrec"])
    for name in ("palate, same objective", "palate, defaults"):
        if name in results:
            ours = [seconds_to(r, target) for r in results[name]]
            lines.append(
                f"{name}: {spread(ours)} s until its validation RMSE is at most cmfrec's last "
                f"({target:.4f}, unclipped): "
                f"**{median(ours) / theirs:.3f}** of cmfrec's time; asked for: at most 0.200, and 0.125 if "
                f"possible."
            )
    if "LIBMF" in results:
        target = median(r["rmse_unclipped"] for r in results["LIBMF"])
        if hung := sum(r["failed_tries"] for r in results["LIBMF"]):
            lines.append(
                f"LIBMF hung and was started again {hung} times; those tries are not in its figures."
            )
        for name in ("palate, same objective", "palate, defaults"):
            if name in results:
                best = min(r["rmse_unclipped"] for r in results[name])
                lines.append(
                    f"{name} against LIBMF: {median(r['seconds'] for r in results[name]):.2f} s to "
                    f"{best:.4f}, LIBMF "
                    f"{median(r['seconds'] for r in results['LIBMF']):.2f} s to {target:.4f}."
                )
    return lines


def curve(results: Results, _lines: list) -> str:
    rows = [
        [name.split()[1], f"{runs[0]['seconds']:.1f}", f"{runs[0]['rmse']:.5f}"]
        for name, runs in results.items()
    ]
    return table(("iterations", "fit, s", "RMSE"), rows)


def _later_sweeps(result: dict[str, Any]) -> float:
    """Return the median of a fit's iterations after the first, which pays for first touches of memory."""
    return median(result["seconds_per_iteration"][1:])


def sweep(results: Results, _lines: list) -> str:
    rows = [
        [name, spread((_later_sweeps(r) for r in runs), 3), spread(r["seconds"] for r in runs), len(runs)]
        for name, runs in results.items()
    ]
    text = table(("trainer", "one sweep, s", "fit of 4, s", "rounds"), rows)
    return text + "\n\n- " + ratio(results, "palate", "implicit CG", _later_sweeps, 0.6)


def sweep_flops(n_ratings: int, n_users: int, n_items: int, n_factors: int) -> float:
    """Return the floating-point operations that one sweep of exact solves needs.

    With w = n_factors + 1 columns: each rating adds w (w + 1) to the lower half of a Gram matrix
    and 2 w to a right-hand side, once per side; each row takes w^3 / 3 for Cholesky and 2 w^2 for
    the two substitutions.
    """
    width = n_factors + 1
    return 2 * n_ratings * (width * (width + 1) + 2 * width) + (n_users + n_items) * (
        width**3 / 3 + 2 * width**2
    )


def width(results: Results, lines: list) -> str:
    rates = {}
    rows = []
    for name, runs in results.items():
        n_factors = int(name.split()[1])
        seconds = median(_later_sweeps(r) for r in runs)
        rates[n_factors] = sweep_flops(*_sizes(runs[0]), n_factors) / seconds / 1e9
        rows.append(
            [
                n_factors,
                f"{seconds:.2f}",
                f"{rates[n_factors]:.1f}",
                f"{rates[n_factors] / rates.get(32, 1):.2f}",
            ]
        )
    text = table(("factors", "one sweep, s", "GFLOP/s", "of that at 32 (asked for: 0.5)"), rows)
    return (
        text
        + "\n\nA sweep is what the trainer reports: both sides, and the errors and the objective after it."
    )


def _sizes(result: dict[str, Any]) -> tuple[int, int, int]:
    return result["n_train"], result["n_users"], result["n_items"]


def topn(results: Results, _lines: list) -> str:
    rows = [
        [
            name,
            spread(r["seconds"] for r in runs),
            f"{median(r['process_peak_rss_mb'] for r in runs):.0f}",
            len(runs),
        ]
        for name, runs in results.items()
    ]
    text = table(("", "indexes and scores, s", "peak RSS, MB", "rounds"), rows)
    notes = [ratio(results, "palate", "implicit", lambda r: r["seconds"], 1 / 3)]
    if ours := results.get("palate"):
        notes.append(
            f"As a frame with ids and titles, by `model.recommend(n=10)`: "
            f"{spread(r['seconds_frame'] for r in ours)} s."
        )
        if "share_of_equal_entries" in ours[0]:
            equal, largest = ours[0]["share_of_equal_entries"], ours[0]["largest_score_difference"]
            notes.append(
                f"Equal entries of the two lists: {equal:.6f}; largest difference of scores at one place: "
                f"{largest:.1e}."
            )
    return text + "\n\n" + "\n".join(f"- {note}" for note in notes if note)


def read(results: Results, _lines: list) -> str:
    rows = [
        [
            name,
            spread(r["seconds"] for r in runs),
            f"{median(r['process_peak_rss_mb'] for r in runs):.0f}",
            len(runs),
        ]
        for name, runs in results.items()
    ]
    return table(
        ("reader and order of the rows", "CSV to both CSR, s (asked for: 6)", "peak RSS, MB", "rounds"), rows
    )


def memory(results: Results, _lines: list) -> str:
    rows = [
        [
            name,
            spread((r["process_peak_rss_mb"] for r in runs), 0),
            spread(r["wall_seconds"] for r in runs),
            f"{runs[0]['model_mb']:.0f}",
            len(runs),
        ]
        for name, runs in results.items()
    ]
    return table(
        (
            "command",
            "ru_maxrss, MB of 2^20 bytes (asked for: 1,526 = 1.6e9 bytes)",
            "wall, s",
            "model, MB",
            "rounds",
        ),
        rows,
    )


def parquet(results: Results, _lines: list) -> str:
    rows = [
        [
            name,
            f"{runs[0]['file_mb']:.0f}",
            spread((r["process_peak_rss_mb"] for r in runs), 0),
            spread(r["cpu_seconds"] for r in runs),
            spread(r["wall_seconds"] for r in runs),
            len(runs),
        ]
        for name, runs in results.items()
    ]
    return table(
        ("file, rows in random order", "on disk, MB", "peak RSS, MB", "processor, s", "wall, s", "rounds"),
        rows,
    )


def startup(results: Results, _lines: list) -> str:
    rows = []

    def add(what: str, name: str, field: str, asked: str, digits: int = 2) -> None:
        if name in results:
            rows.append([what, spread((r[field] for r in results[name]), digits), asked, len(results[name])])

    add("`import palate`, s", "import palate", "seconds", "0.3", 3)
    add("first fit ever on MovieLens-small, compilation included, s", "first fit", "seconds_fit", "15")
    add("the same with import and loading, s", "first fit", "seconds", "")
    add("first fit of a later process, s", "later fit", "seconds_fit", "2.5")
    add("the same with import and loading, s", "later fit", "seconds", "")
    add("second fit in that process, s", "later fit", "seconds_second_fit", "", 3)
    add("loading the planted model, s", "one user", "seconds_load", "")
    add("first list after loading, s", "one user", "seconds_first", "")
    add("one user's top 10 of 26,744: indexes and scores, median ms", "one user", "indexes_median_ms", "1", 3)
    add("the same, 99th percentile, ms", "one user", "indexes_p99_ms", "", 3)
    add("the frame with titles, median ms", "one user", "frame_median_ms", "5", 3)
    add("the same, 99th percentile, ms", "one user", "frame_p99_ms", "", 3)
    return table(("what", "measured", "asked for: at most", "rounds"), rows)


def quality(results: Results, _lines: list) -> str:
    rows = [
        [
            name,
            f"{r['rmse']:.4f} (folds' sd {r['rmse_sd']:.4f})",
            f"{r['rmse_unclipped']:.4f}",
            f"{r['mae']:.4f}",
            f"{r['baseline_rmse']:.4f}",
            f"{r['baseline_rmse'] - r['rmse']:+.4f}",
            f"{r['seconds']:.1f}",
        ]
        for name, (r, *_) in results.items()
    ]
    head = ("data, five folds", "RMSE", "RMSE unclipped", "MAE", "baseline's RMSE", "below it by", "a fit, s")
    trainers = sorted({f"- {name}: `{runs[0]['trainer']}`" for name, runs in results.items()})
    return table(head, rows) + "\n\n" + "\n".join(trainers)


def quality_peers(results: Results, _lines: list) -> str:
    rows = []
    for name, runs in results.items():
        settings = {
            key: value for key, value in runs[0]["settings"].items() if key in ("factors", "iterations")
        }
        shown = ", ".join(f"{key} {value}" for key, value in settings.items())
        rows.append(
            [
                name,
                shown,
                f"{sum(r['rmse'] for r in runs) / len(runs):.4f}",
                spread(r["seconds"] for r in runs),
                len(runs),
            ]
        )
    return table(("library", "settings", "RMSE", "a fit, s", "folds"), rows)


def planted(results: Results, _lines: list) -> str:
    meta = next(iter(results.values()))[0]
    lines = [
        f"{meta['n_users']:,} users, {meta['n_items']:,} items, {meta['n_ratings']:,} ratings, rank "
        f"{meta['rank']}, seed {meta['seed']}.",
        "",
        table(
            ("bound", "holdout RMSE"),
            [
                ["E[rating given the true latent value]", f"{meta['rmse_latent']:.4f}"],
                ["oracle: true items, exact posterior of each user", f"{meta['rmse_oracle']:.4f}"],
                ["oracle + 3 % (asked for)", f"{1.03 * meta['rmse_oracle']:.4f}"],
                ["the training mean", f"{meta['rmse_mean']:.4f}"],
            ],
        ),
    ]
    return "\n".join(lines)


WRITERS: dict[str, Callable[[Results, list], str]] = {
    "planted": planted,
    "speed": speed,
    "curve": curve,
    "sweep": sweep,
    "width": width,
    "topn": topn,
    "read": read,
    "memory": memory,
    "parquet": parquet,
    "startup": startup,
    "quality": quality,
    "quality-peers": quality_peers,
}


# --- the file
# -----------------------------------------------------------------------------------------------------------


def provenance(lines: list[dict[str, Any]]) -> str:
    """Return when, on what and with which versions a section was measured."""
    machine = lines[0]["machine"]
    versions: dict[str, set[str]] = {}
    for line in lines:
        for name, version in line["result"].get("versions", {}).items():
            versions.setdefault(name, set()).add(version)
    shown = ", ".join(f"{name} {' and '.join(sorted(found))}" for name, found in sorted(versions.items()))
    load = max(line["machine"]["load_average"] for line in lines)
    return (
        f"{machine['date']}, commit {machine['commit']}, {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, "
        f"{machine['system']}; load average up to {load}. {shown}"
    ).strip()


def write(path: Path, record: Record) -> None:
    """Bring the tables of RESULTS.md up to date with the record."""
    text = path.read_text() if path.exists() else SKELETON
    for section, writer in WRITERS.items():
        lines = record.last_run(section)
        if not lines:
            continue
        body = (
            f"<!-- {section} -->\n{writer(by_name(lines), lines)}\n\n{provenance(lines)}\n<!-- /{section} -->"
        )
        pattern = re.compile(rf"<!-- {section} -->.*?<!-- /{section} -->", re.DOTALL)
        if pattern.search(text):
            text = pattern.sub(lambda _match, body=body: body, text)
        else:
            text = text.rstrip("\n") + f"\n\n## {TITLES[section]}\n\n{body}\n"
    path.write_text(text)
