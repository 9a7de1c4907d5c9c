"""The desktop's client against the real router: what is asked, what comes back, and who may ask at all."""

import threading
from queue import SimpleQueue

import msgspec
import pytest

from hms_desktop.connection.client import Client
from hms_desktop.connection.faults import FaultError
from hms_desktop.connection.identity import PinnedServer, new_key_pair
from hms_server.contract.accounts import EndSessions, ListStaff, Nothing, SignIn, StaffList
from hms_server.contract.envelope import Call, Fault, FromServer, Refusal
from hms_server.contract.values import StaffId
from tests.wire.gates import (
    PATIENCE_S,
    PATIENT,
    SIGNED_IN,
    WORKSTATION,
    Gate,
    answer_all,
    bare_router,
    client_of,
    done,
    receive_call,
    router_on,
    until,
)


def test_an_answer_comes_back_as_the_type_the_request_promises(port: int) -> None:
    with router_on(port, Gate(answer_all)), client_of(port) as client:
        answer = client.ask(ListStaff())

    assert answer == StaffList(staff=[])


def test_a_refusal_is_raised_with_the_fault_the_server_gave(port: int) -> None:
    fault = Fault(code="staff.unknown", message="There is no such person.", field="staff_id")

    with (
        router_on(port, Gate(lambda call: Refusal(call.id, fault))),
        client_of(port) as client,
        pytest.raises(FaultError, match="no such person") as raised,
    ):
        client.ask(EndSessions(staff_id=StaffId(9)))

    assert raised.value.fault == fault


def test_sign_in_speaks_for_every_later_request_until_sign_out(port: int) -> None:
    gate = Gate(answer_all)

    with router_on(port, gate), client_of(port) as client:
        assert client.sign_in("ada", "pass word").person.name == "Ada Obi"
        client.ask(ListStaff())
        client.sign_out()
        client.ask(ListStaff())

    assert [call.session for call in gate.calls] == ["", "s3cret", "s3cret", ""]


def test_without_a_server_the_wait_ends_with_a_sentence_about_the_connection(port: int) -> None:
    with client_of(port) as client, pytest.raises(FaultError, match="no connection") as raised:
        client.ask(ListStaff(), timeout_s=0.3)

    assert raised.value.fault.code == "link.down"


def test_a_server_that_does_not_answer_in_time_leaves_the_id_for_asking_again(port: int) -> None:
    release = threading.Event()

    def slowly(call: Call) -> FromServer:
        release.wait(PATIENCE_S)
        return answer_all(call)

    gate = Gate(slowly)
    with router_on(port, gate), client_of(port) as client:
        until(lambda: client.link.connected)
        with pytest.raises(FaultError, match="not answered within") as raised:
            client.ask(ListStaff(), timeout_s=0.2)
        until(lambda: bool(gate.calls))
        release.set()

    assert raised.value.fault.code == "link.timeout"
    assert raised.value.fault.data["request_id"] == str(gate.calls[0].id)
    assert client.waiting == 0


def test_a_workstation_that_is_not_paired_is_told_so(port: int) -> None:
    with router_on(port, Gate(answer_all, devices=set())), client_of(port) as client:
        until(lambda: client.link.problem is not None)
        with pytest.raises(FaultError, match="paired again") as raised:
            client.ask(ListStaff(), timeout_s=0.1)

    assert raised.value.fault.code == "link.not_paired"


def test_a_server_with_another_key_is_never_talked_to(port: int) -> None:
    other = new_key_pair()
    pinned = PinnedServer(
        name="Other", addresses=[f"tcp://127.0.0.1:{port}"], public_key=other.public_key, device_name="D"
    )
    gate = Gate(answer_all)

    with (
        router_on(port, gate),
        Client(pinned, WORKSTATION, timings=PATIENT, interfaces=[]) as client,
        pytest.raises(FaultError) as raised,
    ):
        client.ask(ListStaff(), timeout_s=0.5)

    assert raised.value.fault.code == "link.down"
    assert gate.calls == []


@pytest.mark.allow_log("message not understood")
def test_rubbish_from_the_server_is_logged_and_harms_nothing(port: int) -> None:
    with bare_router(port) as server, client_of(port) as client:
        answers: SimpleQueue[StaffList | Fault] = SimpleQueue()
        client.submit(ListStaff(), answers.put)
        identity, call = receive_call(server)

        for rubbish in (b"", b"\xc1", b"\x93\x01\x02\x03", msgspec.msgpack.encode(["done", "no id", {}])):
            server.send_multipart([identity, rubbish])
        server.send_multipart([identity, msgspec.msgpack.encode(done(call, StaffList(staff=[])))])

        assert answers.get(timeout=PATIENCE_S) == StaffList(staff=[])


@pytest.mark.allow_log("answer not understood")
def test_an_answer_that_this_program_cannot_read_is_a_fault_and_not_a_crash(port: int) -> None:
    with (
        router_on(port, Gate(lambda call: done(call, {"staff": 7}))),
        client_of(port) as client,
        pytest.raises(FaultError, match="too old") as raised,
    ):
        client.ask(ListStaff())

    assert raised.value.fault.code == "link.not_understood"


@pytest.mark.allow_log("callback failed")
def test_a_failing_callback_stops_neither_the_others_nor_the_connection(port: int) -> None:
    outcomes: SimpleQueue[StaffList | Fault] = SimpleQueue()

    def fail(outcome: object) -> None:
        raise ValueError(outcome)

    with router_on(port, Gate(answer_all)), client_of(port) as client:
        client.submit(ListStaff(), fail)
        client.submit(ListStaff(), outcomes.put)

        assert outcomes.get(timeout=PATIENCE_S) == StaffList(staff=[])


def test_asking_inside_a_callback_is_refused_instead_of_hanging(port: int) -> None:
    outcomes: SimpleQueue[str] = SimpleQueue()

    with router_on(port, Gate(answer_all)), client_of(port) as client:

        def ask_again(_: object) -> None:
            try:
                client.ask(ListStaff())
            except RuntimeError as error:
                outcomes.put(str(error))

        client.submit(ListStaff(), ask_again)

        assert "submit()" in outcomes.get(timeout=PATIENCE_S)


def test_close_settles_every_call_and_leaves_no_thread(port: int) -> None:
    before = threading.active_count()
    outcomes: list[Nothing | Fault] = []
    client = client_of(port)
    client.submit(EndSessions(staff_id=StaffId(4)), outcomes.append)

    client.close()
    client.close()

    assert [outcome.code for outcome in outcomes if isinstance(outcome, Fault)] == ["link.closed"]
    assert threading.active_count() == before
    with pytest.raises(FaultError, match="closed"):
        client.ask(ListStaff())


def test_many_threads_share_one_client(port: int) -> None:
    answers: SimpleQueue[object] = SimpleQueue()

    def ask_often(client: Client) -> None:
        for _ in range(50):
            answers.put(client.ask(SignIn(user_name="ada", password="pass word")))

    with router_on(port, Gate(answer_all)), client_of(port) as client:
        threads = [threading.Thread(target=ask_often, args=(client,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert answers.qsize() == 400
    assert all(answers.get() == SIGNED_IN for _ in range(400))
