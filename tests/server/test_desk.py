"""The helper of all tests of slices: it must refuse, answer and decode as the server does."""

from hms_server.contract.accounts import GetClinic, ListStaff
from hms_server.contract.values import Role
from tests.server.desk import Desk


def test_a_desk_answers_with_the_clinic(desk: Desk) -> None:
    """A request goes through the dispatcher and comes back as the answer's own type."""
    clinic = desk.ask(GetClinic())

    assert (clinic.name, clinic.currency) == ("Sunrise Clinic", "NGN")


def test_a_role_is_refused_what_it_may_not_do(desk: Desk) -> None:
    """The permission table holds at the desk as it does behind the router."""
    fault = desk.fault(ListStaff(), Role.NURSE)

    assert fault.code == "request.forbidden"
    assert desk.ask(ListStaff(), Role.ADMINISTRATOR).staff
