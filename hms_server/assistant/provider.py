"""Gemini as the administrator enters it and as the relay knows it."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from hms_server.contract.relay import ProviderField
from hms_server.faults import Refused
from hms_server.relay.kinds import Destination
from hms_server.relay.line import is_loopback
from hms_server.relay.outside import Outside
from hms_server.relay.providers import Providers, ProviderSpec
from hms_server.work import Work

NAME = "gemini"
KEY, MODEL, ADDRESS = "api_key", "model", "address"
_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9.\-]{2,80}")


def _check(_secrets: Mapping[str, str], settings: Mapping[str, str]) -> None:
    address = urlsplit(settings[ADDRESS])
    if address.scheme != "https" and not (address.scheme == "http" and is_loopback(address.hostname or "")):
        raise Refused("assistant.address", "The address of Gemini begins with https://.", field=ADDRESS)
    if not _MODEL_NAME.fullmatch(settings[MODEL]):
        raise Refused("assistant.model", "A model's name looks like gemini-2.5-flash.", field=MODEL)


GEMINI = ProviderSpec(
    name=NAME,
    title="Gemini (assistant)",
    fields=(
        ProviderField(name=KEY, title="API key", secret=True, required=True, hint="From Google AI Studio"),
        ProviderField(name=MODEL, title="Model", required=True, default="gemini-2.5-flash"),
        ProviderField(
            name=ADDRESS,
            title="Address",
            required=True,
            default="https://generativelanguage.googleapis.com",
            hint="Change it only for a gateway of your own",
        ),
    ),
    check=_check,
)


def destination(providers: Providers) -> Destination:
    """One question at a time would be too slow for a clinic, many at once too dear."""

    def prepare_probe(work: Work) -> Callable[[Outside], None]:
        secret = providers.secret(work, NAME, KEY) or ""
        settings = providers.settings(work, NAME)

        def probe(outside: Outside) -> None:
            # The SDK takes long to import, and most servers of a clinic never need it.
            from hms_server.assistant.client import Gemini, GeminiSettings  # noqa: PLC0415

            entered = GeminiSettings(api_key=secret, model=settings[MODEL], address=settings[ADDRESS])
            with Gemini(entered, outside) as client:
                client.probe()

        return probe

    return Destination(
        name=NAME,
        title="Gemini",
        prepare_probe=prepare_probe,
        waiting_word=("question waits", "questions wait"),
        threads=2,
    )
