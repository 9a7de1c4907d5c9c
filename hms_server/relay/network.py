"""The clinic's way out: the proxy that the administrator has entered, if there is one."""

from urllib.parse import quote, urlsplit

from hms_server.contract.relay import ProviderField
from hms_server.faults import Refused
from hms_server.relay.providers import Providers, ProviderSpec, Values
from hms_server.work import Work

NAME = "network"
PROXY, USER, PASSWORD, AUTHORITIES = "proxy", "user", "password", "authorities"


def check(secrets: Values, settings: Values) -> None:
    """Refuses an address that is no proxy's, and a password that nobody would be asked for."""
    address = settings.get(PROXY, "")
    if not address:
        return
    parts = urlsplit(address if "://" in address else f"http://{address}")
    try:
        right = parts.scheme == "http" and bool(parts.hostname) and parts.port is not None
    except ValueError:
        right = False
    if not right or parts.path not in ("", "/") or "@" in parts.netloc:
        raise Refused(
            "relay.proxy_address",
            "Enter the proxy as host and port, such as “proxy.example.org:3128”; user and password have "
            "fields of their own.",
            field=PROXY,
        )
    if PASSWORD in secrets and not settings.get(USER):
        raise Refused("relay.proxy_user", "Enter the user that the password belongs to.", field=USER)


NETWORK = ProviderSpec(
    name=NAME,
    title="Internet line",
    fields=(
        ProviderField(name=PROXY, title="Proxy", hint="host:port; empty without a proxy"),
        ProviderField(name=USER, title="User at the proxy"),
        ProviderField(name=PASSWORD, title="Password at the proxy", secret=True),
        ProviderField(
            name=AUTHORITIES,
            title="Certificates file",
            hint="A file on the server with the certificate authority of a proxy that looks into TLS",
        ),
    ),
    check=check,
)


def proxy_of(providers: Providers, work: Work) -> str | None:
    """The proxy's address with user and password in it, or None: never store, log or show it."""
    entered = providers.entered(work, NAME)
    address = entered.settings[PROXY].removeprefix("http://").rstrip("/")
    if not address or not entered.enabled:
        return None
    user = entered.settings[USER]
    if not user:
        return f"http://{address}"
    password = entered.secrets.get(PASSWORD, "")
    return f"http://{quote(user, safe='')}:{quote(password, safe='')}@{address}"
