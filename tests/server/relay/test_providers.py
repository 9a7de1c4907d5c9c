"""What the administrator enters: secrets go in and never come out, wrong ones are refused at their field."""

from typing import Any

import pytest

from hms_server.contract.relay import (
    ListProviders,
    ProviderField,
    ProviderRow,
    SetProvider,
)
from hms_server.contract.values import Role
from hms_server.crypto import SealBroken, Vault
from hms_server.faults import Refused
from hms_server.relay.network import NETWORK, check, proxy_of
from hms_server.relay.providers import Providers, ProviderSpec, Values
from hms_server.work import Work
from tests.server.desk import Desk
from tests.server.working import working

ADMIN = Role.ADMINISTRATOR
SECRET = "sk_test_4f2a91c0ffee1234"
OTHER = "sk_live_4f2a91c0ffee9876"


def check_key(secrets: Values, _settings: Values) -> None:
    if not secrets.get("key", "sk_test_").startswith(("sk_test_", "sk_live_")):
        raise Refused("pay.key", "A key begins with sk_test_ or sk_live_.", field="key")


PAY = ProviderSpec(
    name="pay",
    title="The bank",
    fields=(
        ProviderField(name="key", title="Key", secret=True, required=True),
        ProviderField(name="address", title="Address", default="https://api.pay.example"),
        ProviderField(name="account", title="Account", required=True),
    ),
    test_mode=lambda secrets, _: secrets.get("key", "").startswith("sk_test_"),
    check=check_key,
)


@pytest.fixture
def providers(desk: Desk) -> Providers:
    return Providers(desk.vault, [PAY])


def entered(desk: Desk, providers: Providers, **others: Any) -> ProviderRow:
    """As the administrator sends it."""
    settings = {"account": "7"} | others.pop("settings", {})
    request = SetProvider(name="pay", settings=settings, **others)
    with working(desk, ADMIN) as work:
        return providers.set_provider(work, request)


def refused(desk: Desk, providers: Providers, **others: Any) -> str | None:
    """The field that is at fault."""
    with pytest.raises(Refused) as raised:
        entered(desk, providers, **others)
    assert SECRET not in str(raised.value)
    return raised.value.fault.field


def test_a_secret_is_used_and_only_its_end_is_shown(desk: Desk, providers: Providers) -> None:
    row = entered(desk, providers, secrets={"key": f" {SECRET}\n"})

    assert row.secrets_set == {"key": "1234"}
    assert SECRET not in repr(row)
    with working(desk, ADMIN) as work:
        assert providers.secret(work, "pay", "key") == SECRET
        assert providers.enabled(work, "pay")
        assert providers.test_mode(work, "pay")
        assert providers.settings(work, "pay") == {"address": "https://api.pay.example", "account": "7"}


def test_a_secret_that_is_left_out_stays_and_an_empty_one_goes(desk: Desk, providers: Providers) -> None:
    entered(desk, providers, secrets={"key": SECRET})

    entered(desk, providers, settings={"account": "8"})
    with working(desk, ADMIN) as work:
        assert providers.secret(work, "pay", "key") == SECRET

    entered(desk, providers, secrets={"key": ""}, enabled=False)
    with working(desk, ADMIN) as work:
        assert providers.secret(work, "pay", "key") is None


def test_of_a_short_secret_nothing_is_shown(desk: Desk) -> None:
    providers = Providers(desk.vault, [NETWORK])
    request = SetProvider(
        name="network", settings={"proxy": "proxy:3128", "user": "clinic"}, secrets={"password": "hush"}
    )
    with working(desk, ADMIN) as work:
        assert providers.set_provider(work, request).secrets_set == {"password": ""}


def test_live_and_test_keys_cannot_be_confused(desk: Desk, providers: Providers) -> None:
    assert entered(desk, providers, secrets={"key": SECRET}).test_mode
    assert not entered(desk, providers, secrets={"key": OTHER}).test_mode
    assert refused(desk, providers, secrets={"key": "pk_test_1"}) == "key"


def test_what_cannot_be_right_is_refused_at_its_field(desk: Desk, providers: Providers) -> None:
    assert refused(desk, providers) == "key"
    assert refused(desk, providers, secrets={"key": SECRET}, settings={"account": " "}) == "account"
    assert refused(desk, providers, secrets={"key": SECRET}, settings={"colour": "red"}) == "colour"
    assert refused(desk, providers, secrets={"account": SECRET}) == "account"
    assert refused(desk, providers, secrets={"key": f"sk_test_\r\nHost: evil {SECRET}"}) == "key"


def test_switched_off_it_may_be_incomplete(desk: Desk, providers: Providers) -> None:
    row = entered(desk, providers, settings={"account": ""}, enabled=False)

    assert not row.enabled
    with working(desk, ADMIN) as work:
        assert not providers.enabled(work, "pay")


def test_a_provider_that_lost_its_key_is_off_whatever_the_switch_says(
    desk: Desk, providers: Providers
) -> None:
    entered(desk, providers, secrets={"key": SECRET})
    desk.sql("delete from relay_secret")

    with working(desk, ADMIN) as work:
        assert not providers.enabled(work, "pay")


def test_nothing_that_is_stored_shows_the_secret(desk: Desk) -> None:
    """Every column of every table is read, as somebody with a stolen disk would."""
    desk.set_provider(
        "network", settings={"proxy": "proxy.clinic.lan:3128", "user": "clinic"}, secrets={"password": SECRET}
    )

    found = {
        table
        for (table,) in desk.sql("select tablename from pg_tables where schemaname = 'public'")
        if SECRET.encode() in dump(desk, table) or SECRET.encode().hex().encode() in dump(desk, table)
    }

    assert found == set()
    assert b"proxy.clinic.lan" in dump(desk, "relay_provider")


def dump(desk: Desk, table: str) -> bytes:
    from psycopg import sql

    with desk.connect() as connection:
        rows = connection.execute(sql.SQL("select one::text from {} as one").format(sql.Identifier(table)))
        return "\n".join(text for (text,) in rows).encode()


def test_the_request_and_the_answer_do_not_show_it_either(desk: Desk) -> None:
    request = SetProvider(name="network", settings={}, secrets={"password": SECRET})

    assert SECRET not in repr(request)
    assert SECRET not in repr(desk.ask(request, ADMIN))
    assert SECRET not in repr(desk.ask(ListProviders(), ADMIN))


def test_a_sealed_secret_opens_only_with_the_servers_keys_and_in_its_place(
    desk: Desk, providers: Providers
) -> None:
    entered(desk, providers, secrets={"key": SECRET})
    same = Providers(Vault(b"v" * 32), [PAY])
    stolen = Providers(Vault(b"x" * 32), [PAY])
    with working(desk, ADMIN) as work:
        assert same.secret(work, "pay", "key") == SECRET
        with pytest.raises(SealBroken):
            stolen.secret(work, "pay", "key")

    desk.sql("update relay_secret set field = 'account'")
    with working(desk, ADMIN) as work, pytest.raises(SealBroken):
        providers.secret(work, "pay", "account")


def test_other_seals_of_the_server_do_not_open_it() -> None:
    vault = Vault(b"v" * 32)

    sealed = vault.kept_for("providers").seal(b"secret", bound_to=b"x")

    assert vault.kept_for("providers").open(sealed, bound_to=b"x") == b"secret"
    with pytest.raises(SealBroken):
        vault.open(sealed, bound_to=b"x")


# --- the way out


@pytest.mark.parametrize("address", ["proxy.example:3128", "http://10.0.0.1:8080/", "[::1]:3128"])
def test_a_proxy_address(address: str) -> None:
    check({}, {"proxy": address})


@pytest.mark.parametrize(
    "address",
    ["proxy.example", "https://proxy.example:3128", "socks5://x:1", "u:p@proxy:3128", "proxy:99999", "x:1/y"],
)
def test_what_is_no_proxy_address(address: str) -> None:
    with pytest.raises(Refused) as raised:
        check({}, {"proxy": address})
    assert raised.value.fault.field == "proxy"


def test_the_password_of_the_proxy_needs_its_user() -> None:
    with pytest.raises(Refused) as raised:
        check({"password": "x"}, {"proxy": "proxy:3128"})
    assert raised.value.fault.field == "user"


def test_the_proxy_is_used_with_user_and_password_once_it_is_switched_on(desk: Desk) -> None:
    def proxy(work: Work) -> str | None:
        return proxy_of(desk.providers, work)

    settings = {"proxy": "proxy:3128", "user": "the clinic"}
    assert desk.act(proxy) is None
    desk.set_provider("network", settings=settings, secrets={"password": "p@ss/word"})
    assert desk.act(proxy) == "http://the%20clinic:p%40ss%2Fword@proxy:3128"

    desk.ask(SetProvider(name="network", settings=settings, enabled=False), ADMIN)
    assert desk.act(proxy) is None
