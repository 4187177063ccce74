"""Counts and times of what a service did, as Prometheus reads them."""

import threading
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

from palate.app.core import Core

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Requests by method, route and status, whatever the status; their seconds by route."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str, int], int] = {}
        self._seconds: dict[str, list[float]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is a template, so that there are no more of them than routes."""
        with self._lock:
            key = method, route, status
            self._requests[key] = self._requests.get(key, 0) + 1
            row = self._seconds.setdefault(route, [0.0] * (len(BUCKETS) + 2))
            for place in range(bisect_left(BUCKETS, seconds), len(BUCKETS)):
                row[place] += 1
            row[-2] += 1
            row[-1] += seconds

    def text(self, core: Core) -> str:
        """Return everything in Prometheus' text format."""
        with self._lock:
            requests = dict(self._requests)
            seconds = {route: list(row) for route, row in self._seconds.items()}
        lines = [*_head("palate_requests_total", "counter", "Requests by method, route and status.")]
        lines += [
            f"palate_requests_total{_labels(method=method, route=route, status=str(status))} {count}"
            for (method, route, status), count in sorted(requests.items())
        ]
        lines += _head("palate_request_seconds", "histogram", "Seconds to answer, by route.")
        for route, row in sorted(seconds.items()):
            for most, count in zip((*BUCKETS, "+Inf"), row[:-1], strict=True):
                lines.append(
                    f"palate_request_seconds_bucket{_labels(route=route, le=str(most))} {int(count)}"
                )
            lines.append(f"palate_request_seconds_sum{_labels(route=route)} {row[-1]:.6f}")
            lines.append(f"palate_request_seconds_count{_labels(route=route)} {int(row[-2])}")
        lines += _of_core(core)
        return "\n".join(lines) + "\n"


def _of_core(core: Core) -> Iterable[str]:
    yield from _head("palate_model_info", "gauge", "The models that are served; active is the default model.")
    for model in core.models:
        active = str(model.active).lower()
        yield f"palate_model_info{_labels(model=model.id, version=model.version, active=active)} 1"
    failed = int(core.last_failure is not None)
    gauges = [
        ("palate_model_swaps_total", "counter", "Changes of model since the start.", core.n_swaps),
        ("palate_model_swap_failed", "gauge", "1 if the last change of model failed.", failed),
        ("palate_live_ratings", "gauge", "Pairs in the store of live ratings.", core.store.n_ratings),
        ("palate_store_waiting", "gauge", "Writes that wait to be committed.", core.store.waiting),
        ("palate_resident_bytes", "gauge", "Memory of this process.", resident_bytes()),
    ]
    for name, kind, about, value in gauges:
        yield from _head(name, kind, about)
        yield f"{name} {value}"


def resident_bytes() -> int:
    """Return the memory of this process in bytes, 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


def _head(name: str, kind: str, about: str) -> list[str]:
    return [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]


def _labels(**labels: str) -> str:
    escapes = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
    return "{" + ",".join(f'{name}="{value.translate(escapes)}"' for name, value in labels.items()) + "}"
