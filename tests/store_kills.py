"""A process that writes into a store and is killed: what it acknowledged must be there afterwards, whole."""

import random
import signal
import subprocess
import sys
import time

from palate.store.opening import open_store

_WRITES = """
import sys, threading
from palate.store.opening import open_store
from palate.store.changes import Change
store = open_store(sys.argv[1])
start = int(sys.argv[2])
lock = threading.Lock()
def write(who):
    for place in range(start, start + 100_000):
        store.write([Change(f"u{who}", f"i{place}-{row}", float(place % 5)) for row in range(3)])
        with lock:
            sys.stdout.write(f"{who} {place}\\n")
            sys.stdout.flush()
for who in range(4):
    threading.Thread(target=write, args=(who,)).start()
"""


def kill_writers(address: str, kills: int, check) -> int:
    """Kill a writing process again and again, and compare; `check(store)` looks for damage. Return
    how many writes were acknowledged.
    """
    random_, acknowledged = random.Random(3), set()
    for kill in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITES, address, str(kill * 100_000)], stdout=subprocess.PIPE, text=True
        )
        first = process.stdout.readline()  # it writes by now
        time.sleep(random_.uniform(0.02, 0.4))
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout.readlines()]
        process.wait(60)
        acknowledged |= {
            (f"u{who}", int(place)) for who, place in (line.split() for line in lines if line.endswith("\n"))
        }
        store = open_store(address)
        kept: dict[tuple[str, int], int] = {}
        for who in range(4):
            for item in store.of(f"u{who}"):
                pair = f"u{who}", int(item[1:].split("-")[0])
                kept[pair] = kept.get(pair, 0) + 1
        assert acknowledged <= set(kept), "an acknowledged write is lost"
        assert set(kept.values()) == {3}, "a write is there in part"
        check(store)
        store.close()
    return len(acknowledged)
