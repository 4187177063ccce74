"""How good the lists of each model of choices are: nDCG@10 of everyone's ten best, with every
setting chosen on validation.

    python benchmarks/lists.py FOLDER --seeds 0
    python benchmarks/lists.py FOLDER --sets ml-1m --models spectral
    python benchmarks/lists.py FOLDER --report

The first command measures all data sets (FOLDER/movielens-small, ml-1m, goodbooks-10k and
movietweetings, and the one that comes with palate), the second some of them, and the third only
writes the section of RESULTS.md again.

Each user's ratings are divided at random: 80 % to train, 10 % to choose the settings on, 10 % to
test (`palate.splits.per_user`; a user with fewer than five ratings is not tested). Each model is
fitted with every one of its settings to the first part, chosen by nDCG@10 on the second, fitted
again to the first two, and tested once on the third. All items that a user has not rated in
training are ranked; relevant is a rating of at least 4 of 5 (8 of 10). Where there are times a
second protocol trains on the first 90 % of all ratings, chooses on the last tenth of these, and
tests on what came later, for the users and items that were known before.

Every model is a process of its own. What it found is kept under --cache, with one nDCG per user,
and is not measured again.
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

SETS = ("bundled", "movielens-small", "ml-1m", "goodbooks-10k", "movietweetings")
TIMED = ("bundled", "movielens-small", "movietweetings")
PROTOCOLS = {"random": "per user 80/10/10", "later": "global time cut at 90 %"}
LAMBDAS = (30.0, 60.0, 100.0, 150.0, 200.0, 300.0, 500.0, 700.0, 1000.0, 2000.0)
MANY = 6_000  # items and users, from which on fewer lambdas are tried
FEW_LAMBDAS = (100.0, 200.0, 400.0, 800.0)
EASE, POPULAR = "dense EASE, graded", "most popular"
DEFAULT, GIVEN = "Recommender()", "Recommender(), given the validation part"
KNOWN_LATELY = "popular lately, of at least 3 ratings"
MODELS = (
    POPULAR,
    "popular lately",
    KNOWN_LATELY,
    "Spectral",
    "LinearItems, local",
    EASE,
    "least squares of choices",
    DEFAULT,
    GIVEN,
)
FEW = 3  # an item with fewer training ratings is obscure
RESAMPLES = 2000


def read_set(name: str, folder: Path) -> Any:
    """Return the ratings of a set: those that come with palate, or those of a folder."""
    import palate

    if name == "bundled":
        return palate.datasets.load("movielens-small").ratings
    if name == "movielens-small":
        return palate.read(folder / name / "ratings.csv", scale=(0.5, 5)).ratings
    from palate_runs import read_set as read_other

    return read_other(name, folder)


def settings_of(model: str, train: Any, seconds: float = 60.0) -> list[Any]:
    """Return the trainers among which a model is chosen."""
    import palate

    most = min(train.n_users, train.n_items)
    if model == POPULAR:
        return [palate.Popular()]
    if model.startswith("popular lately"):
        span, least = float(np.ptp(train.timestamp)), FEW if model == KNOWN_LATELY else 1
        return [
            palate.Popular(half_life=span * share, min_ratings=least)
            for share in (1 / 1024, 1 / 256, 1 / 64, 1 / 16)
        ]
    if model == "Spectral":
        return [palate.Spectral(n_factors=k) for k in sorted({min(k, most) for k in (64, 128, 512)})]
    if model == "LinearItems, local":
        return [palate.LinearItems(l2=l2) for l2 in (2.0, 4.0, 8.0, 16.0)]
    if model == EASE:
        return [
            palate.LinearItems(form="dense", l2=l2, user_exponent=0.0, item_exponent=0.0)
            for l2 in (LAMBDAS if most < MANY else FEW_LAMBDAS)
        ]
    if model == "least squares of choices":
        shape = {"n_factors": min(64, most)}
        return [
            palate.LeastSquares.for_counts("linear", **shape, l2_user=l2, l2_item=l2) for l2 in (0.01, 5.0)
        ]
    return [palate.Recommender(seconds=seconds)]


def parts_of(ratings: Any, protocol: str, seed: int) -> tuple[Any, Any, Any, Any]:
    """Return the ratings to train on, to choose on, both of these, and those to test on."""
    import palate

    if protocol == "random":
        outer = palate.splits.per_user(ratings, share=0.1, seed=seed)
        inner = palate.splits.per_user(outer.train, share=1 / 9, seed=seed + 1)
    else:
        outer = palate.splits.by_time(ratings, share=0.1)
        inner = palate.splits.by_time(outer.train, share=0.1)
    return inner.train, inner.test, outer.train, outer.test


def ndcg_of(
    model: Any, test: Any, relevant_from: float, n: int = 10
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the users of `model` who are tested, the nDCG of each one's n best, and the items of
    these lists (-1 where there are none).
    """
    user = model.users.indices(test.users.take(np.arange(test.n_users)))[test.user_index]
    item = model.items.indices(test.items.take(np.arange(test.n_items)))[test.item_index]
    keep = (test.value >= relevant_from) & (user >= 0) & (item >= 0)
    user, item = user[keep], item[keep]
    users, row = np.unique(user, return_inverse=True)
    lists = model.recommend(model.users.take(users), n=n).select("user_id", "rank", "item_id")
    items = np.full((len(users), n), -1, np.int64)
    places = np.searchsorted(users, model.users.indices(lists["user_id"])), lists["rank"].to_numpy() - 1
    items[places] = model.items.indices(lists["item_id"])
    wanted = np.unique(row.astype(np.int64) * len(model.items) + item)
    asked = np.arange(len(users))[:, None] * len(model.items) + items
    hit = np.isin(asked, wanted) & (items >= 0)
    gains = 1 / np.log2(np.arange(2, n + 2))
    best = np.cumsum(gains)[np.minimum(np.bincount(row), n) - 1]
    return users, hit @ gains / best, items


def measure_model(
    folder: Path, name: str, protocol: str, seed: int, model: str, out: Path, options: argparse.Namespace
) -> None:
    """Choose, fit again and test one model, and write what was found to `out` as .json and .npz."""
    ratings = read_set(name, folder)
    relevant_from = 8.0 if ratings.scale[1] == 10 else 4.0
    train, validation, both, test = parts_of(ratings, protocol, seed)
    tried, start, cpu = [], time.perf_counter(), time.process_time()
    trainers = settings_of(model, train, options.seconds)
    for trainer in trainers if len(trainers) > 1 else []:
        fitted = trainer.fit(train, validation=0)
        tried.append(float(ndcg_of(fitted, validation, relevant_from)[1].mean()))
        del fitted
        print(f"{name} {protocol} {seed} {trainer}: {tried[-1]:.4f}", file=sys.stderr, flush=True)
    chosen = trainers[int(np.argmax(tried))] if tried else trainers[0]
    choosing = time.perf_counter() - start, time.process_time() - cpu
    start, cpu = time.perf_counter(), time.process_time()
    if model == GIVEN:  # it is fitted again to both parts, as without them
        fitted = chosen.fit(train, validation=validation, seed=seed)
    else:
        fitted = chosen.fit(both, seed=seed) if model == DEFAULT else chosen.fit(both, validation=0)
    fitting = time.perf_counter() - start, time.process_time() - cpu
    start, cpu = time.perf_counter(), time.process_time()
    users, ndcg, items = ndcg_of(fitted, test, relevant_from)
    listing = time.perf_counter() - start, time.process_time() - cpu
    counts = np.bincount(
        fitted.items.indices(both.items.take(np.arange(both.n_items)))[both.item_index],
        minlength=len(fitted.items),
    )
    obscure = ((counts[items] < FEW) & (items >= 0)).any(axis=1)
    np.savez(out.with_suffix(".npz"), users=fitted.users.take(users).to_numpy(), ndcg=ndcg)
    found = {
        "set": name,
        "protocol": protocol,
        "seed": seed,
        "model": model,
        "ndcg": float(ndcg.mean()),
        "n_users": len(users),
        "obscure": float(obscure.mean()),
        "choosing": choosing,
        "fitting": fitting,
        "listing": listing,
        "rss_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "validation": tried,
        "chosen": chosen_words(model, chosen, fitted),
    }
    out.with_suffix(".json").write_text(json.dumps(found))


def chosen_words(model: str, trainer: Any, fitted: Any) -> str:
    """Return what was chosen on validation in a few words."""
    if model == "Spectral":
        return f"{trainer.n_factors} factors"
    if model in ("LinearItems, local", EASE):
        return f"l2 {trainer.l2:g}"
    if model.startswith("popular lately"):
        days = trainer.half_life / 86400
        return f"half-life {days:.0f} days" if days >= 10 else f"half-life {days:.2g} days"
    if model == "least squares of choices":
        return f"l2 {trainer.l2_user:g}"
    if model in (DEFAULT, GIVEN):
        return str(dict(fitted.trainer).get("choice", ""))
    return ""


def main() -> None:
    """Measure what is missing, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with ml-1m, goodbooks-10k and movietweetings")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--models", nargs="+", default=list(MODELS), help="beginnings of their names")
    parser.add_argument("--protocols", nargs="+", default=list(PROTOCOLS), choices=list(PROTOCOLS))
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "palate-lists")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="of Recommender; more where the processors are busy"
    )
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument(
        "--one", nargs=5, help=argparse.SUPPRESS
    )  # set, protocol, seed, model, file: what a process of its own does
    options = parser.parse_args()
    if options.one:
        name, protocol, seed, model, out = options.one
        measure_model(options.data, name, protocol, int(seed), model, Path(out), options)
        return
    import measure

    options.cache.mkdir(parents=True, exist_ok=True)
    models = [model for model in MODELS if any(model.startswith(start) for start in options.models)]
    wanted = [
        (n, p, s, m) for p in options.protocols for s in options.seeds for n in options.sets for m in models
    ]
    for name, protocol, seed, model in wanted if not options.report else []:
        out = options.cache / f"{name}-{protocol}-{seed}-{model.replace(' ', '_')}"
        missing = (protocol == "later" and name != "movietweetings") or (
            (model.startswith("popular lately") or model == GIVEN) and name not in TIMED
        )
        if missing or out.with_suffix(".json").exists():
            continue
        command = [
            sys.executable,
            str(Path(__file__).resolve()),
            str(options.data),
            "--one",
            name,
            protocol,
            str(seed),
            model,
            str(out),
        ]
        try:
            measure.run(command, environment=dict(os.environ))
            print(out.with_suffix(".json").read_text(), flush=True)
        except measure.MeasurementError as error:
            print(f"{name}, {model}: {error}", file=sys.stderr, flush=True)
    write_section(options.cache, HERE / "RESULTS.md")


def write_section(cache: Path, path: Path) -> None:
    """Replace the tables between the marks of the section."""
    text = path.read_text()
    start, end = "<!-- lists -->", "<!-- /lists -->"
    if start not in text:
        raise SystemExit(f"{path} must hold the mark {start}; it does not.")
    before, rest = text.split(start, 1)
    path.write_text(f"{before}{start}\n{tables(cache)}\n{end}{rest.split(end, 1)[1]}")


def tables(cache: Path) -> str:
    """Return a table for each protocol and set, of all seeds found."""
    import report

    found = [json.loads(file.read_text()) | {"file": file} for file in sorted(cache.glob("*.json"))]
    parts = []
    for protocol, said in PROTOCOLS.items():
        for name in SETS:
            here = [one for one in found if (one["protocol"], one["set"]) == (protocol, name)]
            if not here:
                continue
            seeds = sorted({one["seed"] for one in here})
            rows = [line_of(model, here) for model in MODELS if any(one["model"] == model for one in here)]
            users = sorted({one["n_users"] for one in here})
            head = (
                "model",
                "chosen",
                "nDCG@10",
                "minus most popular",
                "minus EASE",
                "obscure lists",
                "choose, s",
                "fit, s",
                "lists, s",
                "peak, GB",
            )
            parts.append(
                f"**{name}**, {said}, seeds {', '.join(map(str, seeds))}, up to {users[-1]:,} "
                f"users tested.\n\n{report.table(head, rows)}"
            )
    return "\n\n".join(parts)


def line_of(model: str, here: list[dict[str, Any]]) -> list[str]:
    """Return the row of a model: means over seeds, paired intervals of all users of all seeds."""
    own = [one for one in here if one["model"] == model]
    cells = [
        difference(own, [one for one in here if one["model"] == other]) if other != model else ""
        for other in (POPULAR, EASE)
    ]
    mean = {key: float(np.mean([one[key] for one in own])) for key in ("ndcg", "obscure", "rss_gb")}
    cpu = [
        f"{np.mean([one[step][0] for one in own]):.0f} ({np.mean([one[step][1] for one in own]):.0f})"
        for step in ("choosing", "fitting", "listing")
    ]
    chosen = "; ".join(dict.fromkeys(one["chosen"] for one in own))
    seeds = sorted(one["seed"] for one in own)
    some = f" (seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))})"
    return [
        model + some * (len(seeds) < len({one["seed"] for one in here})),
        chosen,
        f"{mean['ndcg']:.4f}",
        *cells,
        f"{mean['obscure']:.1%}",
        *cpu,
        f"{mean['rss_gb']:.2f}",
    ]


def difference(own: list[dict[str, Any]], other: list[dict[str, Any]]) -> str:
    """Return the mean difference of nDCG over the same users, with its bootstrap interval of 95 %."""
    pairs = [
        (np.load(a["file"].with_suffix(".npz")), np.load(b["file"].with_suffix(".npz")))
        for a in own
        for b in other
        if a["seed"] == b["seed"]
    ]
    if not pairs:
        return "not measured"
    parts = []
    for mine, theirs in pairs:
        _, left, right = np.intersect1d(mine["users"], theirs["users"], return_indices=True)
        parts.append(mine["ndcg"][left] - theirs["ndcg"][right])
    gain = np.concatenate(parts)
    rng = np.random.default_rng(0)
    draws = [gain[rng.integers(0, len(gain), len(gain))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(draws, (0.025, 0.975))
    return f"{gain.mean():+.4f} ({low:+.4f} to {high:+.4f})"


if __name__ == "__main__":
    main()
