"""Runs one measured process, keeps its answer as a JSON line, and takes medians and ranges of such lines."""

import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
sys.path.insert(0, str(HERE))

from environments.build_environments import environment_python  # noqa: E402

MEGABYTE = 1024.0  # of the kilobytes in ru_maxrss


class MeasurementError(RuntimeError):
    """A measured process failed; the message holds the end of what it wrote."""


def clean_environment(**changes: str) -> dict[str, str]:
    """Return the environment of a measured process: no processor type forced on OpenBLAS, byte code
    written and used.
    """
    environment = dict(os.environ)
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE", "NUMBA_NUM_THREADS"):
        environment.pop(name, None)
    return environment | changes


def run(
    command: list[str],
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    limit: float | None = None,
) -> dict[str, Any]:
    """Run a command to its end; return wall seconds, peak RSS in MB (ru_maxrss of that process
    alone) and its output.

    A process that takes longer than `limit` seconds is ended, which is an error.
    This process must stay small: Linux counts the parent's memory at the moment of the fork in the
    child's ru_maxrss.
    """
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        variables = dict(environment or clean_environment())
        process = subprocess.Popen(command, stdout=out, stderr=error, env=variables, cwd=cwd or REPOSITORY)
        timer = threading.Timer(limit or threading.TIMEOUT_MAX, process.kill)
        timer.daemon = True
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode != 0:
            error.seek(0)
            raise MeasurementError(
                f"{' '.join(command)} exited with {process.returncode}:\n{error.read()[-2000:]}"
            )
        return {
            "wall_seconds": seconds,
            "process_peak_rss_mb": usage.ru_maxrss / MEGABYTE,
            "output": out.read(),
        }


def run_json(
    command: list[str], *, environment: Mapping[str, str] | None = None, limit: float | None = None
) -> dict[str, Any]:
    """Run a command whose last line of output is a JSON object; return it with wall seconds and peak RSS."""
    measured = run(command, environment=environment, limit=limit)
    answer = json.loads(measured.pop("output").strip().splitlines()[-1])
    return answer | measured


def peer(
    name: str,
    environment: str = "peers",
    *,
    blas_threads: int = 1,
    limit: float | None = None,
    tries: int = 1,
    **options: Any,
) -> dict[str, Any]:
    """Run one fit of a peer in its own environment (benchmarks/peers.py); with `tries`, again when
    it fails or hangs.

    `failed_tries` of the answer counts what was thrown away.
    """
    python = environment_python(environment)
    if not python.exists():
        raise MeasurementError(
            f"no environment at {python}; run benchmarks/environments/build_environments.py {environment}."
        )
    variables = clean_environment(OPENBLAS_NUM_THREADS=str(blas_threads))
    command = [str(python), str(HERE / "peers.py"), name, *_flags(options)]
    for failed in range(tries):
        try:
            return run_json(command, environment=variables, limit=limit) | {"failed_tries": failed}
        except MeasurementError:
            if failed == tries - 1:
                raise
    raise ValueError(f"tries must be at least 1; got {tries}.")


def palate(name: str, *, environment: Mapping[str, str] | None = None, **options: Any) -> dict[str, Any]:
    """Run one measurement of palate in a process of its own (benchmarks/palate_runs.py)."""
    return run_json(
        [sys.executable, str(HERE / "palate_runs.py"), name, *_flags(options)], environment=environment
    )


def _flags(options: Mapping[str, Any]) -> list[str]:
    flags = []
    for name, value in options.items():
        if value is None or value is False:
            continue
        flags.append("--" + name.replace("_", "-"))
        if value is not True:
            flags.append(str(value))
    return flags


# --- the record
# ---------------------------------------------------------------------------------------------------------


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, memory, Python and the commit measured."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        fields = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
        fields = {name.strip(): value.strip() for name, value in fields.items()}
        cpu = (
            f"{fields.get('model name', cpu)} (family {fields.get('cpu family')}, model "
            f"{fields.get('model')})"
        )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=REPOSITORY, capture_output=True, text=True
    )
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load_average": round(os.getloadavg()[0], 2),
    }


class Record:
    """The JSON lines of all measurements; a section's tables are made of its last run."""

    def __init__(self, path: Path):
        self.path = path

    def add(self, section: str, run_id: str, name: str, result: Mapping[str, Any], **labels: Any) -> None:
        """Append one measurement."""
        line = {
            "section": section,
            "run": run_id,
            "name": name,
            **labels,
            "result": dict(result),
            "machine": machine(),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as stream:
            stream.write(json.dumps(line) + "\n")

    def last_run(self, section: str) -> list[dict[str, Any]]:
        """Return the lines of the section's last run, in the order in which they were measured."""
        if not self.path.exists():
            return []
        lines = [json.loads(line) for line in self.path.read_text().splitlines()]
        lines = [line for line in lines if line["section"] == section]
        return [line for line in lines if line["run"] == lines[-1]["run"]]


def by_name(lines: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the results of each name, in order."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        groups.setdefault(line["name"], []).append(line["result"])
    return groups


def median(values: Iterable[float]) -> float:
    """Return the median of the values."""
    return statistics.median(values)


def spread(values: Iterable[float], digits: int = 2) -> str:
    """Return `median (lowest to highest)`."""
    values = list(values)
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"
