"""Gemini through its own SDK: one streamed turn at a time, with every way of saying nothing told apart."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any, Self

import httpx2
from google import genai
from google.genai import errors, types

from hms_server.assistant.line import Line, Patience, Stopped
from hms_server.contract.relay import Trouble
from hms_server.relay.outside import Outside, OutsideFault

MAX_OUTPUT_TOKENS = 8192
"""What a model thinks before it speaks counts too."""
MAX_RETRY_AFTER = timedelta(hours=1)
_SECONDS = re.compile(r"^(\d+)(?:\.\d+)?s?$")


class End(Enum):
    """Why a turn ended. Only `whole` is an answer as it was meant."""

    WHOLE = "whole"
    TOO_LONG = "too_long"
    BLOCKED = "blocked"
    RECITATION = "recitation"
    BAD_CALL = "bad_call"
    EMPTY = "empty"


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Tokens of one turn as the provider counted them; thinking counts as answer."""

    prompt: int = 0
    answer: int = 0


@dataclass(frozen=True, kw_only=True)
class WantedCall:
    """A function that the model wants to be called; nothing of it has been checked."""

    name: str
    arguments: dict[str, Any]
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one request brought. `content` goes back as it is with the next one, signatures included."""

    text: str
    calls: list[WantedCall]
    content: types.Content
    end: End
    spent: Spent


@dataclass(frozen=True, kw_only=True)
class GeminiSettings:
    api_key: str
    model: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A function as the model is told of it; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(slots=True)
class _Heard:
    """The parts of a streamed turn as they come."""

    parts: list[types.Part] = field(default_factory=list)
    text: str = ""
    finish: types.FinishReason | None = None
    blocked: bool = False
    spent: Spent = field(default_factory=Spent)

    def add(self, piece: types.GenerateContentResponse) -> None:
        self._count(piece.usage_metadata)
        if piece.prompt_feedback is not None and piece.prompt_feedback.block_reason is not None:
            self.blocked = True
        candidate = piece.candidates[0] if piece.candidates else None
        if candidate is None:
            return
        self.finish = candidate.finish_reason or self.finish
        parts = candidate.content.parts if candidate.content is not None else None
        for part in parts or ():
            self.parts.append(part)
            if part.text and not part.thought:
                self.text += part.text

    def _count(self, counted: types.GenerateContentResponseUsageMetadata | None) -> None:
        if counted is None:
            return
        answer = (counted.candidates_token_count or 0) + (counted.thoughts_token_count or 0)
        prompt = (counted.prompt_token_count or 0) + (counted.tool_use_prompt_token_count or 0)
        # Each chunk counts from the beginning, and not every chunk counts everything.
        self.spent = Spent(prompt=max(prompt, self.spent.prompt), answer=max(answer, self.spent.answer))

    def turn(self) -> Turn:
        calls = [
            WantedCall(
                name=part.function_call.name or "",
                arguments=dict(part.function_call.args or {}),
                id=part.function_call.id,
            )
            for part in self.parts
            if part.function_call is not None
        ]
        return Turn(
            text=self.text,
            calls=calls,
            content=types.Content(role="model", parts=self.parts),
            end=self._end(calls),
            spent=self.spent,
        )

    def _end(self, calls: Sequence[WantedCall]) -> End:
        if self.blocked:
            return End.BLOCKED
        if self.finish is None and self.parts:
            raise OutsideFault(
                Trouble.CUT, "The line broke in the middle of the assistant's answer.", may_have_arrived=True
            )
        told = ENDS.get(self.finish.name, End.BLOCKED) if self.finish is not None else End.EMPTY
        silent = told in (End.WHOLE, End.TOO_LONG) and not calls and not self.text.strip()
        return End.EMPTY if silent else told


ENDS = {
    "STOP": End.WHOLE,
    "FINISH_REASON_UNSPECIFIED": End.WHOLE,
    "MAX_TOKENS": End.TOO_LONG,
    "RECITATION": End.RECITATION,
    "MALFORMED_FUNCTION_CALL": End.BAD_CALL,
    "UNEXPECTED_TOOL_CALL": End.BAD_CALL,
    "TOO_MANY_TOOL_CALLS": End.BAD_CALL,
    "OTHER": End.EMPTY,
}
"""What is not listed (SAFETY, BLOCKLIST, PROHIBITED_CONTENT, SPII, LANGUAGE, new ones) is a refusal."""


class Gemini:
    """One conversation with the provider: made for an answer and closed after it."""

    def __init__(
        self,
        settings: GeminiSettings,
        outside: Outside,
        *,
        sent: Callable[[str, bytes], None] = lambda _address, _body: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._model = settings.model
        line = Line(outside, Patience(outside, stopped=stopped), sent=sent)
        # Nothing of the surroundings counts: no proxy, key or platform from environment variables.
        self._http = httpx2.Client(transport=line, trust_env=False, follow_redirects=False)
        self._client = genai.Client(
            vertexai=False,
            api_key=settings.api_key,
            http_options=types.HttpOptions(
                base_url=settings.address,
                api_version="v1beta",
                httpx_client=self._http,
                timeout=max(1, int(outside.time_limit.total_seconds() * 1000)),
            ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def stream(
        self,
        contents: Sequence[types.Content],
        *,
        instruction: str,
        functions: Sequence[Declared],
        on_text: Callable[[str], None],
    ) -> Turn:
        """One turn; `on_text` is given all the text so far. Raises `OutsideFault` or `Stopped`."""
        declared = [
            types.FunctionDeclaration(
                name=one.name, description=one.description, parameters_json_schema=one.parameters
            )
            for one in functions
        ]
        config = types.GenerateContentConfig(
            system_instruction=instruction,
            tools=[types.Tool(function_declarations=declared)] if declared else None,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            max_output_tokens=MAX_OUTPUT_TOKENS,
            temperature=0.2,
        )
        return self._listen(contents, config, on_text)

    def structured(
        self, contents: Sequence[types.Content], *, instruction: str, schema: dict[str, Any]
    ) -> Turn:
        """One turn whose text shall be JSON under the schema; whether it is, the caller finds out."""
        config = types.GenerateContentConfig(
            system_instruction=instruction,
            response_mime_type="application/json",
            response_json_schema=schema,
            max_output_tokens=MAX_OUTPUT_TOKENS,
            temperature=0.2,
        )
        return self._listen(contents, config, lambda _: None)

    def probe(self) -> None:
        """A cheap call with the key; raises `OutsideFault`."""
        try:
            self._client.models.get(model=self._model)
        except Stopped as error:
            sentence = "Gemini was not asked to the end: the server stops."
            raise OutsideFault(Trouble.SILENT, sentence, may_have_arrived=False) from error
        except errors.APIError as error:
            raise fault_of(error) from error
        except ValueError as error:
            raise unreadable() from error

    def _listen(
        self,
        contents: Sequence[types.Content],
        config: types.GenerateContentConfig,
        on_text: Callable[[str], None],
    ) -> Turn:
        heard = _Heard()
        try:
            for piece in self._client.models.generate_content_stream(
                model=self._model, contents=list(contents), config=config
            ):
                heard.add(piece)
                on_text(heard.text)
        except errors.APIError as error:
            raise fault_of(error) from error
        except (ValueError, errors.UnknownApiResponseError) as error:
            raise unreadable() from error
        return heard.turn()


def unreadable() -> OutsideFault:
    return OutsideFault(
        Trouble.GARBLED, "Gemini's answer cannot be read. Ask again later.", may_have_arrived=True
    )


def fault_of(error: errors.APIError) -> OutsideFault:
    """What a refusal of the provider means; its own words are for nobody at the desk."""
    code = error.code if isinstance(error.code, int) else 0
    if code in STATUS:
        trouble, sentence = STATUS[code]
    elif code >= 500:  # noqa: PLR2004 - a fault of the provider's own
        trouble, sentence = Trouble.DOWN, "Gemini has a fault of its own. Ask again later."
    else:
        trouble, sentence = Trouble.DECLINED, "Gemini does not accept the question. Ask it in other words."
    if code == 400 and "API_KEY" in str(error.details):  # noqa: PLR2004 - so Google answers a wrong key
        trouble, sentence = STATUS[401]
    return OutsideFault(
        trouble,
        sentence,
        may_have_arrived=False,
        retry_after=_retry_after(error) if trouble in (Trouble.BUSY, Trouble.DOWN) else None,
        status=code or None,
    )


STATUS: dict[int, tuple[Trouble, str]] = {
    401: (Trouble.KEY, "Gemini does not accept the clinic's key: enter it anew in the settings."),
    403: (Trouble.KEY, "Gemini does not let the clinic's account in: look at the key in the settings."),
    404: (Trouble.DECLINED, "Gemini does not know the model that the settings name."),
    429: (Trouble.BUSY, "Gemini asks to come back later: too many questions at once."),
    503: (Trouble.DOWN, "Gemini is overloaded. Ask again later."),
}


def _retry_after(error: errors.APIError) -> timedelta | None:
    """The provider's wish, from the header or from the details of the error."""
    headers = getattr(error.response, "headers", None) or {}
    wishes = [headers.get("retry-after", ""), *_delays(error.details)]
    for wish in wishes:
        if found := _SECONDS.match(str(wish)):
            return min(timedelta(seconds=int(found[1])), MAX_RETRY_AFTER)
    return None


def _delays(details: Any) -> list[str]:
    inner = details.get("error", details) if isinstance(details, dict) else {}
    listed = inner.get("details", []) if isinstance(inner, dict) else []
    return [one["retryDelay"] for one in listed if isinstance(one, dict) and "retryDelay" in one]
