"""Build the peers' virtual environments in a folder outside the repository.

    python benchmarks/environments/build_environments.py [--cache FOLDER] [peers] [myfm] [keras]

Needs Python 3.11 (the peers have no builds for newer ones) and gcc with OpenMP; takes about two
minutes for `peers`.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = ("peers", "myfm", "keras")
MARK = "# --- end of the build tools"
# LIBMF's own Makefile compiles for this processor and with vector instructions; the Python
# package's setup.py does not.
COMPILER_FLAGS = {"libmf": {"CFLAGS": "-O3 -march=native -DUSEAVX -DUSEOMP -fopenmp", "LDFLAGS": "-fopenmp"}}


def default_cache() -> Path:
    """Return the folder that holds environments and data of the benchmarks."""
    if folder := os.environ.get("PALATE_BENCHMARKS"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "palate-benchmarks"


def environment_python(name: str, cache: Path | None = None) -> Path:
    """Return the interpreter of the environment `name`, built or not."""
    return (cache or default_cache()) / "environments" / name / "bin" / "python"


def find_python() -> str:
    """Return a Python 3.11 that answers; a pyenv shim of a version that is not active does not."""
    for candidate in (sys.executable, "python3.11"):
        path = shutil.which(candidate)
        if path is None:
            continue
        answer = subprocess.run(
            [path, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True
        )
        if answer.stdout.strip() == "(3, 11)":
            return path
    sys.exit("the peers need Python 3.11; install it and put python3.11 on the PATH.")


def build(name: str, cache: Path) -> None:
    """Create one environment anew and install its pinned requirements."""
    requirements = HERE / f"requirements-{name}.txt"
    python = environment_python(name, cache)
    subprocess.run([find_python(), "-m", "venv", "--clear", str(python.parent.parent)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    text = requirements.read_text()
    if MARK in text:
        tools = [line for line in text.split(MARK)[0].splitlines() if line and not line.startswith("#")]
        subprocess.run([*pip, *tools], check=True)
        pip.append("--no-build-isolation")
    for line in text.splitlines():
        if flags := COMPILER_FLAGS.get(line.partition("==")[0]):
            subprocess.run([*pip, "--no-cache-dir", line], check=True, env={**os.environ, **flags})
    subprocess.run([*pip, "-r", str(requirements)], check=True)
    freeze = subprocess.run([str(python), "-m", "pip", "freeze"], check=True, capture_output=True, text=True)
    (python.parent.parent / "installed.txt").write_text(freeze.stdout)
    print(f"{name}: {python}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(NAMES), help=f"which of {', '.join(NAMES)}")
    parser.add_argument("--cache", type=Path, default=default_cache())
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in NAMES:
            parser.error(f"environment must be one of {', '.join(NAMES)}; got {name!r}.")
        build(name, arguments.cache)


if __name__ == "__main__":
    main()
