"""Replacing a file: whatever fails and whenever the process dies, the old file or the new one is
there, whole.
"""

import errno
import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from model_files import assert_same, cases, small_model
from palate import _files
from palate._files import replace_file
from palate.model.file.loading import load_model, save_model

OLD, NEW = b"old" * 1000, [b"new " * 700, memoryview(b"er" * 900), b""]
NEW_BYTES = b"".join(NEW)
STEPS = ["stat", "listdir", "open", "fchmod", "write", "fsync", "replace", "close", "unlink"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")


class Recorder:
    """The functions of `os`, noting their calls; the n-th call of those that change the disk can be
    made to fail.
    """

    def __init__(self, fail_at=None, error=errno.EIO, for_ever=False, short_writes=False):
        self.calls, self.fail_at, self.error, self.for_ever, self.short_writes = (
            [],
            fail_at,
            error,
            for_ever,
            short_writes,
        )
        self.folders = set()

    def __getattr__(self, name):
        function = getattr(os, name)
        if name not in STEPS:
            return function

        def call(*args):
            self.calls.append(self.label(name, args))
            n = len(self.calls)
            if self.fail_at is not None and (n == self.fail_at or (self.for_ever and n > self.fail_at)):
                if name == "close":
                    os.close(*args)
                raise OSError(self.error, os.strerror(self.error))
            if name == "write" and self.short_writes:
                return os.write(args[0], args[1][:7])
            result = function(*args)
            if name == "open" and os.path.isdir(args[0]):
                self.folders.add(result)
            return result

        return call

    def label(self, name, args):
        return f"{name} folder" if name in ("fsync", "close") and args[0] in self.folders else name


def litter(folder):
    return [path.name for path in Path(folder).iterdir() if path.name.startswith(".palate-")]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.palate"
    path.write_bytes(OLD)
    return path


def test_steps_come_in_the_durable_order(path):
    system = Recorder()
    replace_file(path, NEW, system)
    assert path.read_bytes() == NEW_BYTES
    steps = [call for call in system.calls if call in ("write", "fsync", "replace", "fsync folder")]
    assert steps == ["write", "write", "fsync", "replace", "fsync folder"]
    assert litter(path.parent) == []


def test_a_new_file_has_the_permissions_of_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        replace_file(tmp_path / "new", NEW)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o444])
def test_permissions_of_an_existing_file_are_kept(path, mode):
    path.chmod(mode)
    replace_file(path, NEW)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_bytes() == NEW_BYTES


def test_permissions_are_set_before_there_is_content(path):
    system = Recorder()
    replace_file(path, NEW, system)
    assert system.calls.index("fchmod") < system.calls.index("write")


def test_a_symbolic_link_stays_one(path):
    link = path.with_name("link")
    link.symlink_to(path.name)
    replace_file(link, NEW)
    assert link.is_symlink()
    assert path.read_bytes() == NEW_BYTES


def test_short_writes_are_continued(path):
    replace_file(path, NEW, Recorder(short_writes=True))
    assert path.read_bytes() == NEW_BYTES


def test_a_name_as_long_as_the_file_system_allows(tmp_path):
    replace_file(tmp_path / ("x" * 255), NEW)
    assert (tmp_path / ("x" * 255)).read_bytes() == NEW_BYTES


# Faults


@pytest.mark.parametrize("for_ever", [False, True])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR, errno.EROFS])
def test_a_fault_at_any_step(path, error, for_ever):
    faultless = Recorder()
    replace_file(path, NEW, faultless)
    assert len(faultless.calls) > 8
    for n in range(1, len(faultless.calls) + 1):
        path.write_bytes(OLD)
        message = fault_of(path, Recorder(fail_at=n, error=error, for_ever=for_ever))
        assert path.read_bytes() == (OLD if message.startswith("could not save") else NEW_BYTES)
        replace_file(path, NEW)
        assert path.read_bytes() == NEW_BYTES
        assert litter(path.parent) == []


def fault_of(path, system):
    """Return what saving with this system says when it fails, or nothing where the fault did no harm."""
    try:
        replace_file(path, NEW, system)
    except OSError as error:
        if error.errno == system.error and re.fullmatch(
            rf"(could not save|saved) {path}\b.*: .*\.", str(error)
        ):
            return str(error)
        raise
    return ""


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            errno.ENOSPC,
            OSError,
            "(no space left on device); what was there is unchanged: free some space or save to another "
            "disk.",
        ),
        (
            errno.EACCES,
            PermissionError,
            "(permission denied); what was there is unchanged: save to a folder you may write to.",
        ),
        (
            errno.EROFS,
            OSError,
            "(read-only file system); what was there is unchanged: save to a folder you may write to.",
        ),
        (
            errno.EIO,
            OSError,
            "(input/output error); what was there is unchanged: check the disk and save again.",
        ),
    ],
)
def test_the_message_says_what_where_and_what_to_do(path, error, kind, words):
    with pytest.raises(kind) as caught:
        replace_file(
            path, NEW, Recorder(fail_at=3, error=error)
        )  # 1 is stat, 2 is listdir, 3 opens the temporary file
    assert str(caught.value) == f"could not save {path} {words}"


def test_a_folder_that_cannot_be_flushed(path):
    system = Recorder()
    replace_file(path, NEW, system)
    with pytest.raises(
        OSError,
        match=re.escape(f"saved {path}, but flushing its folder failed (input/output error): save again."),
    ):
        replace_file(path, NEW, Recorder(fail_at=1 + system.calls.index("fsync folder")))


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_flush_folders(path, error):
    system = Recorder()
    replace_file(path, NEW, system)
    replace_file(path, NEW, Recorder(fail_at=1 + system.calls.index("fsync folder"), error=error))


def test_a_disk_that_accepts_nothing(path, monkeypatch):
    system = Recorder()
    system.write = lambda descriptor, data: 0
    with pytest.raises(OSError, match="the disk accepted no data"):
        replace_file(path, NEW, system)
    assert path.read_bytes() == OLD
    assert litter(path.parent) == []


def test_an_interrupt_cleans_up(path):
    def chunks():
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(path, chunks())
    assert path.read_bytes() == OLD
    assert litter(path.parent) == []


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        (
            ".",
            IsADirectoryError,
            "it is a folder); what was there is unchanged: give the path of a file, not of a folder.",
        ),
        (
            "missing/model",
            FileNotFoundError,
            "no such file or directory); what was there is unchanged: create the folder first.",
        ),
        (
            "file/model",
            NotADirectoryError,
            "not a directory); what was there is unchanged: give a path whose folder exists.",
        ),
        ("x" * 256, OSError, "file name too long); what was there is unchanged: give a shorter file name."),
        (
            "pipe",
            OSError,
            "it is not a regular file); what was there is unchanged: check the disk and save again.",
        ),
    ],
)
def test_places_where_no_file_can_be(tmp_path, name, kind, words):
    (tmp_path / "file").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(kind, match=re.escape(words)):
        replace_file(tmp_path / name, NEW)


def test_a_device_is_not_replaced():
    with pytest.raises(OSError, match="it is not a regular file"):
        replace_file("/dev/null", NEW)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_may_not_be_written(path):
    path.parent.chmod(0o555)
    try:
        with pytest.raises(PermissionError, match="save to a folder you may write to"):
            save_model(small_model(), path)
    finally:
        path.parent.chmod(0o755)
    assert path.read_bytes() == OLD


def test_a_full_disk_keeps_the_old_model(tmp_path):
    """A real limit of the system, in a process of its own: files may not grow beyond 1,000 bytes."""
    path = tmp_path / "model.palate"
    save_model(small_model(), path)
    script = (
        "import resource, signal, sys; from model_files import small_model; from palate.model.file.loading "
        "import save_model\n"
        "save_model(small_model(), sys.argv[1] + '.first')  # compiled kernels are files that grow, too\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, "
        "1000))\n"
        "try: save_model(small_model(), sys.argv[1])\n"
        "except OSError as error: print(error)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, check=True, env=environment
    )
    expected = (
        f"could not save {path} (file too large); what was there is unchanged: save where larger "
        f"files are allowed.\n"
    )
    assert run.stdout == expected
    path.with_name("model.palate.first").unlink()
    assert_same(small_model(), load_model(path))
    assert litter(tmp_path) == []


# Death


# Forks a child for every line it reads; imports nothing but the writer, so that a child starts in a
# millisecond.
SERVER = """
import os, signal, sys, time
from palate._files import replace_file

path, size = sys.argv[1], int(sys.argv[2])

class Dying:
    def __init__(self, fatal): self.n, self.fatal = 0, fatal
    def __getattr__(self, name):
        function = getattr(os, name)
        if name == "O_RDONLY" or not callable(function): return function
        def call(*args):
            self.n += 1
            if self.n == self.fatal: os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args)
            if -self.n == self.fatal: os.kill(os.getpid(), signal.SIGKILL)
            return result
        return call

for line in sys.stdin:
    kind, number, letter = line.split()
    chunks = [letter.encode() * (size // 3)] * 3
    child = os.fork()
    if not child:
        if kind == "step":
            replace_file(path, chunks, Dying(int(number)))
        else:
            while True: replace_file(path, chunks)
        os._exit(0)
    if kind == "time":
        time.sleep(float(number)); os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    print("killed" if os.WIFSIGNALED(status) else "lived", flush=True)
"""


@pytest.fixture
def server(tmp_path):
    path = tmp_path / "model.palate"
    size = 30_000
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, path, str(size)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def ask(kind, number, letter):
        process.stdin.write(f"{kind} {number} {letter}\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    yield path, size, ask
    process.stdin.close()
    process.wait(timeout=10)


def whole(path, size, letters):
    """Return the letter the file consists of, after checking that it is whole."""
    data = path.read_bytes()
    letter = chr(data[0])
    assert letter in letters
    assert data == letter.encode() * size
    return letter


def test_killed_at_each_step(server):
    """Before (n) and after (-n) the n-th call of the system."""
    path, size, ask = server
    path.write_bytes(b"a" * size)
    steps = []
    for n in range(1, 60):
        outcomes = []
        for number in (n, -n):
            replace_file(path, [b"a" * size])
            outcomes.append(ask("step", number, "b"))
            steps.append(whole(path, size, "ab"))
            assert len(litter(path.parent)) <= 1
            replace_file(path, [b"a" * size])
            assert litter(path.parent) == []
        if outcomes == ["lived", "lived"]:
            break
    assert n > 9
    assert {"a", "b"} == set(steps)


def test_killed_at_random_times(server):
    path, size, ask = server
    path.write_bytes(b"a" * size)
    rng = np.random.default_rng(0)
    for n in range(cases(180, 5000)):
        letter = "ab"[n % 2]
        assert ask("time", rng.uniform(0, 0.01), letter) == "killed"
        whole(path, size, "ab")
        assert len(litter(path.parent)) <= 1
    replace_file(path, [b"c"])
    assert litter(path.parent) == []


def test_leftovers_of_other_files_stay(tmp_path):
    other = tmp_path / (_files._prefix(str(tmp_path / "other")) + "0" * 16 + ".tmp")
    mine = tmp_path / (_files._prefix(str(tmp_path / "model")) + "0" * 16 + ".tmp")
    other.write_bytes(b"")
    mine.write_bytes(b"")
    replace_file(tmp_path / "model", NEW)
    assert litter(tmp_path) == [other.name]


def test_two_saves_at_once_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "model"
    errors = []

    def save(letter):
        try:
            for _ in range(cases(30, 1000)):
                replace_file(path, [letter * 1000] * 5)
                assert path.read_bytes() in (b"a" * 5000, b"b" * 5000)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=save, args=(letter,)) for letter in (b"a", b"b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert litter(tmp_path) == []
