"""Numbers and health on the loopback, read as Prometheus reads them, of a server that really runs."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hms_server import app
from hms_server.app import Server
from hms_server.clock import system_clock
from hms_server.config import Settings
from hms_server.contract.accounts import GetClinic
from hms_server.contract.envelope import Call, Done, Fault, Refusal
from hms_server.contract.values import Role
from hms_server.contract.visits import CheckIn
from hms_server.dispatch import Kind, Route
from hms_server.upkeep.counting import RequestCounts
from hms_server.upkeep.endpoint import MOST, MetricsEndpoint
from hms_server.upkeep.time_watch import trust_clock
from tests.guards import LogGuard
from tests.server.desk import Desk


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(desk: Desk, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Keeps house only when the test says so."""
    monkeypatch.setattr(app, "SWEEP_EVERY_S", 3600)
    settings = Settings(
        data_dir=tmp_path,
        dsn=database,
        bind="127.0.0.1",
        port=0,
        pairing_port=0,
        announce=False,
        metrics_port=free_port(),
    )
    serving = Server(settings, database)
    serving.start()
    while not serving.is_alive():
        # The router's thread has been started and may not have come round yet.
        time.sleep(0.01)
    yield serving
    serving._dispatcher.close_thread()
    serving.stop()


def get(port: int, path: str, *, host: str = "127.0.0.1") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def numbers(port: int) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    status, text = get(port, "/metrics")
    assert status == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(found: dict[Any, float], name: str, **labels: str) -> float:
    return found[name, tuple(sorted(labels.items()))]


def asked(server: Server, desk: Desk, request: Any, role: Role) -> Any:
    """As a worker of the router would, through the gate that counts."""
    gate = server.router._gate
    call = Call(uuid4(), type(request).__name__, "", msgspec.Raw(msgspec.msgpack.encode(request)))
    task = server._gate._dispatcher.admit(call, desk.actor(role))
    assert not isinstance(task, Refusal)
    return gate.run(task)


def ask(server: Server, desk: Desk, request: Any, role: Role) -> None:
    asked(server, desk, request, role)


def test_requests_are_counted_by_name_and_outcome(server: Server, desk: Desk) -> None:
    patient = desk.patient()
    ask(server, desk, GetClinic(), Role.NURSE)
    ask(server, desk, CheckIn(patient_id=patient), Role.NURSE)
    ask(server, desk, CheckIn(patient_id=patient), Role.NURSE)

    found = numbers(server.settings.metrics_port)

    assert of(found, "hms_requests_total", request="GetClinic", outcome="done") == 1
    assert of(found, "hms_requests_total", request="CheckIn", outcome="done") == 1
    assert of(found, "hms_requests_total", request="CheckIn", outcome="refused") == 1
    assert of(found, "hms_request_seconds_count", kind="command") == 2


def test_the_numbers_of_the_server_are_there(server: Server) -> None:
    server.keep_house_once()

    found = numbers(server.settings.metrics_port)

    names = {name for name, _ in found}
    assert of(found, "hms_database_up") == 1
    assert of(found, "hms_alive") == 1
    assert of(found, "hms_queue_length", lane="fast") == 0
    assert of(found, "hms_outside_jobs", state="failed") == 0
    assert of(found, "hms_condition", code="backup_no_place", level="alarm") == 1
    assert of(found, "hms_database_bytes") > 0
    assert {
        "hms_build_info",
        "hms_sessions",
        "hms_devices",
        "hms_event_lag",
        "hms_audit_unsealed",
        "hms_housekeeping_age_seconds",
        "hms_disk_free_bytes",
        "hms_backup_places",
        "hms_started_timestamp_seconds",
    } <= names


def test_no_label_names_a_patient(server: Server, desk: Desk) -> None:
    patient = desk.patient("Zzmarked Qqpatient")
    ask(server, desk, CheckIn(patient_id=patient), Role.NURSE)
    server.keep_house_once()

    for path in ("/metrics", "/health"):
        assert "marked" not in get(server.settings.metrics_port, path)[1].lower()


def test_health_says_in_a_word_how_the_server_is(server: Server) -> None:
    server.keep_house_once()

    status, body = get(server.settings.metrics_port, "/health")

    health = json.loads(body)
    assert status == 200
    assert health["status"] == "alarm"
    assert health["database"] is True
    assert {"code": "backup_no_place", "level": "alarm"} in health["conditions"]


def test_housekeeping_that_stands_still_is_no_life(server: Server) -> None:
    """While a database recovers it is."""
    well = server.is_alive()
    server.upkeep._turned_s -= 1000
    dead, (status, body) = server.is_alive(), get(server.settings.metrics_port, "/health")
    server.upkeep.stir(pausing=True)
    server.upkeep._turned_s -= 1000

    assert well
    assert not dead
    assert status == 503
    assert "housekeeping has not come round" in json.loads(body)["trouble"]
    assert server.is_alive()


def test_a_router_that_stands_still_is_no_life(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.router.life, "trouble", lambda: "the router has not come round for 31 s")

    assert not server.is_alive()


def test_only_this_machine_by_its_own_name_is_answered(server: Server) -> None:
    port = server.settings.metrics_port

    assert get(port, "/metrics", host="evil.example.org")[0] == 403
    assert get(port, "/metrics", host=f"localhost:{port}")[0] == 200
    assert get(port, "/elsewhere")[0] == 404


def test_a_port_that_is_taken_costs_the_numbers_and_nothing_else(log_guard: LogGuard) -> None:
    log_guard.allow("no metrics: the port is taken")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        endpoint = MetricsEndpoint(port, health=lambda: (b"{}", True), metrics=lambda: b"")

        endpoint.start()
        endpoint.stop()

    assert any("the port is taken" in line for line in log_guard.lines)


def test_whoever_asks_slowly_is_hung_up_on_and_keeps_nobody_from_the_numbers() -> None:
    """A byte now and then would hold a thread for good; as many as there may be at once would hold all."""
    endpoint = MetricsEndpoint(0, health=lambda: (b"{}", True), metrics=lambda: b"", whole_s=0.5)
    endpoint.start()
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", endpoint.port), timeout=60))
            for _ in range(MOST)
        ]
        for each in slow:
            each.sendall(b"GET /hea")

        crowded = stack.enter_context(socket.create_connection(("127.0.0.1", endpoint.port), timeout=60))
        refused = crowded.recv(1)
        for each in slow:
            # Whatever it is told about half a question; then there is an end.
            while each.recv(1024):
                pass
        answered = get(endpoint.port, "/health")
    endpoint.stop()

    assert refused == b""
    assert answered == (200, "{}")


def test_a_server_that_makes_mistakes_is_told_from_one_that_refuses() -> None:
    route = Route(request=GetClinic, handler=lambda _work, _request: None, permission=None, kind=Kind.QUERY)  # type: ignore[arg-type,return-value]
    counts = RequestCounts([route])
    for code in ("server.bug", "server.disk_full", "accounts.no_clinic"):
        counts.count("GetClinic", Refusal(uuid4(), Fault(code=code, message="")), 0.001)
    counts.count("GetClinic", Done(uuid4(), msgspec.Raw(b"")), 0.001)

    def counted(outcome: str) -> float | None:
        labels = {"request": "GetClinic", "outcome": outcome}
        return counts.registry.get_sample_value("hms_requests_total", labels)

    assert [counted(each) for each in ("failed", "refused", "done")] == [2, 1, 1]


def test_a_server_with_a_late_clock_records_nothing_from_its_first_moment(
    desk: Desk, database: str, tmp_path: Path, log_guard: LogGuard
) -> None:
    """Not only after the first round of housekeeping; and it goes on once somebody says that it is right."""
    log_guard.allow("waiting for the clock")
    patient = desk.patient()
    newest = system_clock() + timedelta(days=30)
    desk.sql("insert into event (name, audience, at, body) values ('X', 'x', %s, '')", (newest,))
    settings = Settings(
        data_dir=tmp_path, dsn=database, bind="127.0.0.1", port=0, pairing_port=0, announce=False
    )
    serving = Server(settings, database)
    serving.start()
    try:
        refused = asked(serving, desk, CheckIn(patient_id=patient), Role.NURSE)
        trust_clock(tmp_path, newest)
        serving.keep_house_once()
        done = asked(serving, desk, CheckIn(patient_id=patient), Role.NURSE)
    finally:
        serving._dispatcher.close_thread()
        serving.stop()

    assert isinstance(refused, Refusal)
    assert refused.fault.code == "server.clock_late"
    assert isinstance(done, Done)
