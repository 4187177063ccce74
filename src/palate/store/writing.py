"""One thread that writes: what waits is committed together, in the order in which it came."""

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from palate.store.changes import StoreError

Done = TypeVar("Done")
TOGETHER = 256  # operations that share one commit at most


@dataclass
class Operation:
    """One write: `run` is called within the transaction, `after` with its result once that is committed."""

    run: Callable[[], Any]
    after: Callable[[Any], Any]
    done: "Future[Any]" = field(default_factory=Future)


class Writer:
    """The thread. `begin`, `commit` and `undo` are those of the database.

    Each raises whatever the database raises.
    """

    def __init__(
        self,
        begin: Callable[[], Any],
        commit: Callable[[], Any],
        undo: Callable[[], Any],
        said: Callable[[Exception], StoreError],
    ) -> None:
        self._begin, self._commit, self._undo, self._said = begin, commit, undo, said
        self._waiting: queue.SimpleQueue[Operation | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self.failure: str | None = None
        self._thread = threading.Thread(target=self._work, name="palate-store", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many operations wait."""
        return self._waiting.qsize()

    def do(self, run: Callable[[], Any], after: Callable[[Any], Done]) -> Done:
        """Run an operation in the thread and return what `after` returns.

        Raises StoreError if it was not committed.
        """
        operation = Operation(run, after)
        with self._lock:
            if self._closed:
                raise StoreError("the store is closed.")
            self._waiting.put(operation)
        done: Done = operation.done.result()
        return done

    def close(self) -> None:
        """Commit what waits and end the thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        ends = False
        while not ends:
            together = [self._waiting.get()]
            while len(together) < TOGETHER and not self._waiting.empty():
                together.append(self._waiting.get())
            operations = [one for one in together if one is not None]
            ends = len(operations) < len(together)  # nothing comes after the None of `close`
            if operations:
                self._write(operations)

    def _write(self, operations: Sequence[Operation]) -> None:
        try:
            self._begin()
            results = [operation.run() for operation in operations]
            self._commit()
        except Exception as error:
            said = self._said(error)
            self.failure = str(said)
            with contextlib.suppress(Exception):  # the connection may be gone; the next write says so again
                self._undo()
            for operation in operations:
                operation.done.set_exception(type(said)(str(said)))
            return
        self.failure = None
        for operation, result in zip(operations, results, strict=True):
            try:
                operation.done.set_result(operation.after(result))
            except Exception as error:
                operation.done.set_exception(error)
