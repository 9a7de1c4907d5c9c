"""Counts requests and how long they took, beside the router's door; costs a few microseconds each."""

import time
from collections.abc import Iterable
from typing import Any, Generic

from prometheus_client import CollectorRegistry, Counter, Histogram

from hms_server.contract.envelope import Call, Done, FromServer, Refusal
from hms_server.dispatch import Kind, Route, Task
from hms_server.doorway import Gate
from hms_server.following import ActorT

BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
DONE, REFUSED, FAILED = "done", "refused", "failed"
_OF_THE_SERVER = "server."


class RequestCounts:
    """`registry` is this server's own. Only names of its table become labels: others come from outside."""

    def __init__(self, routes: Iterable[Route[Any]]) -> None:
        self.registry = CollectorRegistry()
        total = Counter(
            "hms_requests", "Requests by name and outcome.", ("request", "outcome"), registry=self.registry
        )
        seconds = Histogram(
            "hms_request_seconds",
            "Time from a worker taking a request to its answer.",
            ("kind",),
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        among = {route.request.__name__: route.kind for route in routes}
        # Looking a child up costs more than counting it.
        self._totals = {
            (name, outcome): total.labels(name, outcome)
            for name in among
            for outcome in (DONE, REFUSED, FAILED)
        }
        by_kind = {kind: seconds.labels(kind.value) for kind in Kind}
        self._seconds = {name: by_kind[kind] for name, kind in among.items()}

    def count(self, name: str, answer: FromServer | None, took_s: float) -> None:
        """One request of the table was answered so, or not at all."""
        self._totals[name, _outcome(answer)].inc()
        self._seconds[name].observe(took_s)


def _outcome(answer: FromServer | None) -> str:
    if isinstance(answer, Done):
        return DONE
    if isinstance(answer, Refusal) and not answer.fault.code.startswith(_OF_THE_SERVER):
        return REFUSED
    return FAILED


class CountingGate(Generic[ActorT]):
    """A gate that counts what passes it; all else is the gate's own."""

    def __init__(self, gate: Gate[ActorT, Task], counts: RequestCounts) -> None:
        self._gate = gate
        self._count = counts.count
        self.knows_device = gate.knows_device
        self.identify = gate.identify
        self.peek = gate.peek
        self.identify_slowly = gate.identify_slowly
        self.admit = gate.admit
        self.is_slow = gate.is_slow
        self.is_spare = gate.is_spare
        self.close_thread = gate.close_thread
        self.read_events = gate.read_events

    def at_once(self, call: Call, public_key: str) -> FromServer | None:
        """Counted where it was answered; what was not is counted by the worker that answers it."""
        began_s = time.perf_counter()
        answer = self._gate.at_once(call, public_key)
        if isinstance(answer, Done):
            self._count(call.name, answer, time.perf_counter() - began_s)
        return answer

    def run(self, task: Task) -> FromServer:
        began_s = time.perf_counter()
        answer = self._gate.run(task)
        self._count(task.call.name, answer, time.perf_counter() - began_s)
        return answer
