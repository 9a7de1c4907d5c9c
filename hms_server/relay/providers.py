"""What the administrator has entered for each provider: settings, and secrets that never come out again."""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hms_server.contract.relay import ListProviders, ProviderField, ProviderRow, SetProvider
from hms_server.contract.relay import Providers as ProviderList
from hms_server.contract.values import Moment, Person, StaffId
from hms_server.crypto import Vault
from hms_server.faults import Refused
from hms_server.relay import hearing
from hms_server.work import Work

ENDING = 4
"""So many last characters of a secret are shown, so that people can tell two keys apart."""
SHORTEST_SHOWN = 12
"""Of a shorter secret nothing is shown: four characters would be too much of it."""

Values = Mapping[str, str]


def always_live(_secrets: Values, _settings: Values) -> bool:
    """Where a provider knows no test mode."""
    return False


def nothing_to_check(_secrets: Values, _settings: Values) -> None:
    """Where any value may be right."""


@dataclass(frozen=True, kw_only=True)
class ProviderSpec:
    """One provider's form. `check` sees all values that will hold and raises `Refused` for a wrong one.

    A sentence of `check` never repeats a secret.
    """

    name: str
    title: str
    fields: Sequence[ProviderField]
    test_mode: Callable[[Values, Values], bool] = always_live
    check: Callable[[Values, Values], None] = nothing_to_check

    @property
    def defaults(self) -> dict[str, str]:
        return {field.name: field.default for field in self.fields if not field.secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    name: str
    settings: dict[str, str]
    enabled: bool
    changed_at: datetime
    changed_by: StaffId | None
    changed_by_name: str
    sealed: dict[str, str]
    """In base 64, by field."""
    endings: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Whether a provider can be used as it was entered, and whether that is only play."""

    enabled: bool
    test_mode: bool


@dataclass(frozen=True, kw_only=True, repr=False)
class Entered:
    """All that was entered for a provider, secrets in clear: for the call that needs it, never to be kept."""

    enabled: bool
    settings: dict[str, str]
    secrets: dict[str, str]


class Providers:
    """Reads and stores what was entered; safe to share between threads."""

    def __init__(self, vault: Vault, specs: Sequence[ProviderSpec]) -> None:
        self._vault = vault.kept_for("providers")
        self.specs = {spec.name: spec for spec in specs}

    def secret(self, work: Work, provider: str, field: str) -> str | None:
        """The secret in clear, for the call that needs it: never store, log or show it."""
        return self._secrets(self._stored(work, provider)).get(field)

    def settings(self, work: Work, provider: str) -> dict[str, str]:
        """All that is not secret, with the defaults where nothing was entered."""
        return self._settings(self.specs[provider], self._stored(work, provider))

    def enabled(self, work: Work, provider: str) -> bool:
        """Whether the administrator has switched it on, and entered all that it needs."""
        return self._condition(self.specs[provider], self._stored(work, provider)).enabled

    def test_mode(self, work: Work, provider: str) -> bool:
        """Whether what is done there is only play: a banner says so."""
        return self._condition(self.specs[provider], self._stored(work, provider)).test_mode

    def entered(self, work: Work, provider: str) -> Entered:
        """Settings, secrets and switch in one statement."""
        spec, stored = self.specs[provider], self._stored(work, provider)
        return Entered(
            enabled=self._condition(spec, stored).enabled,
            settings=self._settings(spec, stored),
            secrets=self._secrets(stored),
        )

    def conditions(self, work: Work) -> dict[str, Condition]:
        """Of all providers, in one statement."""
        rows = work.rows(_Stored, STORED, (list(self.specs),))
        stored = {row.name: row for row in rows}
        return {name: self._condition(spec, stored.get(name)) for name, spec in self.specs.items()}

    def list_providers(self, work: Work, _request: ListProviders) -> ProviderList:
        """Every provider that this program knows, in the order of its table."""
        return ProviderList([self._row(work, spec) for spec in self.specs.values()])

    def set_provider(self, work: Work, request: SetProvider) -> ProviderRow:
        """Stores the form; the next call through the relay uses it."""
        spec = self.specs.get(request.name)
        if spec is None:
            raise Refused("relay.provider_unknown", "There is no such provider.", field="name")
        _refuse_unknown(spec, request)
        _refuse_unfit_text(request)
        settings = {name: value.strip() for name, value in request.settings.items()}
        given = {name: value.strip() for name, value in request.secrets.items()}
        known = self._secrets(self._stored(work, spec.name))
        secrets = {name: value for name, value in (known | given).items() if value}
        spec.check(secrets, spec.defaults | {name: value for name, value in settings.items() if value})
        if request.enabled:
            _refuse_missing(spec, secrets, settings)
        self._store(work, spec, request, settings, given)
        hearing.forgive(work, spec.name)
        return self._row(work, spec)

    def _store(
        self, work: Work, spec: ProviderSpec, request: SetProvider, settings: Values, given: Values
    ) -> None:
        params = {
            "name": spec.name,
            "settings": msgspec.json.encode(dict(settings)).decode(),
            "enabled": request.enabled,
            "at": work.now,
            "by": work.actor.staff_id,
            "by_name": work.actor.name,
        }
        work.send(SET_PROVIDER, params)
        for name, value in given.items():
            if not value:
                work.send(DROP_SEALED, (spec.name, name))
                continue
            sealed = self._vault.seal(value.encode(), bound_to=_binding(spec.name, name))
            work.send(SET_SEALED, (spec.name, name, sealed, _ending(value)))

    def _row(self, work: Work, spec: ProviderSpec) -> ProviderRow:
        stored = self._stored(work, spec.name)
        changed = None
        if stored is not None:
            by = stored.changed_by
            person = None if by is None else Person(id=by, name=stored.changed_by_name)
            changed = Moment(at=stored.changed_at, by=person)
        return ProviderRow(
            name=spec.name,
            title=spec.title,
            fields=list(spec.fields),
            settings=stored.settings if stored else {},
            secrets_set=stored.endings if stored else {},
            enabled=stored is not None and stored.enabled,
            test_mode=self._condition(spec, stored).test_mode,
            changed=changed,
        )

    def _stored(self, work: Work, provider: str) -> _Stored | None:
        return work.one(_Stored, STORED, ([provider],))

    def _condition(self, spec: ProviderSpec, stored: _Stored | None) -> Condition:
        secrets, settings = self._secrets(stored), self._settings(spec, stored)
        have = secrets.keys() | {name for name, value in settings.items() if value}
        whole = all(field.name in have for field in spec.fields if field.required)
        enabled = stored is not None and stored.enabled and whole
        return Condition(enabled=enabled, test_mode=spec.test_mode(secrets, settings))

    def _settings(self, spec: ProviderSpec, stored: _Stored | None) -> dict[str, str]:
        entered = stored.settings if stored else {}
        return spec.defaults | {name: value for name, value in entered.items() if value}

    def _secrets(self, stored: _Stored | None) -> dict[str, str]:
        if stored is None:
            return {}
        return {
            field: self._vault.open(b64decode(sealed), bound_to=_binding(stored.name, field)).decode()
            for field, sealed in stored.sealed.items()
        }


def _binding(provider: str, field: str) -> bytes:
    return f"{provider}\0{field}".encode()


def _ending(secret: str) -> str:
    return secret[-ENDING:] if len(secret) >= SHORTEST_SHOWN else ""


def _refuse_unfit_text(request: SetProvider) -> None:
    """A line break that came along with a pasted key would end a header, and show the key in an error."""
    for name, value in (*request.settings.items(), *request.secrets.items()):
        if not value.strip().isprintable():
            raise Refused(
                "relay.field_text", "This holds a line break or another sign that cannot be sent.", field=name
            )


def _refuse_unknown(spec: ProviderSpec, request: SetProvider) -> None:
    secret = {field.name for field in spec.fields if field.secret}
    plain = {field.name for field in spec.fields} - secret
    for name in (*(request.settings.keys() - plain), *(request.secrets.keys() - secret)):
        raise Refused("relay.field_unknown", f"{spec.title} has no such field.", field=name)


def _refuse_missing(spec: ProviderSpec, secrets: Values, settings: Values) -> None:
    have = spec.defaults | {name: value for name, value in settings.items() if value} | dict(secrets)
    for field in spec.fields:
        if field.required and not have.get(field.name):
            raise Refused(
                "relay.field_missing",
                f"Enter “{field.title}”, or switch {spec.title} off.",
                field=field.name,
            )


STORED = """
select name, settings, enabled, changed_at, changed_by, changed_by_name,
    coalesce((
        select jsonb_object_agg(field, encode(sealed, 'base64')) from relay_secret where provider = name
    ), '{}') as sealed,
    coalesce((
        select jsonb_object_agg(field, ending) from relay_secret where provider = name
    ), '{}') as endings
from relay_provider where name = any(%s)
"""
SET_PROVIDER = """
insert into relay_provider (name, settings, enabled, changed_at, changed_by, changed_by_name)
values (%(name)s, %(settings)s::jsonb, %(enabled)s, %(at)s, %(by)s, %(by_name)s)
on conflict (name) do update set settings = excluded.settings, enabled = excluded.enabled,
    changed_at = excluded.changed_at, changed_by = excluded.changed_by,
    changed_by_name = excluded.changed_by_name
"""
DROP_SEALED = "delete from relay_secret where provider = %s and field = %s"
SET_SEALED = """
insert into relay_secret (provider, field, sealed, ending) values (%s, %s, %s, %s)
on conflict on constraint relay_secret_once do update set sealed = excluded.sealed, ending = excluded.ending
"""
