"""What tests of messages share."""

from collections.abc import Iterator

import pytest

from tests.outside.sms import FakeTermii, FakeTwilio
from tests.outside.smtp import MailServer
from tests.server.desk import Desk
from tests.server.messaging.post import KEY, Post


@pytest.fixture
def post(desk: Desk) -> Post:
    """A clinic in which no provider is set up yet."""
    return Post(desk)


@pytest.fixture
def twilio(post: Post) -> Iterator[FakeTwilio]:
    """Twilio, set up; its clock is the clinic's."""
    with FakeTwilio(key=KEY, clock=lambda: post.desk.now) as provider:
        post.use_twilio(provider)
        yield provider


@pytest.fixture
def termii(post: Post) -> Iterator[FakeTermii]:
    """Termii, set up."""
    with FakeTermii(key=KEY, clock=lambda: post.desk.now) as provider:
        post.use_termii(provider)
        yield provider


@pytest.fixture
def mail(post: Post) -> Iterator[MailServer]:
    """A mail server, set up."""
    with MailServer() as server:
        post.use_mail(server)
        yield server
