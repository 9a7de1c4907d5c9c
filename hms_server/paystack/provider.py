"""Paystack as the administrator enters it: the secret key, which itself says test or live, and an address."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from hms_server.contract.relay import ProviderField
from hms_server.faults import Refused
from hms_server.paystack.client import ADDRESS, Paystack
from hms_server.relay.kinds import Destination
from hms_server.relay.outside import Outside
from hms_server.relay.providers import Providers, ProviderSpec, Values
from hms_server.work import Work

NAME = "paystack"
TEST_KEY, LIVE_KEY = "sk_test_", "sk_live_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a call needs; `secret` stays in memory."""

    secret: str
    address: str
    test_mode: bool

    def open(self, outside: Outside) -> Paystack:
        return Paystack(outside, self.secret, self.address)

    def __repr__(self) -> str:
        return f"Line({self.address!r}, test_mode={self.test_mode})"


def line_of(work: Work, providers: Providers) -> Line | None:
    """None while no key is entered."""
    secret = providers.secret(work, NAME, "secret_key")
    if not secret:
        return None
    return Line(
        secret=secret,
        address=providers.settings(work, NAME)["address"],
        test_mode=secret.startswith(TEST_KEY),
    )


def _test_mode(secrets: Values, _settings: Values) -> bool:
    return secrets.get("secret_key", "").startswith(TEST_KEY)


def _check(secrets: Values, settings: Values) -> None:
    key = secrets.get("secret_key", "")
    if key.startswith("pk_"):
        raise Refused(
            "paystack.public_key",
            "That is the public key. Enter the secret key: it begins with sk_live_ or, to try out, sk_test_.",
            field="secret_key",
        )
    if key and not (key.startswith((TEST_KEY, LIVE_KEY)) and key.isascii() and key.isprintable()):
        raise Refused(
            "paystack.key",
            "A secret key of Paystack begins with sk_live_ or, to try out, sk_test_.",
            field="secret_key",
        )
    if not urlsplit(settings["address"]).hostname:
        raise Refused("paystack.address", f"Enter the address as {ADDRESS}.", field="address")


SPEC = ProviderSpec(
    name=NAME,
    title="Paystack",
    fields=[
        ProviderField(
            name="secret_key",
            title="Secret key",
            secret=True,
            required=True,
            hint="From Paystack's dashboard: Settings, API Keys & Webhooks. sk_test_… is for trying out.",
        ),
        ProviderField(name="address", title="Address", default=ADDRESS, hint="Leave it as it is."),
    ],
    test_mode=_test_mode,
    check=_check,
)


def destination(providers: Providers) -> Destination:
    """Paystack as the relay knows it."""

    def prepare_probe(work: Work) -> "_Probe":
        line = line_of(work, providers)
        return _Probe(line)

    return Destination(
        name=NAME,
        title="Paystack",
        prepare_probe=prepare_probe,
        waiting_word=("payment waits", "payments wait"),
        threads=4,
    )


@dataclass(frozen=True, slots=True)
class _Probe:
    line: Line | None

    def __call__(self, outside: Outside) -> None:
        if self.line is not None:
            self.line.open(outside).probe()
