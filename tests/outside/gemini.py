"""Gemini as it answers over HTTP: content in one piece or streamed, calls of functions, and its oddities."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.outside.local import LocalServer, Reply, Seen

API_KEY = "AIza-test-gemini-key-of-nobody"
MODEL = "gemini-2.5-flash"
Turn = list[dict[str, Any]]
"""The chunks of one streamed answer; in one piece they are joined."""


def usage(prompt: int = 100, answer: int = 20, thoughts: int = 0) -> dict[str, int]:
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": answer,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": prompt + answer + thoughts,
    }


def chunk(
    *parts: dict[str, Any], finish: str | None = None, counted: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """One chunk as Gemini sends it."""
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {
        "candidates": [candidate],
        "usageMetadata": dict(counted or {"promptTokenCount": 100, "totalTokenCount": 100}),
        "modelVersion": MODEL,
        "responseId": "r-1",
    }


def says(*texts: str, prompt: int = 100, answer: int = 20, finish: str = "STOP") -> Turn:
    """A whole answer in as many chunks as there are texts."""
    chunks = [chunk({"text": text}) for text in texts[:-1]]
    return [*chunks, chunk({"text": texts[-1]}, finish=finish, counted=usage(prompt, answer))]


def calls(*wanted: tuple[str, Mapping[str, Any]], prompt: int = 100, answer: int = 20) -> Turn:
    """Calls of functions, with the signature of a thought that has to come back as it was."""
    parts = [
        {"functionCall": {"name": name, "args": dict(arguments)}, "thoughtSignature": "c2lnbmF0dXJl"}
        for name, arguments in wanted
    ]
    return [chunk(*parts, finish="STOP", counted=usage(prompt, answer))]


def says_json(value: object) -> Turn:
    """Structured output, as text in two chunks."""
    text = json.dumps(value)
    return says(text[: len(text) // 2], text[len(text) // 2 :])


def ends(reason: str, text: str = "") -> Turn:
    """Ends for another reason than being complete; with most of them there is no content at all."""
    if text:
        return says(text, finish=reason)
    return [{"candidates": [{"finishReason": reason, "index": 0}], "usageMetadata": usage(100, 0)}]


BLOCKED: Turn = [
    {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 100, "totalTokenCount": 100},
        "modelVersion": MODEL,
    }
]
NO_CANDIDATES: Turn = [{"usageMetadata": usage(100, 0), "modelVersion": MODEL}]
EMPTY_TEXT: Turn = [chunk({"text": ""}, finish="STOP", counted=usage(100, 0))]


def refusal(status: int, word: str, message: str, *, details: Iterable[object] = (), **others: Any) -> Reply:
    """An error as Google words it."""
    error = {"code": status, "message": message, "status": word, "details": list(details)}
    return Reply.of({"error": error}, status=status, **others)


def busy(retry_delay_s: int = 34) -> Reply:
    """429 with the wish for a pause in the body, where Gemini puts it."""
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_delay_s}s"}
    return refusal(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", details=[retry])


OVERLOADED = refusal(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
BAD_KEY = refusal(
    400,
    "INVALID_ARGUMENT",
    "API key not valid. Please pass a valid API key.",
    details=[{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
)


def sse(turn: Turn) -> list[bytes]:
    return [f"data: {json.dumps(piece)}\r\n\r\n".encode() for piece in turn]


def streamed(turn: Turn, *, pieces: Iterable[bytes] | None = None) -> Reply:
    """The chunks as server-sent events; `pieces` replaces the bytes, cut where the test wants."""
    return Reply(chunks=sse(turn) if pieces is None else pieces, content_type="text/event-stream")


class FakeGemini(LocalServer):
    """Answers with what was scripted, one turn for each request, and keeps everything it received.

    Without a script it says "Understood.". `decide` looks at a request first and may answer it itself.
    """

    def __init__(self) -> None:
        super().__init__(self._answer_to)
        self.script: deque[Turn | Reply] = deque()
        self.decide: Callable[[Seen], Turn | Reply | None] = lambda _: None

    def then(self, *turns: Turn | Reply) -> None:
        """What comes next, in this order."""
        self.script.extend(turns)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the requests for content, oldest first."""
        return [seen.json() for seen in self.seen if "enerateContent" in seen.path]

    @property
    def received(self) -> str:
        """Every request as text, with address, headers and body, for whoever looks for names in it."""
        return "\n".join(
            f"{seen.method} {seen.path} {dict(seen.query)} {dict(seen.headers)} {_readable(seen.body)}"
            for seen in self.seen
        )

    def _answer_to(self, seen: Seen) -> Reply:
        if seen.headers.get("x-goog-api-key") != API_KEY:
            return BAD_KEY
        if seen.method == "GET":
            return self._model(seen)
        name = seen.path.rpartition("/")[2]
        model, _, method = name.partition(":")
        if not seen.path.startswith("/v1beta/models/") or model != MODEL:
            return refusal(404, "NOT_FOUND", f"models/{model} is not found for API version v1beta.")
        turn = self.decide(seen) or (self.script.popleft() if self.script else says("Understood."))
        if isinstance(turn, Reply):
            return turn
        if method == "streamGenerateContent" and seen.query.get("alt") == "sse":
            return streamed(turn)
        return Reply.of(_joined(turn))

    def _model(self, seen: Seen) -> Reply:
        if seen.path != f"/v1beta/models/{MODEL}":
            return refusal(404, "NOT_FOUND", "The model is not found.")
        return Reply.of({"name": f"models/{MODEL}", "inputTokenLimit": 1_048_576})


def _joined(turn: Turn) -> dict[str, Any]:
    """The chunks as the answer in one piece."""
    last = dict(turn[-1])
    candidates = [one for piece in turn for one in piece.get("candidates", [])]
    if candidates:
        parts = [part for one in candidates for part in one.get("content", {}).get("parts", [])]
        whole = dict(candidates[-1])
        if parts:
            whole["content"] = {"parts": parts, "role": "model"}
        last["candidates"] = [whole]
    return last


def _readable(body: bytes) -> str:
    """JSON with its escapes undone, so that an accented name is found as it is spelt."""
    text = body.decode("utf-8", errors="replace")
    try:
        return text + "\n" + json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text
