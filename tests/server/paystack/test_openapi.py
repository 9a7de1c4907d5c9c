"""What we send fits Paystack's OpenAPI document, and what the local Paystack answers fits its samples."""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from hms_server.contract.values import Money
from hms_server.paystack.channels import CURRENCIES, from_subunits, refuse_amount, to_subunits
from hms_server.paystack.client import Paystack
from hms_server.paystack.means import BankTransfer, Eft, Means, MobileMoney, Qr, Ussd
from hms_server.relay.outside import Answer, Outside
from tests.outside.local import Seen
from tests.outside.paystack import FakePaystack

SHARED = Path(os.environ.get("HMS_SHARED") or Path(__file__).parents[4] / "shared" / "data") / "paystack"

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the folder shared/data is not beside the checkout"
)

NOT_IN_THE_DOCUMENT = {
    ("/charge", "currency"): "the guide “Payment Channels” charges GHS, KES, ZAR and XOF with it",
    ("/charge", "bank_transfer"): "the same guide, “Pay with Transfer”",
    ("/charge", "qr"): "the same guide, “QR Code”",
    ("/transaction/initialize", "channels:apple_pay"): "the API reference lists it",
    ("/transaction/initialize", "channels:capitec_pay"): "the API reference lists it",
    ("/transaction/initialize", "currency:XOF"): "the API reference, “Supported Currency”",
    ("/transaction/charge_authorization", "currency:XOF"): "as above",
    ("/refund", "currency:XOF"): "as above",
}
"""Where the document is behind Paystack's own reference and guides, and what they say."""

NOT_IN_THE_FAKE = {
    "connect", "fees_breakdown", "helpdesk_link", "plan_object", "transaction_date", "updatedAt", "createdAt",
    "international_format_phone", "identifier",
}  # fmt: skip
"""Fields of the samples that nobody here reads."""


@pytest.fixture(scope="module")
def document() -> Any:
    return yaml.load((SHARED / "paystack-openapi.yaml").read_text(), yaml.CSafeLoader)


def _resolved(document: Any, part: Any, above: tuple[str, ...] = ()) -> Any:
    """The part with its references filled in, and OpenAPI's `nullable` in the words of JSON Schema."""
    if isinstance(part, list):
        return [_resolved(document, item, above) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        assert part["$ref"] not in above, "a schema that contains itself"
        target = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _resolved(document, target, (*above, part["$ref"]))
    resolved = {name: _resolved(document, value, above) for name, value in part.items()}
    if resolved.pop("nullable", False) and isinstance(resolved.get("type"), str):
        resolved["type"] = [resolved["type"], "null"]
    return resolved


def _operation(document: Any, seen: Seen) -> tuple[str, Any, dict[str, str]]:
    """The path as the document writes it, what it says of the method, and the path's own values."""
    for path in sorted(document["paths"], key=lambda path: path.count("{")):
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        found = re.fullmatch(pattern, seen.path)
        if found and seen.method.lower() in document["paths"][path]:
            return path, document["paths"][path][seen.method.lower()], found.groupdict()
    raise AssertionError(f"the document knows no {seen.method} {seen.path}")


def _objections(document: Any, seen: Seen) -> list[str]:
    """What the document has against a request; empty where it fits."""
    path, operation, in_path = _operation(document, seen)
    known = {(row["in"], row["name"]): row for row in _resolved(document, operation.get("parameters", []))}
    given_values = [("path", *item) for item in in_path.items()] + [
        ("query", *item) for item in seen.query.items()
    ]
    objections = [
        f"{path}: {name} in {where}" for where, name, _ in given_values if (where, name) not in known
    ]
    for where, name, value in given_values:
        if (where, name) in known:
            schema = known[where, name]["schema"]
            objections += [f"{path}: {e.message}" for e in _validator(schema).iter_errors(_as(schema, value))]
    if seen.method == "POST":
        body = _resolved(document, operation["requestBody"])["content"]["application/json"]["schema"]
        objections += _objections_to_body(path, body, seen.json())
    return objections


def _as(schema: Any, value: str) -> Any:
    """A value out of a URL in the type that it stands for."""
    return json.loads(value) if schema.get("type") in {"integer", "boolean"} else value


def _validator(schema: Any) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=FormatChecker())


def _objections_to_body(path: str, schema: Any, sent: dict[str, Any]) -> Iterator[str]:
    parts = schema.get("allOf", [schema])
    known = {name for part in parts for name in part["properties"]}
    for name in sent.keys() - known:
        if (path, name) not in NOT_IN_THE_DOCUMENT:
            yield f"{path}: {name} is unknown"
    for error in _validator(schema).iter_errors(sent):
        place = f"{error.path[0]}:{error.instance}" if error.path else ""
        if (path, place) not in NOT_IN_THE_DOCUMENT:
            yield f"{path}: {error.message}"


def _tour(paystack: Paystack, theirs: FakePaystack) -> None:
    """Makes every call of the client."""
    details = {"currency": "NGN", "email": "p@example.com"}
    paystack.probe()
    paystack.initialize(
        reference="HMS-1",
        amount=150_000,
        **details,
        channels=["card", "bank_transfer", "ussd"],
        metadata={"invoice": 7},
        callback_url="https://clinic.example.com/",
    )
    code = theirs.pay("HMS-1", reusable=True).authorization["authorization_code"]
    paid = paystack.verify("HMS-1")
    assert paid is not None
    paystack.fetch(paid.id or 0)
    means: tuple[tuple[Means, str], ...] = (
        (BankTransfer(expires_at=datetime.now(UTC)), "NGN"),
        (MobileMoney(phone="0551234987", provider="mtn"), "GHS"),
        (Ussd(type="737"), "NGN"),
        (Eft(), "ZAR"),
        (Qr(), "ZAR"),
    )
    for number, (way, currency) in enumerate(means):
        reference = f"HMS-C{number}"
        paystack.charge(way, reference=reference, amount=5000, currency=currency, email="p@example.com")
        paystack.check_charge(reference)
    paystack.submit_otp("HMS-C1", "123456")
    paystack.submit_phone("HMS-C1", "0551234987")
    paystack.charge_authorization(code, reference="HMS-2", amount=5000, **details, metadata={"invoice": 8})
    refund = paystack.refund(
        "HMS-1", amount=1000, currency="NGN", merchant_note="HMS-R1", customer_note="Sorry"
    )
    paystack.fetch_refund(refund.id or 0)
    paystack.refunds_of(paid)
    now = datetime.now(UTC)
    list(paystack.transactions(now - timedelta(days=1), now + timedelta(days=1)))


def test_every_request_fits_the_document(document: Any, paystack: Paystack, theirs: FakePaystack) -> None:
    _tour(paystack, theirs)

    objections = [objection for seen in theirs.seen for objection in _objections(document, seen)]

    assert objections == []
    assert len({(seen.method, re.sub(r"[0-9]{4,}|HMS-\w+", "…", seen.path)) for seen in theirs.seen}) == 13


def test_every_page_of_a_list_fits_the_document(
    document: Any, paystack: Paystack, theirs: FakePaystack
) -> None:
    for number in range(250):
        theirs._new_payment({"email": "p@example.com", "amount": 5000, "reference": f"HMS-{number}"})
    now = datetime.now(UTC)

    list(paystack.transactions(now - timedelta(days=1), now + timedelta(days=1)))

    assert [_objections(document, seen) for seen in theirs.seen] == [[], [], []]


def test_every_key_is_sent_as_the_document_asks(
    document: Any, paystack: Paystack, theirs: FakePaystack
) -> None:
    paystack.probe()

    scheme = document["components"]["securitySchemes"]["bearerAuth"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert theirs.seen[0].headers["authorization"].startswith("Bearer ")
    assert document["servers"][0]["url"] == "https://api.paystack.co"


class _Kept(Outside):
    """Keeps what would be sent."""

    def request(self, method: str, url: str, **how: Any) -> Answer:
        body = json.dumps(how.get("json")).encode()
        path = url.removeprefix("https://api.paystack.co")
        KEPT.append(Seen(method=method, path=path, query={}, headers={}, body=body))
        data: dict[str, Any] = {"reference": "R", "authorization_url": "u", "access_code": "a"}
        data |= {"status": "pending", "amount": 1, "currency": "NGN"}
        return Answer(status=200, headers={}, body=json.dumps({"status": True, "data": data}).encode())


KEPT: list[Seen] = []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amount=st.integers(1, 10**12),
    currency=st.sampled_from(sorted(CURRENCIES)),
    channels=st.booleans(),
    reference=st.from_regex(r"HMS-[A-Za-z0-9.=-]{1,40}", fullmatch=True),
)
def test_any_payment_that_we_would_ask_for_fits_the_document(
    document: Any, amount: int, currency: str, *, channels: bool, reference: str
) -> None:
    money = Money(amount, currency)
    KEPT.clear()
    client = Paystack(_Kept(), "sk_test_x")
    details: dict[str, Any] = {"reference": reference, "amount": to_subunits(money), "currency": currency}
    details["email"] = "p@example.com"

    client.initialize(**details, channels=CURRENCIES[currency].channels if channels else None)
    client.charge_authorization("AUTH_1", **details, metadata={"invoice": 1})
    client.refund(reference, amount=to_subunits(money), currency=currency, merchant_note="n")

    for seen in KEPT:
        assert _objections(document, seen) == []
        assert from_subunits(seen.json()["amount"], currency) == money
    assert refuse_amount(money) is None or amount < CURRENCIES[currency].minimum


@pytest.mark.parametrize(
    ("path", "query", "body", "objection"),
    [
        ("/transaction/initialize", {}, {"amount": 5000}, "'email' is a required property"),
        ("/transaction/initialize", {}, {"email": "a@b.c", "amount": "5000"}, "is not of type 'integer'"),
        ("/refund", {}, {"transaction": "R", "note": "x"}, "note is unknown"),
        ("/refund", {"force": "true"}, {"transaction": "R"}, "force in query"),
        ("/charge", {}, {"email": "a@b.c", "amount": 1, "ussd": {"type": "000"}}, "is not one of"),
    ],
)
def test_what_does_not_fit_is_noticed(
    document: Any, path: str, query: dict[str, str], body: object, objection: str
) -> None:
    seen = Seen(method="POST", path=path, query=query, headers={}, body=json.dumps(body).encode())

    assert [line for line in _objections(document, seen) if objection in line]


@pytest.mark.parametrize(
    ("call", "sample"),
    [
        ("initialize", "transactions/initialize"),
        ("verify", "transactions/verify"),
        ("fetch", "transactions/fetch"),
        ("list", "transactions/list"),
        ("again", "transactions/charge_authorization"),
        ("refund", "refunds/create"),
        ("refund_fetch", "refunds/fetch"),
        ("refund_list", "refunds/list"),
        ("timeout", "integration/fetch-timeout"),
    ],
)
def test_the_local_paystack_answers_as_the_samples_do(call: str, sample: str, theirs: FakePaystack) -> None:
    answer = _answers(theirs)[call]
    expected = json.loads((SHARED / "sample_responses.json").read_text())[sample]["200"]["data"]

    assert answer["message"] == expected["message"]
    assert sorted(set(_places(expected)) - set(_places(answer))) == []


def _places(value: Any, place: str = "") -> Iterator[str]:
    """Where a value has fields that somebody reads; what is in free objects is left out."""
    if isinstance(value, list):
        for item in value[:1]:
            yield from _places(item, f"{place}[]")
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in NOT_IN_THE_FAKE:
                continue
            yield f"{place}.{name}"
            if name not in {"metadata", "log", "plan", "split", "subaccount", "source", "authorization"}:
                yield from _places(inner, f"{place}.{name}")


def _answers(theirs: FakePaystack) -> dict[str, Any]:
    """One good answer of every kind."""
    money = {"amount": 50_000, "currency": "NGN", "email": "p@example.com"}
    opened = _ask(theirs, "POST", "/transaction/initialize", money | {"reference": "HMS-1"})
    payment = theirs.pay("HMS-1", reusable=True)
    saved = {"authorization_code": payment.authorization["authorization_code"], "reference": "HMS-2"}
    refund = _ask(theirs, "POST", "/refund", {"transaction": "HMS-1", "amount": 1000})
    return {
        "initialize": opened,
        "verify": _ask(theirs, "GET", "/transaction/verify/HMS-1"),
        "fetch": _ask(theirs, "GET", f"/transaction/{payment.id}"),
        "list": _ask(theirs, "GET", "/transaction", query={"use_cursor": "true"}),
        "again": _ask(theirs, "POST", "/transaction/charge_authorization", money | saved),
        "refund": refund,
        "refund_fetch": _ask(theirs, "GET", f"/refund/{refund['data']['id']}"),
        "refund_list": _ask(theirs, "GET", "/refund"),
        "timeout": _ask(theirs, "GET", "/integration/payment_session_timeout"),
    }


def _ask(
    theirs: FakePaystack, method: str, path: str, body: object = None, query: dict[str, str] | None = None
) -> Any:
    headers = {"authorization": f"Bearer {theirs.secret}"}
    seen = Seen(method=method, path=path, query=query or {}, headers=headers, body=json.dumps(body).encode())
    return json.loads(theirs._serve(seen).body)
