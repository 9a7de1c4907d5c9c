"""A local Paystack, our client that speaks to it over real HTTP, and our endpoint for its notices."""

from collections.abc import Iterator

import pytest

from hms_server.paystack.client import Paystack
from hms_server.paystack.webhook import WebhookEndpoint
from hms_server.relay.outside import Outside
from tests.outside.paystack import FakePaystack
from tests.server.billing.bills import Billing
from tests.server.desk import Desk
from tests.server.paystack.notices import Counter, listen
from tests.server.paystack.online import Online
from tests.server.pharmacy.shelves import Pharmacy


@pytest.fixture
def theirs() -> Iterator[FakePaystack]:
    with FakePaystack() as fake:
        yield fake


@pytest.fixture
def paystack(theirs: FakePaystack) -> Paystack:
    return Paystack(Outside(), theirs.secret, theirs.url)


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def endpoint(counter: Counter) -> Iterator[WebhookEndpoint]:
    served = listen(counter)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def online(desk: Desk, theirs: FakePaystack) -> Online:
    """A billing desk for which the local Paystack is set up; no time passes but by the desk's clock."""
    return Online(Billing(desk, Pharmacy(desk)), theirs)
