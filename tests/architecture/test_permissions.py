"""Who may ask what, written down by hand, against every request and every role at the dispatcher's door."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import uuid4

import msgspec
import pytest

from hms_server.accounts.commands import Accounts
from hms_server.accounts.passwords import PasswordDesk
from hms_server.contract.envelope import Call, Refusal
from hms_server.contract.values import DeviceId, Role, StaffId
from hms_server.crypto import Vault
from hms_server.dispatch import Dispatcher
from hms_server.permissions import permissions_of
from hms_server.relay_table import ground
from hms_server.routes import routes
from hms_server.work import Actor

RECEPTIONIST, NURSE, DOCTOR = Role.RECEPTIONIST, Role.NURSE, Role.DOCTOR
PHARMACIST, CASHIER = Role.PHARMACIST, Role.CASHIER
ADMINISTRATOR, DISPLAY = Role.ADMINISTRATOR, Role.DISPLAY

EVERYBODY = frozenset(Role)
DESKS = frozenset({RECEPTIONIST, NURSE, DOCTOR, PHARMACIST, CASHIER})
FRONT = frozenset({RECEPTIONIST, NURSE})
CLINICAL = frozenset({NURSE, DOCTOR})
BOOKING = FRONT | {DOCTOR}
ASKING = DESKS | {Role.ADMINISTRATOR}
SCHEDULE_KEEPERS = frozenset({RECEPTIONIST, ADMINISTRATOR})
ONLY_DOCTOR, ONLY_PHARMACIST = frozenset({DOCTOR}), frozenset({PHARMACIST})
ONLY_CASHIER, ONLY_ADMINISTRATOR = frozenset({CASHIER}), frozenset({ADMINISTRATOR})

BEFORE_SIGN_IN = frozenset({"SignIn", "GetClinic", "GetUpdate", "ReadUpdatePart"})
"""What a paired device may ask while nobody is signed in on it."""

MESSAGES = frozenset({RECEPTIONIST, ADMINISTRATOR})

EXPECTED: dict[str, frozenset[Role]] = {
    "ListMessages": MESSAGES,
    "GetMessage": MESSAGES,
    "SendAgain": MESSAGES,
    "ListTemplates": ONLY_ADMINISTRATOR,
    "SetTemplate": ONLY_ADMINISTRATOR,
    "ResetTemplate": ONLY_ADMINISTRATOR,
    "GetMessagingSettings": ONLY_ADMINISTRATOR,
    "SetMessagingSettings": ONLY_ADMINISTRATOR,
    "GetUpdate": EVERYBODY,
    "ReadUpdatePart": EVERYBODY,
    "SignIn": EVERYBODY,
    "GetClinic": EVERYBODY,
    "SignOut": EVERYBODY,
    "ChooseRoom": EVERYBODY,
    "ChangePassword": EVERYBODY,
    "ListStaff": ONLY_ADMINISTRATOR,
    "AddStaff": ONLY_ADMINISTRATOR,
    "SetStaffActive": ONLY_ADMINISTRATOR,
    "EndSessions": ONLY_ADMINISTRATOR,
    "ListDevices": ONLY_ADMINISTRATOR,
    "RevokeDevice": ONLY_ADMINISTRATOR,
    "OpenPairing": ONLY_ADMINISTRATOR,
    "ListJobs": ONLY_ADMINISTRATOR,
    "CancelJob": ONLY_ADMINISTRATOR,
    "RetryJob": ONLY_ADMINISTRATOR,
    "GetReachability": EVERYBODY,
    "GetServerConditions": ONLY_ADMINISTRATOR,
    "ListProviders": ONLY_ADMINISTRATOR,
    "SetProvider": ONLY_ADMINISTRATOR,
    "SearchPatients": DESKS,
    "GetPatient": DESKS,
    "FindLookAlikes": FRONT,
    "RegisterPatient": FRONT,
    "EditPatient": FRONT,
    "GetConsents": DESKS,
    "RecordConsent": FRONT | {DOCTOR},
    "ListSpecialities": BOOKING,
    "FindSlots": BOOKING,
    "GetAvailability": BOOKING,
    "ListAppointments": BOOKING,
    "BookAppointment": BOOKING,
    "MoveAppointment": BOOKING,
    "CancelAppointment": BOOKING,
    "MarkAppointmentMissed": BOOKING,
    "ReopenAppointment": BOOKING,
    "ListSchedules": SCHEDULE_KEEPERS,
    "SetSpecialities": SCHEDULE_KEEPERS,
    "SetWorkingHours": SCHEDULE_KEEPERS,
    "AddException": SCHEDULE_KEEPERS,
    "RemoveException": SCHEDULE_KEEPERS,
    "CheckIn": FRONT,
    "ListQueue": DESKS,
    "CallNext": DESKS,
    "CallTicket": DESKS,
    "Recall": DESKS,
    "MoveTicket": DESKS,
    "MarkNoShow": DESKS,
    "MarkLeft": DESKS,
    "UndoTicket": DESKS,
    "SetSpecialNeed": DESKS,
    "ListPractitioners": DESKS,
    "GetDisplayBoard": DESKS | {DISPLAY},
    "RecordVitals": CLINICAL,
    "GetVitals": CLINICAL,
    "ListAlerts": CLINICAL,
    "AcknowledgeAlert": CLINICAL,
    "GetBanner": DESKS,
    "GetChart": CLINICAL,
    "SearchDiagnoses": CLINICAL,
    "SearchAllergens": CLINICAL,
    "RecordAllergy": CLINICAL,
    "RecordNoAllergies": CLINICAL,
    "RemoveAllergy": CLINICAL,
    "ResolveProblem": ONLY_DOCTOR,
    "SignEncounter": ONLY_DOCTOR,
    "CorrectNote": ONLY_DOCTOR,
    "SearchProducts": frozenset({DOCTOR, PHARMACIST}),
    "ListFrequencies": frozenset({DOCTOR, PHARMACIST}),
    "CheckLine": ONLY_DOCTOR,
    "CheckMedicines": CLINICAL | {PHARMACIST},
    "StopMedication": ONLY_DOCTOR,
    "ListToDispense": ONLY_PHARMACIST,
    "GetPrescription": ONLY_PHARMACIST,
    "Dispense": ONLY_PHARMACIST,
    "ListBatches": ONLY_PHARMACIST,
    "ReceiveStock": ONLY_PHARMACIST,
    "CorrectStock": ONLY_PHARMACIST,
    "CountStock": ONLY_PHARMACIST,
    "ListStock": ONLY_PHARMACIST,
    "ListStockAttention": ONLY_PHARMACIST,
    "ListStockMovements": ONLY_PHARMACIST,
    "FindStock": CLINICAL | {PHARMACIST},
    "ListToPay": ONLY_CASHIER,
    "GetInvoice": ONLY_CASHIER,
    "TakePayment": ONLY_CASHIER,
    "GetReceipt": ONLY_CASHIER,
    "GetDrawer": ONLY_CASHIER,
    "RefundPayment": ONLY_CASHIER,
    "GetOnlineOptions": ONLY_CASHIER,
    "GetOnlinePayment": ONLY_CASHIER,
    "GetOnlinePayments": ONLY_CASHIER,
    "ListOnlinePayments": ONLY_CASHIER,
    "StartOnlinePayment": ONLY_CASHIER,
    "CheckOnlinePayment": ONLY_CASHIER,
    "CancelOnlinePayment": ONLY_CASHIER,
    "SendPaymentCode": ONLY_CASHIER,
    "ListSavedAuthorizations": ONLY_CASHIER,
    "ChargeSaved": ONLY_CASHIER,
    "ForgetSaved": ONLY_CASHIER,
    "ListPaymentTasks": frozenset({CASHIER, ADMINISTRATOR}),
    "ResolvePaymentTask": ONLY_CASHIER,
    "ListReconciliations": frozenset({CASHIER, ADMINISTRATOR}),
    "GetReconciliation": frozenset({CASHIER, ADMINISTRATOR}),
    "RunReconciliation": frozenset({CASHIER, ADMINISTRATOR}),
    "GetRefund": ONLY_CASHIER,
    "ListMissingPrices": frozenset({CASHIER, ADMINISTRATOR}),
    "ListPrices": ONLY_ADMINISTRATOR,
    "SetPrice": ONLY_ADMINISTRATOR,
    "GetPriceHistory": ONLY_ADMINISTRATOR,
    "GetAssistantState": EVERYBODY,
    "AskAssistant": ASKING,
    "StopAnswer": ASKING,
    "AskAgain": ASKING,
    "SendParked": ASKING,
    "DropParked": ASKING,
    "ListConversations": ASKING,
    "GetConversation": ASKING,
    "GetAnswer": ASKING,
    "ForgetConversation": ASKING,
    "GetSent": ASKING,
    "RunTool": ASKING,
    "AcceptAppointment": ASKING,
    "AcceptDraft": ASKING,
    "Dismiss": ASKING,
    "GetUsage": ASKING,
    "ListDocuments": CLINICAL,
    "SetAssistantPolicy": ONLY_ADMINISTRATOR,
    "StartSymptoms": frozenset({Role.KIOSK}),
    "AnswerSymptom": frozenset({Role.KIOSK}),
    "GetSymptoms": frozenset({Role.KIOSK}),
}


@pytest.fixture(scope="module")
def dispatcher() -> Iterator[Dispatcher]:
    """Every route of the program, and no database: the door must not need one."""
    passwords = PasswordDesk()
    yield Dispatcher(
        routes(Accounts(passwords, idle_minutes=15), ground(Vault(b"v" * 32))),
        subscribers={},
        constraints={},
        connect=_no_database,
        clock=lambda: datetime(2026, 3, 2, 8, tzinfo=UTC),
        committed=lambda _: None,
        vault=Vault(b"v" * 32),
    )
    passwords.close()


def _no_database() -> NoReturn:
    raise AssertionError("who may ask is decided without the database")


def is_let_in(dispatcher: Dispatcher, name: str, actor: Actor) -> bool:
    """What the door says; a refusal must be for the right reason."""
    outcome: Any = dispatcher.admit(Call(uuid4(), name, "", msgspec.Raw(b"\x80")), actor)
    if isinstance(outcome, Refusal):
        assert outcome.fault.code == "request.forbidden"
        return False
    return True


def actor_of(*roles: Role) -> Actor:
    """Somebody signed in with these roles, as sessions make them."""
    held = frozenset(roles)
    return Actor(
        device_id=DeviceId(1),
        staff_id=StaffId(1),
        name="Ada Obi",
        roles=held,
        permissions=permissions_of(held),
        session_id=1,
    )


def test_every_request_stands_in_the_table(dispatcher: Dispatcher) -> None:
    """Whoever adds a request says here who may ask it; whoever drops one takes it away."""
    assert set(dispatcher.routes) == set(EXPECTED)


@pytest.mark.parametrize("role", Role)
def test_each_role_may_ask_what_the_table_says_and_nothing_else(dispatcher: Dispatcher, role: Role) -> None:
    allowed = {name for name in dispatcher.routes if is_let_in(dispatcher, name, actor_of(role))}

    assert allowed == {name for name, roles in EXPECTED.items() if role in roles}


def test_two_roles_together_may_what_each_may_and_no_more(dispatcher: Dispatcher) -> None:
    """In a small clinic one person registers and takes the money."""
    both = actor_of(RECEPTIONIST, CASHIER)

    allowed = {name for name in dispatcher.routes if is_let_in(dispatcher, name, both)}

    assert allowed == {name for name, roles in EXPECTED.items() if roles & {RECEPTIONIST, CASHIER}}


def test_before_sign_in_a_device_may_sign_in_and_show_the_clinics_name(dispatcher: Dispatcher) -> None:
    nobody = Actor(device_id=DeviceId(1))

    assert {name for name in dispatcher.routes if is_let_in(dispatcher, name, nobody)} == BEFORE_SIGN_IN


def test_somebody_whose_roles_were_all_taken_away_may_no_more_than_nobody(dispatcher: Dispatcher) -> None:
    allowed = {name for name in dispatcher.routes if is_let_in(dispatcher, name, actor_of())}

    assert allowed == BEFORE_SIGN_IN
