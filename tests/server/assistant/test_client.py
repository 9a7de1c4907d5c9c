"""Gemini's SDK against a real local server: what it passes over in silence is told apart."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from google.genai import types

from hms_server.assistant.client import Declared, End, Gemini, GeminiSettings, Turn
from hms_server.assistant.line import Stopped
from hms_server.contract.relay import Trouble
from hms_server.relay.outside import Outside, OutsideFault
from tests.outside import gemini
from tests.outside.gemini import FakeGemini
from tests.outside.local import CAPTIVE_PORTAL, Reply

QUESTION = [types.Content(role="user", parts=[types.Part(text="What is a fever?")])]
LOOK_UP = Declared(
    name="find_patient",
    description="Finds a patient.",
    parameters={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
)


@pytest.fixture
def fake() -> Iterator[FakeGemini]:
    with FakeGemini() as server:
        yield server


def settings(address: str, *, model: str = gemini.MODEL, key: str = gemini.API_KEY) -> GeminiSettings:
    return GeminiSettings(api_key=key, model=model, address=address)


def ask(
    address: str,
    *,
    outside: Outside | None = None,
    grown: Callable[[str], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
    sent: Callable[[str, bytes], None] = lambda _address, _body: None,
    **others: Any,
) -> Turn:
    with Gemini(settings(address, **others), outside or Outside(), sent=sent, stopped=stopped) as client:
        return client.stream(QUESTION, instruction="Be brief.", functions=[LOOK_UP], on_text=grown)


def fault(address: str, **others: Any) -> OutsideFault:
    with pytest.raises(OutsideFault) as raised:
        ask(address, **others)
    return raised.value


def test_an_answer_grows_and_its_tokens_are_counted(fake: FakeGemini) -> None:
    fake.then(gemini.says("A fever ", "is a raised ", "temperature.", prompt=131, answer=9))
    grown: list[str] = []

    turn = ask(fake.url, grown=grown.append)

    assert turn.text == "A fever is a raised temperature."
    assert grown == ["A fever ", "A fever is a raised ", turn.text]
    assert (turn.end, turn.spent.prompt, turn.spent.answer) == (End.WHOLE, 131, 9)


def test_what_was_sent_is_kept_byte_for_byte(fake: FakeGemini) -> None:
    kept: list[bytes] = []

    ask(fake.url, sent=lambda _address, body: kept.append(body))

    assert [seen.body for seen in fake.seen] == kept
    assert b"What is a fever?" in kept[0]


def test_a_call_comes_with_its_arguments_and_goes_back_with_its_signature(fake: FakeGemini) -> None:
    fake.then(gemini.calls(("find_patient", {"name": "PATIENT-A"})), gemini.says("Found."))

    with Gemini(settings(fake.url), Outside()) as client:
        first = client.stream(QUESTION, instruction="", functions=[LOOK_UP], on_text=lambda _: None)
        answer = types.Part.from_function_response(name="find_patient", response={"found": 1})
        more = [*QUESTION, first.content, types.Content(role="user", parts=[answer])]
        second = client.stream(more, instruction="", functions=[LOOK_UP], on_text=lambda _: None)

    assert [(call.name, call.arguments) for call in first.calls] == [("find_patient", {"name": "PATIENT-A"})]
    assert second.text == "Found."
    [_, called, answered] = fake.asked[1]["contents"]
    assert called["parts"][0]["thoughtSignature"] == "c2lnbmF0dXJl"
    assert answered["parts"][0]["functionResponse"]["response"] == {"found": 1}


@pytest.mark.parametrize(
    ("turn", "end"),
    [
        (gemini.BLOCKED, End.BLOCKED),
        (gemini.NO_CANDIDATES, End.EMPTY),
        (gemini.EMPTY_TEXT, End.EMPTY),
        (gemini.ends("SAFETY"), End.BLOCKED),
        (gemini.ends("SAFETY", "Half a"), End.BLOCKED),
        (gemini.ends("PROHIBITED_CONTENT"), End.BLOCKED),
        (gemini.ends("A_REASON_OF_NEXT_YEAR"), End.BLOCKED),
        (gemini.ends("RECITATION"), End.RECITATION),
        (gemini.ends("MAX_TOKENS", "A very long"), End.TOO_LONG),
        (gemini.ends("MAX_TOKENS"), End.EMPTY),
        (gemini.ends("MALFORMED_FUNCTION_CALL"), End.BAD_CALL),
        (gemini.ends("OTHER"), End.EMPTY),
    ],
)
@pytest.mark.filterwarnings("ignore:.*is not a valid FinishReason:UserWarning")
def test_what_the_sdk_passes_over_in_silence_has_a_name(
    fake: FakeGemini, turn: gemini.Turn, end: End
) -> None:
    fake.then(turn)

    assert ask(fake.url).end is end


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        (gemini.OVERLOADED, Trouble.DOWN),
        (gemini.refusal(500, "INTERNAL", "An internal error."), Trouble.DOWN),
        (Reply(status=502, body=b"<html>Bad gateway</html>", content_type="text/html"), Trouble.DOWN),
        (gemini.BAD_KEY, Trouble.KEY),
        (gemini.refusal(403, "PERMISSION_DENIED", "Not allowed."), Trouble.KEY),
        (gemini.refusal(400, "INVALID_ARGUMENT", "A bad request."), Trouble.DECLINED),
        (CAPTIVE_PORTAL, Trouble.CAPTIVE_PORTAL),
        (Reply(status=302, headers={"Location": "http://portal.example/login"}), Trouble.CAPTIVE_PORTAL),
        (Reply(status=511, body=b"sign in", content_type="text/html"), Trouble.CAPTIVE_PORTAL),
        (Reply(status=407, body=b"", content_type="text/html"), Trouble.PROXY),
        (Reply(swallow=True), Trouble.CUT),
        (Reply(body=b"{'this': is no JSON", content_type="application/json"), Trouble.GARBLED),
        (gemini.streamed([], pieces=[b'data: {"candidates": [{\r\n\r\n']), Trouble.GARBLED),
        (gemini.streamed(gemini.says("Half ", "whole")[:1]), Trouble.CUT),
        (gemini.streamed([{"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}}]), Trouble.DOWN),
    ],
)  # fmt: skip
def test_every_trouble_has_its_name(fake: FakeGemini, reply: Reply, trouble: Trouble) -> None:
    fake.then(reply)

    told = fault(fake.url)

    assert told.trouble is trouble
    assert told.sentence.endswith((".", "browser."))
    assert len(fake.seen) == 1, "the SDK must not repeat anything by itself"


def test_a_wish_for_a_pause_is_understood(fake: FakeGemini) -> None:
    fake.then(gemini.busy(34), gemini.refusal(429, "X", "x", headers={"Retry-After": "7"}))

    in_body, in_header = fault(fake.url), fault(fake.url)

    assert (in_body.trouble, in_body.retry_after) == (Trouble.BUSY, timedelta(seconds=34))
    assert in_header.retry_after == timedelta(seconds=7)


def test_a_wrong_key_and_an_unknown_model_are_the_administrators_affair(fake: FakeGemini) -> None:
    assert fault(fake.url, key="wrong").trouble is Trouble.KEY
    assert fault(fake.url, model="gemini-0").trouble is Trouble.DECLINED


def test_a_probe_costs_no_tokens(fake: FakeGemini) -> None:
    with Gemini(settings(fake.url), Outside()) as client:
        client.probe()
    with Gemini(settings(fake.url, key="wrong"), Outside()) as client, pytest.raises(OutsideFault) as raised:
        client.probe()

    assert raised.value.trouble is Trouble.KEY
    assert {seen.method for seen in fake.seen} == {"GET"}


def test_a_probe_that_the_server_stops_is_a_fault_of_the_line_and_no_mistake(fake: FakeGemini) -> None:
    outside = Outside()
    outside.stop.set()

    with Gemini(settings(fake.url), outside) as client, pytest.raises(OutsideFault) as raised:
        client.probe()

    assert raised.value.trouble is Trouble.SILENT
    assert not raised.value.may_have_arrived


def test_nobody_listens_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        told = fault(f"http://127.0.0.1:{taken.getsockname()[1]}")

    assert (told.trouble, told.may_have_arrived) == (Trouble.CLOSED, False)


def test_a_name_that_nobody_knows() -> None:
    """A machine without any network does not even ask."""
    assert fault("http://gemini.invalid").trouble in {Trouble.NAME_UNKNOWN, Trouble.NO_NETWORK}


def test_a_line_that_speaks_no_tls(fake: FakeGemini) -> None:
    assert fault(fake.url.replace("http://", "https://")).trouble is Trouble.TLS


def test_an_answer_that_never_comes_ends_with_the_time_limit(fake: FakeGemini) -> None:
    fake.then(Reply(delay_s=30))

    told = fault(fake.url, outside=Outside(time_limit=timedelta(seconds=1)))

    assert (told.trouble, told.may_have_arrived) == (Trouble.SILENT, True)


def test_an_answer_that_drips_ends_with_the_time_limit(fake: FakeGemini) -> None:
    """Each byte comes in time; the whole never does."""

    def drip() -> Iterator[bytes]:
        for piece in gemini.sse([gemini.chunk({"text": "a"})] * 1000):
            fake.wait(0.05)
            yield piece

    fake.then(gemini.streamed([], pieces=drip()))

    told = fault(fake.url, outside=Outside(time_limit=timedelta(seconds=1)))

    assert told.trouble in (Trouble.SILENT, Trouble.CUT)


def test_an_endless_answer_is_cut_off(fake: FakeGemini) -> None:
    fake.then(gemini.streamed([], pieces=gemini.sse([gemini.chunk({"text": "a" * 100_000})]) * 60))

    assert fault(fake.url).trouble is Trouble.GARBLED


def test_a_stop_is_noticed_while_nothing_comes(fake: FakeGemini) -> None:
    fake.then(Reply(delay_s=30))
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()

    with pytest.raises(Stopped):
        ask(fake.url, stopped=stop.is_set)

    assert time.monotonic() - began < 15, "long before the answer would have come"


def test_a_server_that_ends_stops_the_answer(fake: FakeGemini) -> None:
    fake.then(Reply(delay_s=30))
    outside = Outside()
    threading.Timer(0.3, outside.stop.set).start()

    with pytest.raises(Stopped):
        ask(fake.url, outside=outside)


def test_the_surroundings_do_not_count(fake: FakeGemini, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, a proxy or another platform in the environment changes nothing."""
    for name, value in {
        "HTTP_PROXY": "http://127.0.0.1:1",
        "ALL_PROXY": "http://127.0.0.1:1",
        "GOOGLE_API_KEY": "another-key",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:1",
        "GOOGLE_GENAI_API_VERSION": "v9",
    }.items():
        monkeypatch.setenv(name, value)

    assert ask(fake.url).text == "Understood."
    assert {seen.headers["x-goog-api-key"] for seen in fake.seen} == {gemini.API_KEY}


def test_the_clinics_proxy_is_used(fake: FakeGemini) -> None:
    """A plain address goes through the proxy as a whole; the fake plays both."""
    fake.decide = lambda seen: gemini.says("By proxy.") if seen.path.startswith("http://") else None

    turn = ask("http://gemini.example", outside=Outside(proxy=fake.url.replace("//", "//clinic:secret@")))

    assert turn.text == "Understood."
    assert fake.seen[0].headers["host"] == "gemini.example"
    assert fake.seen[0].headers["proxy-authorization"].startswith("Basic ")


def test_structured_output_asks_for_the_schema(fake: FakeGemini) -> None:
    fake.then(gemini.says_json({"diagnoses": []}))
    schema = {"type": "object", "properties": {"diagnoses": {"type": "array", "items": {"type": "string"}}}}

    with Gemini(settings(fake.url), Outside()) as client:
        turn = client.structured(QUESTION, instruction="", schema=schema)

    assert json.loads(turn.text) == {"diagnoses": []}
    assert fake.asked[0]["generationConfig"]["responseJsonSchema"] == schema


def test_the_sdk_is_not_in_the_way_of_the_servers_start() -> None:
    """Importing it costs half a second and more on a small computer."""
    code = "import sys, hms_server.app; print([n for n in sys.modules if n.startswith('google.genai')])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"
