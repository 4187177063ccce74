"""The service as a process: kills, swaps under load, watched files, a port in use, two processes on
one database.
"""

import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

import postgres_server
import served_models

pytest.importorskip("fastapi", reason="the service needs FastAPI (pip install 'palate[serve]')")
pytest.importorskip("uvicorn", reason="the service needs Uvicorn (pip install 'palate[serve]')")

SOAK = bool(os.environ.get("PALATE_SOAK"))
KILLS = 50 if SOAK else 3
SWAPS = 100 if SOAK else 20
REQUESTS = 1_000_000 if SOAK else 4_000


@contextmanager
def serving(*arguments, environment=None):
    """Start `palate serve` on a free port; yield its address and its process."""
    command = [
        sys.executable,
        "-c",
        "import sys; from palate.cli import main; sys.exit(main())",
        "serve",
        "--port",
        "0",
        *map(str, arguments),
    ]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    )
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            found = re.search(r"at (http://\S+)", line)
            if found:
                break
        else:
            raise AssertionError("".join(lines))
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        until(lambda: ask(found[1] + "/health/ready")[0] == 200)
        yield found[1], process
    finally:
        process.kill()
        process.wait(60)


def until(what, seconds=120):
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "this never became true"
        time.sleep(0.01)


def ask(url, method="GET", body=None, key=None):
    """Return status and JSON of one request; (0, None) if nobody answers."""
    headers = {"content-type": "application/json", **({} if key is None else {"X-API-Key": key})}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, data, headers, method=method), timeout=60
        ) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:
        return 0, None


def acknowledged_until_killed(address, process, start, random_):
    """Rate from four threads until the process is killed; return what it acknowledged as {(user,
    item): rating}, and what was sent.
    """
    kept, sent = {}, {}

    def rate(who):
        for place in range(100_000):
            pair = f"k{who}", str(place % 40)
            value = float(1 + (start + place // 40) % 4)
            sent.setdefault(pair, []).append(value)
            if ask(f"{address}/v1/users/{pair[0]}/ratings/{pair[1]}", "PUT", {"rating": value})[0] != 200:
                return
            kept[pair] = len(sent[pair])

    threads = [threading.Thread(target=rate, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(kept) >= 20)
    time.sleep(random_.uniform(0, 0.3))
    process.send_signal(signal.SIGKILL)
    for thread in threads:
        thread.join(60)
    return kept, sent


@pytest.mark.slow
def test_a_killed_service_keeps_what_it_acknowledged_and_an_orderly_end_lets_go_of_the_store(tmp_path):
    model, random_ = served_models.saved(tmp_path / "films.palate"), random.Random(5)
    kept, sent = {}, {}
    for kill in range(KILLS + 1):
        with serving(model) as (address, process):
            for user in {user for user, _ in kept}:
                rows = ask(f"{address}/v1/users/{user}/ratings")[1]["rows"]
                found = {row["item"]["id"]: row["rating"] for row in rows}
                for (who, item), n in kept.items():
                    if who == user:  # the last that was acknowledged, or one sent after it
                        assert found[item] in sent[who, item][n - 1 :]
            if kill < KILLS:
                kept, sent = acknowledged_until_killed(address, process, kill, random_)
            else:
                assert ask(f"{address}/v1/users/dee/ratings/1", "PUT", {"rating": 4})[0] == 200
                process.send_signal(signal.SIGTERM)
                process.wait(60)
    with serving(model) as (address, _):
        assert ask(f"{address}/v1/users/dee")[1]["n_live_ratings"] == 1


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A service that several tests ask: its model file, its address and its process."""
    folder = tmp_path_factory.mktemp("running")
    path = served_models.saved(folder / "films.palate")
    with serving(path, "--store", folder / "live.db") as (address, process):
        yield path, address, process


@pytest.mark.slow
def test_many_requests_take_no_more_memory_and_no_more_files(running):
    _, address, process = running
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)

    def mixed(n):
        """Every twentieth is a rating."""
        for place in range(n):
            user = f"u{place % 300}"
            if place % 20 == 0:
                body = json.dumps({"rating": 1 + place % 5})
                path = f"/v1/users/{user}/ratings/{place % 40}"
                connection.request("PUT", path, body, {"content-type": "application/json"})
            else:
                connection.request("GET", f"/v1/users/{user}/recommendations?n=10")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200

    def held():
        status = Path(f"/proc/{process.pid}/status").read_text()
        files = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]), files

    mixed(REQUESTS // 2)
    before, files = held()
    mixed(REQUESTS // 2)
    after, files_after = held()
    connection.close()
    assert files_after == files
    assert after < 1.02 * before


@pytest.mark.slow
def test_swaps_under_load_fail_no_request_and_broken_files_change_nothing(running, tmp_path):
    path, address, _ = running
    whole = [path.read_bytes(), served_models.saved(tmp_path / "other.palate", seed=1).read_bytes()]
    failed, versions, ends = [], set(), threading.Event()

    def load(who):
        place = 0
        while not ends.is_set():
            place += 1
            status, answer = ask(f"{address}/v1/users/u{(who * 7 + place) % 300}/recommendations?n=5")
            if status != 200 or len(answer["rows"]) != 5:
                failed.append((status, answer))
            else:
                versions.add(answer["model_version"])

    threads = [threading.Thread(target=load, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    done = []
    for swap in range(SWAPS):
        broken = swap % 5 == 4
        (tmp_path / "new").write_bytes(whole[swap % 2][:-99] if broken else whole[(swap + 1) % 2])
        os.replace(tmp_path / "new", path)
        done.append((broken, ask(f"{address}/v1/models/films:activate", "POST")[0]))
    ends.set()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert all(status == (409 if broken else 200) for broken, status in done)
    assert len(versions) == 2


@pytest.mark.slow
def test_a_watched_file_is_taken_into_use_and_a_broken_one_is_not(tmp_path):
    path = served_models.saved(tmp_path / "films.palate")
    with serving(path, "--watch") as (address, _):

        def version():
            return ask(f"{address}/v1/models")[1]["models"][0]["version"]

        before = version()
        served_models.saved(path, seed=1)
        until(lambda: version() != before)
        after = version()
        path.write_bytes(path.read_bytes()[:500])
        until(lambda: ask(f"{address}/v1/models")[1]["last_failure"])
        assert version() == after
        assert ask(f"{address}/v1/users/u1/recommendations")[0] == 200


_STARTS = """
import json, sys
from palate.cli import main
for arguments in json.loads(sys.argv[1]):
    print("=====", main(arguments), file=sys.stderr)
"""


@pytest.mark.slow
def test_what_cannot_be_served_is_said_in_one_line(running, tmp_path):
    held_path, address, process = running
    path = served_models.saved(tmp_path / "films.palate")
    port = address.rsplit(":", 1)[1]
    (tmp_path / "broken.palate").write_bytes(b"no model")
    starts = [
        ["serve", str(path), "--port", port],
        ["serve", str(path), "--port", "0", "--store", str(held_path.with_name("live.db"))],
        ["serve", str(path), "--host", "0.0.0.0"],
        ["serve", str(tmp_path / "none.palate")],
        ["serve", str(tmp_path / "broken.palate")],
    ]
    told = subprocess.run(
        [sys.executable, "-c", _STARTS, json.dumps(starts)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    ).stderr
    *said, rest = re.split(r"===== (?=\d)", told)
    codes = [int(text[0]) for text in [*said[1:], rest]]
    assert codes == [1, 1, 2, 2, 1]
    taken, held, open_ = " ".join(told.replace("│", " ").split()).split("===== ")[:3]
    assert f"port {port} on 127.0.0.1 is in use" in taken
    assert f"--port {int(port) + 1}" in taken
    assert f"is in use by another process (process id {process.pid})" in held
    assert "keys must be set to listen on 0.0.0.0" in open_
    assert "Traceback" not in told


@pytest.mark.slow
@pytest.mark.skipif(bool(postgres_server.missing()), reason=postgres_server.missing())
def test_what_one_process_was_told_the_other_never_recommends(tmp_path):
    path = served_models.saved(tmp_path / "films.palate")
    with (
        postgres_server.server() as store,
        serving(path, "--store", store) as (one, _),
        serving(path, "--store", store) as (two, _),
    ):
        addresses = (one, two)
        for turn in range(10):
            here, there = addresses[turn % 2], addresses[1 - turn % 2]
            item = ask(f"{here}/v1/users/u1/recommendations?n=1")[1]["rows"][0]["item"]["id"]
            assert ask(f"{here}/v1/users/u1/ratings/{item}", "PUT", {"rating": 3})[0] == 200
            assert item not in listed(here)
            until(lambda there=there, n=turn + 1: ask(f"{there}/v1/users/u1")[1]["n_live_ratings"] == n, 60)
            assert item not in listed(there)
        assert ask(f"{one}/v1/users/u1", "DELETE")[0] == 200
        until(lambda: ask(f"{two}/v1/users/u1")[0] == 404, 60)


def listed(address):
    return {row["item"]["id"] for row in ask(f"{address}/v1/users/u1/recommendations?n=40")[1]["rows"]}
