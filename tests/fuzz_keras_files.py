"""Random damage to Keras files: each must be refused with ModelFileError, or read as finite tables.

    python tests/fuzz_keras_files.py --cases 200000 --seed 1

The cases run in batches in other processes, so that a crash of the HDF5 library is seen and its
case is named; a finding is written to tests/corpus/ under the name of its batch and number.
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from keras_files import tables, write_h5, write_keras

CORPUS = Path(__file__).parent / "corpus"
MEMORY = 64 << 20
SECONDS = 10.0  # of the processor, for one file: what ends sooner did not hang; speed is measured elsewhere
INTERESTING = [0, 1, 127, 128, 255]


def seeds(folder):
    """Return the bytes of files to damage: both layouts, with and without biases."""
    found = []
    for number, biases in enumerate((True, False)):
        found.append(write_h5(folder / f"{number}.h5", tables(number, biases)).read_bytes())
        found.append(write_keras(folder / f"{number}.keras", tables(number, biases)).read_bytes())
    return found


def damaged(data, rng):
    """Return a file with a few bytes changed, a number made large, or a piece gone; of an archive,
    mostly inside its weights.
    """
    if data[:2] == b"PK" and rng.random() < 0.9:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {member.filename: archive.read(member) for member in archive.infolist()}
        name = "config.json" if rng.random() < 0.2 else "model.weights.h5"
        parts[name] = damaged(parts[name], rng)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for part, content in parts.items():
                archive.writestr(part, content)
        return buffer.getvalue()
    out, kind = bytearray(data), rng.integers(5)
    at = int(rng.integers(len(out)))
    used = np.flatnonzero(np.frombuffer(data, np.uint8))  # most of an HDF5 file is empty
    if kind == 0:
        return bytes(out[:at])
    if kind == 1:
        return bytes(out[:at] + out[at + int(rng.integers(1, 64)) :])
    for _ in range(int(rng.integers(1, 6))):
        place = int(rng.choice(used)) if rng.random() < 0.7 else int(rng.integers(len(out)))
        if kind == 2:
            out[place] = rng.choice(INTERESTING)
        elif kind == 3:
            out[place] = rng.integers(256)
        else:
            width = int(rng.choice([2, 4, 8]))
            value = int(rng.choice([0, 1, 2**15, 2**31 - 1, 2**40, 2**62])) % 2 ** (8 * width)
            out[place : place + width] = value.to_bytes(width, "little")
    return bytes(out[: len(data)])


def run_batch(folder, seed, cases, first=0):
    """Read `cases` damaged files; print the number of each before it is read, and findings."""
    from palate.model.file.errors import ModelFileError
    from palate.model.keras.read import read_tables

    sources, path = seeds(folder), folder / "case"
    for data in sources:
        path.write_bytes(data)
        read_tables(path)
    top = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    n_read = 0
    for number in range(first, cases):
        rng = np.random.default_rng([seed, number])
        path.write_bytes(damaged(sources[number % len(sources)], rng))
        (folder / "number").write_text(str(number))
        began, problem = time.process_time(), ""
        try:
            found = read_tables(path)
            n_read += 1
            if not all(np.isfinite(table).all() for table in found.of.values()):
                problem = "tables that are not finite"
        except ModelFileError:
            pass
        except Exception as error:
            problem = repr(error)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - top) * 1024
        if grown > MEMORY:
            problem, top = f"{grown >> 20} MiB", top + (grown >> 10)
        if time.process_time() - began > SECONDS:
            problem = f"{time.process_time() - began:.1f} s"
        if problem:
            CORPUS.mkdir(exist_ok=True)
            (CORPUS / f"keras-{seed}-{number}").write_bytes(path.read_bytes())
            sys.stdout.write(json.dumps({"case": number, "problem": problem}) + "\n")
    sys.stdout.write(json.dumps({"read": n_read}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=Path, help="run in this process, with this folder")
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    if options.batch is not None:
        return run_batch(options.batch, options.seed, options.cases, options.first)
    import tempfile

    findings, n_read, first = [], 0, 0
    with tempfile.TemporaryDirectory() as name:
        while first < options.cases:
            command = [sys.executable, __file__, "--batch", name, "--seed", str(options.seed)]
            command += ["--cases", str(options.cases), "--first", str(first)]
            done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            findings += [line for line in lines if "problem" in line]
            n_read += sum(line.get("read", 0) for line in lines)
            if done.returncode == 0:
                break
            at = int((Path(name) / "number").read_text())
            findings.append(
                {"case": at, "problem": f"the process ended with {done.returncode}: {done.stderr[-300:]}"}
            )
            CORPUS.mkdir(exist_ok=True)
            (CORPUS / f"keras-{options.seed}-{at}").write_bytes((Path(name) / "case").read_bytes())
            first = at + 1
    sys.stdout.write(f"{options.cases:,} cases, {n_read:,} read as tables, {len(findings)} findings\n")
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    return sys.exit(bool(findings))


if __name__ == "__main__":
    main()
