"""The one table of what leaves the premises: providers, destinations and the kinds of jobs for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hms_server.assistant import provider as gemini
from hms_server.assistant.answering import Answering
from hms_server.assistant.requests import keeper_of
from hms_server.assistant.second_look import SymptomJudge
from hms_server.crypto import Vault
from hms_server.dispatch import Dispatcher
from hms_server.messaging import sending
from hms_server.messaging.ask import Messaging
from hms_server.messaging.smtp import SMTP_SERVER
from hms_server.messaging.termii import TERMII
from hms_server.messaging.twilio import TWILIO
from hms_server.paystack import jobs as paystack
from hms_server.paystack.provider import SPEC as PAYSTACK
from hms_server.paystack.provider import destination as paystack_destination
from hms_server.relay.ground import Ground
from hms_server.relay.kinds import Destination, JobKind
from hms_server.relay.network import NETWORK
from hms_server.relay.providers import Providers, ProviderSpec

PROVIDERS: Sequence[ProviderSpec] = (NETWORK, PAYSTACK, SMTP_SERVER, TERMII, TWILIO, gemini.GEMINI)
"""In the order in which the administrator sees them."""


def destinations(providers: Providers) -> Sequence[Destination]:
    """Everybody outside whom the clinic talks to; a name that is a provider's too is switched off with it."""
    return (
        paystack_destination(providers),
        *sending.destinations(providers),
        gemini.destination(providers),
    )


def job_kinds(ground: Ground, dispatcher: Dispatcher) -> Sequence[JobKind[Any, Any, Any]]:
    """Every kind of job; what runs on `dispatcher` does so between the relay's own transactions."""
    messaging = Messaging(ground.providers, ground.vault)
    return (
        *paystack.job_kinds(ground),
        *sending.job_kinds(messaging),
        Answering(ground, keeper_of(ground), dispatcher).kind(),
        SymptomJudge(ground, keeper_of(ground)).kind(),
    )


def ground(vault: Vault) -> Ground:
    """What slices are given that talk to the outside."""
    providers = Providers(vault, PROVIDERS)
    return Ground(vault=vault, providers=providers, destinations=destinations(providers))


@dataclass(frozen=True, kw_only=True)
class RelayTable:
    """All of it, as the server is given it."""

    ground: Callable[[Vault], Ground] = ground
    job_kinds: Callable[[Ground, Dispatcher], Sequence[JobKind[Any, Any, Any]]] = job_kinds
