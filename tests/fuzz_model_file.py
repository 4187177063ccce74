"""Random damage to model files: each must be refused with ModelFileError, or load as a model that
saves to the same bytes.

    python tests/fuzz_model_file.py --cases 2000000 --seed 1

Nine files of ten are signed again after the damage, so that the parser is what is tested. A finding
is written to tests/corpus/ and run again by the tests from then on.
"""

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from model_files import (
    arrays_of,
    joined,
    model_of,
    ordinal_model,
    resigned,
    rewritten,
    small_model,
    smallest_model,
    split,
    timed_model,
    wide_model,
)
from palate.data.ratings import Ratings
from palate.model.file import container
from palate.model.file.errors import Damage
from palate.model.file.loading import ModelFileError, dumps, loads

CORPUS = Path(__file__).parent / "corpus"
SECONDS = 10.0  # of the processor, for one file: what ends sooner did not hang; speed is measured elsewhere
MEMORY = 64 << 20  # bytes beside twice the file
NUMBERS = [
    0,
    1,
    -1,
    2,
    255,
    256,
    2**16,
    2**31 - 1,
    2**31,
    2**32,
    2**53 + 1,
    2**62,
    2**63 - 1,
    2**63,
    -(2**63),
    2**64,
    1.0,
    0.5,
    1e308,
    1e-320,
]
VALUES = [*NUMBERS, None, True, False, "", "a", "\ud800", "é", "nan", [], [0], [[]], {}, {"a": 1}, "0" * 64]
BYTES = [
    b"",
    b"\0",
    b"\xff",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"0",
    b"-",
    b"e9",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
]
DATA = [0, 1, 2, 127, 128, 255, 2**15, 2**31 - 1, 2**63 - 1, -1, -(2**31), -(2**63)]


@dataclass
class Report:
    """What a run of the fuzzer saw."""

    n_cases: int = 0
    n_intact: int = 0
    slowest: float = 0.0
    findings: list[str] = field(default_factory=list)
    messages: Counter = field(default_factory=Counter)


def seeds() -> list[bytes]:
    """Return thirty different files to start from."""
    files = [
        dumps(small_model()),
        dumps(smallest_model()),
        dumps(wide_model(20, 15, 3)),
        dumps(ordinal_model()),
        dumps(timed_model()),
    ]
    rng = np.random.default_rng(3)
    for n in range(27):
        n_users, n_items = int(rng.integers(1, 9)), int(rng.integers(1, 9))
        pairs = np.unique(rng.integers(0, n_users * n_items, size=12))
        users, items = np.divmod(pairs, n_items)
        users = [f"user é{u}" for u in users] if n % 3 == 0 else users
        items = (items.astype(np.uint64) + np.uint64(2**63)) if n % 5 == 1 else items
        values = rng.random(len(pairs)) if n % 4 == 2 else rng.integers(1, 6, len(pairs))
        ratings = Ratings.from_arrays(
            users, items, values, timestamp=np.arange(len(pairs)) if n % 2 else None
        )
        files.append(dumps(model_of(ratings, n_factors=n % 4, n_draws=1 + n % 3, n_sweeps=n % 3, seed=n)))
    return files


def flip(data: bytes, rng: np.random.Generator) -> bytes:
    """Change one to eight bytes anywhere."""
    damaged = bytearray(data)
    for _ in range(rng.integers(1, 9)):
        damaged[rng.integers(len(damaged))] = rng.integers(256)
    return bytes(damaged)


def splice(data: bytes, rng: np.random.Generator) -> bytes:
    """Delete, double or move a piece, or put one of the characters JSON cares about somewhere."""
    begin, end = sorted(rng.integers(0, len(data) + 1, size=2).tolist())
    end = min(end, begin + int(rng.integers(1, 200)))
    at = int(rng.integers(0, len(data) + 1))
    what = [data[:0], data[begin:end], data[begin:end] * 2, BYTES[rng.integers(len(BYTES))]][rng.integers(4)]
    damaged = data[:begin] + what + data[end:] if rng.random() < 0.5 else data[:at] + what + data[at:]
    if (
        rng.random() < 0.7
    ):  # keep the header's length right, so that more than the end of the header is tested
        change = len(damaged) - len(data) if min(begin, at) < int.from_bytes(data[:8], "little") + 8 else 0
        damaged = (max(0, int.from_bytes(data[:8], "little") + change)).to_bytes(8, "little") + damaged[8:]
    return damaged


def lengths(data: bytes, rng: np.random.Generator) -> bytes:
    """Change the header's length, or cut or extend the file."""
    kind = rng.integers(3)
    if kind == 0:
        near = int.from_bytes(data[:8], "little") + int(rng.integers(-16, 17))
        length = near if rng.random() < 0.7 else int(rng.integers(0, 2**63)) * 2
        return (length % 2**64).to_bytes(8, "little") + data[8:]
    return data[: rng.integers(0, len(data))] if kind == 1 else data + bytes(int(rng.integers(1, 40)))


def json_values(data: bytes, rng: np.random.Generator) -> bytes:
    """Change one value, key or entry of the header or the metadata."""
    header, metadata, arrays = split(data)
    root = metadata if rng.random() < 0.6 else header
    keep = {name: metadata[name] for name in ("format", "version", "sha256")}
    _change(root, rng)
    if rng.random() < 0.9:
        metadata = {**keep, **{key: value for key, value in metadata.items() if key not in keep}}
    return joined(header, metadata, arrays, sign=False)


def _change(value: Any, rng: np.random.Generator) -> None:
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not keys:
        return
    key = keys[rng.integers(len(keys))]
    if isinstance(value[key], dict | list) and value[key] and rng.random() < 0.8:
        _change(value[key], rng)
        return
    kind = rng.integers(4)
    other = keys[rng.integers(len(keys))]
    if kind == 0:
        del value[key]
    elif kind == 1:
        value[key], value[other] = value[other], value[key]
    elif kind == 2 and isinstance(value[key], int):
        value[key] += int(rng.integers(-2, 3))
    else:
        value[key] = VALUES[rng.integers(len(VALUES))]


def array_values(data: bytes, rng: np.random.Generator) -> bytes:
    """Change elements of an array, in place: what stays consistent in size but not in meaning."""
    header, _, arrays = split(data)
    name = list(header)[rng.integers(len(header))]
    begin, end = header[name]["data_offsets"]
    array = np.frombuffer(arrays[begin:end], dtype=container.DTYPES[header[name]["dtype"]]).copy()
    if len(array):
        for _ in range(rng.integers(1, 4)):
            at = rng.integers(len(array))
            if array.dtype.kind == "f":
                array[at] = [np.nan, np.inf, -np.inf, -0.0, 1e-45, 3e38][rng.integers(6)]
            else:
                array[at] = np.array(DATA[rng.integers(len(DATA))]).astype(array.dtype)
    start = len(data) - len(arrays)
    return data[: start + begin] + array.tobytes() + data[start + end :]


def array_shapes(data: bytes, rng: np.random.Generator) -> bytes:
    """Drop, cut, lengthen, reshape or retype one array; the container stays faultless."""
    tensors, metadata = arrays_of(data)
    name = list(tensors)[rng.integers(len(tensors))]
    array = tensors.pop(name)
    kind = rng.integers(5)
    if kind == 1 and array.ndim:
        array = array[: max(0, len(array) - 1)]
    elif kind == 2 and array.ndim:
        array = np.concatenate([array, array[:1]])
    elif kind == 3:
        array = array.astype(list(container.DTYPES.values())[rng.integers(len(container.DTYPES))])
    elif kind == 4:
        array = array.reshape(-1)
    if kind:
        tensors[name] = np.ascontiguousarray(array)
    elif rng.random() < 0.5:
        metadata["tensors"].pop(name, None)
    return rewritten(tensors, metadata)


MUTATORS: list[Callable[[bytes, np.random.Generator], bytes]] = [
    flip,
    splice,
    lengths,
    json_values,
    array_values,
    array_shapes,
]


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Return a damaged file; signed again nine times of ten."""
    for _ in range(1 if rng.random() < 0.8 else 3):
        try:
            with np.errstate(all="ignore"):
                data = MUTATORS[rng.integers(len(MUTATORS))](data, rng)
        except (Damage, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            break  # damaged so far that this mutator finds nothing to hold on to
    return data if rng.random() < 0.1 else resigned(data)


def problem_with(data: bytes, report: Report) -> str | None:
    """Load one damaged file; return what was wrong with the outcome, if anything."""
    started = time.process_time()
    try:
        model = loads(data)
    except ModelFileError as error:
        report.messages["".join(c for c in str(error)[:90] if not c.isdigit())] += 1
        return (
            None
            if "\n" not in str(error) and len(str(error)) < 500
            else f"message of {len(str(error))} characters"
        )
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {error}"
    finally:
        seconds = time.process_time() - started
        report.slowest = max(report.slowest, seconds)
    report.n_intact += 1
    return None if _same_content(data, dumps(model)) else "the model that was loaded saves to other content"


def _same_content(one: bytes, other: bytes) -> bool:
    """Whether the other file holds the arrays and metadata of the first, up to spelling, versions
    and what defaults add.
    """
    parts = []
    for data in (one, other):
        header, metadata, arrays = split(data)
        parts.append(
            {name: (e["dtype"], e["shape"], arrays[slice(*e["data_offsets"])]) for name, e in header.items()}
        )
        parts.append({key: value for key, value in metadata.items() if key not in ("sha256", "versions")})
    return parts[0] == parts[2] and _is_within(parts[1], parts[3])


def _is_within(one: Any, other: Any) -> bool:
    """Whether all of this JSON is in the other; 5 is the same scale as 5.0."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(key in other and _is_within(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_within, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def peak_memory() -> int:
    """Return the most memory this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def run(n_cases: int, seed: int, *, save: Path | None = None, progress: bool = False) -> Report:
    """Damage and load `n_cases` files."""
    rng = np.random.default_rng(seed)
    files, report = seeds(), Report()
    at_start = peak_memory()
    for case in range(n_cases):
        data = mutated(files[rng.integers(len(files))], rng)
        problem = problem_with(data, report)
        report.n_cases += 1
        if problem:
            report.findings.append(f"case {case} of seed {seed}: {problem}")
            if save:
                save.mkdir(parents=True, exist_ok=True)
                (save / f"fuzz-{sha256(data).hexdigest()[:12]}.palate").write_bytes(data)
        if progress and case % 50_000 == 0:
            figures = f"peak {peak_memory() >> 20} MiB, slowest {report.slowest:.3f} s"
            sys.stderr.write(f"{case:,} cases, {report.n_intact:,} intact, {figures}\n")
    if report.slowest > SECONDS:
        report.findings.append(f"a file took {report.slowest:.2f} s")
    if peak_memory() - at_start > MEMORY + 2 * max(map(len, files)):
        report.findings.append(f"memory grew from {at_start >> 20} to {peak_memory() >> 20} MiB")
    return report


def main() -> int:
    """Run from the command line; exit code 1 if there were findings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--messages", action="store_true", help="list how often each message came")
    args = parser.parse_args()
    report = run(args.cases, args.seed, save=CORPUS / "findings", progress=True)
    lines = [
        f"{report.n_cases:,} damaged files: {report.n_intact:,} loaded intact, {len(report.findings)} "
        f"findings, slowest {report.slowest:.3f} s"
    ]
    lines += report.findings[:50]
    if args.messages:
        lines += [f"{count:8,}  {message}" for message, count in report.messages.most_common()]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(report.findings))


if __name__ == "__main__":
    sys.exit(main())
