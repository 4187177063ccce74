"""palate where a system has fewer facilities than Linux: the modules and calls that Windows lacks
are taken away.

This stands for Windows as far as one machine can: paths, terminals and locks of a real Windows are
tested by the workflow.
"""

import subprocess
import sys

# Other libraries are imported first: theirs are their own affair. Then what only POSIX has is gone
# for palate.
SCRIPT = """
import os, signal, sys, subprocess, tempfile, importlib
from pathlib import Path
import numba, numpy, polars, narwhals, rich, safetensors.numpy, typer
import http.client, urllib.request, concurrent.futures

for name in ("fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "readline", "syslog"):
    sys.modules[name] = None  # importing it is an ImportError
for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "sched_getaffinity", "geteuid", "getuid",
             "getgid", "fork", "mkfifo", "fchmod", "fchown", "chown", "uname", "statvfs", "killpg",
             "getpgid", "sysconf", "nice"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGPIPE", "SIGALRM", "SIGXFSZ", "alarm",
             "pthread_kill", "pthread_sigmask"):
    if hasattr(signal, name):
        delattr(signal, name)

import palate
from palate.cli import main

def run(*arguments):
    assert main([str(argument) for argument in arguments]) == 0, arguments

with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    data = palate.datasets.load()
    ratings = data.ratings
    ratings.to_frame().write_csv(folder / "ratings.csv")
    for _ in range(2):  # the second time a file is replaced
        run("train", folder / "ratings.csv", "-o", folder / "m.palate", "--n-factors", 2, "--max-sweeps", 2)
    run("info", folder / "m.palate")
    user = palate.load(folder / "m.palate").users.id(0)
    run("recommend", folder / "m.palate", user, "-o", folder / "list.csv")
    run("datasets", "list")
    split = palate.splits.random(ratings, 0.1)
    split.save(folder / "split")
    assert palate.splits.load(folder / "split", ratings).test.n_ratings == split.test.n_ratings
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["list.csv", "m.palate", "ratings.csv", "split"], left
"""


def test_it_needs_nothing_that_only_posix_has(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
