"""The one table of requests: who may ask what, and which slice answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from hms_server.accounts import commands as accounts
from hms_server.accounts import queries as accounts_queries
from hms_server.accounts.commands import Accounts
from hms_server.accounts.pairing_codes import open_pairing
from hms_server.assistant.commands import FAULTS_BY_CONSTRAINT as ASSISTANT_FAULTS
from hms_server.assistant.requests import assistant_routes
from hms_server.billing import commands as billing
from hms_server.billing import ledger, price_desk, refunds
from hms_server.billing import queries as billing_queries
from hms_server.consultations import commands as consultations
from hms_server.consultations import queries as consultations_queries
from hms_server.consultations.allergens import search_allergens
from hms_server.contract.accounts import (
    AddStaff,
    ChangePassword,
    ChooseRoom,
    EndSessions,
    GetClinic,
    ListDevices,
    ListStaff,
    OpenPairing,
    RevokeDevice,
    SetStaffActive,
    SignIn,
    SignOut,
)
from hms_server.contract.billing import (
    GetDrawer,
    GetInvoice,
    GetPriceHistory,
    GetReceipt,
    GetRefund,
    ListMissingPrices,
    ListPrices,
    ListToPay,
    RefundChanged,
    RefundPayment,
    SetPrice,
    TakePayment,
)
from hms_server.contract.consultations import (
    CorrectNote,
    EncounterSigned,
    GetBanner,
    GetChart,
    RecordAllergy,
    RecordNoAllergies,
    RemoveAllergy,
    ResolveProblem,
    SearchAllergens,
    SearchDiagnoses,
    SignEncounter,
)
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.messaging import (
    GetMessage,
    GetMessagingSettings,
    ListMessages,
    ListTemplates,
    ResetTemplate,
    SendAgain,
    SetMessagingSettings,
    SetTemplate,
)
from hms_server.contract.patients import (
    EditPatient,
    FindLookAlikes,
    GetConsents,
    GetPatient,
    RecordConsent,
    RegisterPatient,
    SearchPatients,
)
from hms_server.contract.pharmacy import (
    CorrectStock,
    CountStock,
    Dispense,
    FindStock,
    GetPrescription,
    ListBatches,
    ListStock,
    ListStockAttention,
    ListStockMovements,
    ListToDispense,
    MedicationDispensed,
    ReceiveStock,
)
from hms_server.contract.prescribing import (
    CheckLine,
    CheckMedicines,
    ListFrequencies,
    SearchProducts,
    StopMedication,
)
from hms_server.contract.relay import (
    CancelJob,
    GetReachability,
    ListJobs,
    ListProviders,
    RetryJob,
    SetProvider,
)
from hms_server.contract.scheduling import (
    AddException,
    AppointmentChanged,
    BookAppointment,
    CancelAppointment,
    FindSlots,
    GetAvailability,
    ListAppointments,
    ListSchedules,
    ListSpecialities,
    MarkAppointmentMissed,
    MoveAppointment,
    RemoveException,
    ReopenAppointment,
    SetSpecialities,
    SetWorkingHours,
)
from hms_server.contract.triage import AcknowledgeAlert, GetVitals, ListAlerts, RecordVitals
from hms_server.contract.upkeep import GetServerConditions
from hms_server.contract.visits import (
    CallNext,
    CallTicket,
    CheckIn,
    GetDisplayBoard,
    ListPractitioners,
    ListQueue,
    MarkLeft,
    MarkNoShow,
    MoveTicket,
    Recall,
    SetSpecialNeed,
    UndoTicket,
)
from hms_server.dispatch import Lane, Route
from hms_server.lines import command, query
from hms_server.messaging import commands as messaging
from hms_server.messaging import queries as messaging_queries
from hms_server.messaging import settings as messaging_settings
from hms_server.messaging import templates
from hms_server.messaging.appointments import follow_appointments
from hms_server.messaging.ask import Messaging
from hms_server.patients import commands as patients
from hms_server.patients import queries as patients_queries
from hms_server.patients.consents import get_consents, record_consent
from hms_server.patients.search import search_patients
from hms_server.paystack.refunding import return_payment
from hms_server.paystack.requests import paystack_routes
from hms_server.permissions import Permission
from hms_server.pharmacy import commands as pharmacy
from hms_server.pharmacy import queries as pharmacy_queries
from hms_server.pharmacy import shelves, stock
from hms_server.pharmacy.levels import find_stock
from hms_server.prescribing import commands as prescribing
from hms_server.prescribing.checking import check_line
from hms_server.prescribing.formulary import list_frequencies, search_products
from hms_server.prescribing.medicines import check_medicines
from hms_server.prescribing.queries import get_chart
from hms_server.prescribing.signing import sign_encounter
from hms_server.relay import commands as relay
from hms_server.relay import queries as relay_queries
from hms_server.relay.ground import Ground
from hms_server.relay.queries import ReachabilityDesk
from hms_server.scheduling import commands as scheduling
from hms_server.scheduling import keeping
from hms_server.scheduling import queries as scheduling_queries
from hms_server.scheduling.specialities import list_specialities
from hms_server.triage import commands as triage
from hms_server.triage import queries as triage_queries
from hms_server.updates.queries import UpdateDesk, update_desk, update_routes
from hms_server.upkeep.queries import get_server_conditions
from hms_server.visits import calling, ranking, undo
from hms_server.visits import commands as visits
from hms_server.visits import queries as visits_queries
from hms_server.work import Subscriber

P = Permission


def account_routes(desk: Accounts) -> Sequence[Route[Any]]:
    return (
        command(SignIn, desk.sign_in, None, lane=Lane.SLOW),
        command(SignOut, accounts.sign_out, P.OWN_SESSION),
        command(ChooseRoom, accounts.choose_room, P.OWN_SESSION),
        command(ChangePassword, desk.change_password, P.OWN_SESSION, lane=Lane.SLOW),
        query(GetClinic, accounts_queries.get_clinic, None),
        query(ListStaff, accounts_queries.list_staff, P.ADMINISTER),
        command(AddStaff, desk.add_staff, P.ADMINISTER, lane=Lane.SLOW),
        command(SetStaffActive, accounts.set_staff_active, P.ADMINISTER),
        command(EndSessions, accounts.end_sessions, P.ADMINISTER),
        query(ListDevices, accounts_queries.list_devices, P.ADMINISTER, lane=Lane.AT_ONCE),
        command(RevokeDevice, accounts.revoke_device, P.ADMINISTER),
        command(OpenPairing, open_pairing, P.ADMINISTER),
    )


PATIENTS: Sequence[Route[Any]] = (
    query(SearchPatients, search_patients, P.PATIENT_SEARCH),
    query(FindLookAlikes, patients_queries.find_look_alikes, P.PATIENT_REGISTER),
    query(GetPatient, patients_queries.get_patient, P.PATIENT_READ),
    command(RegisterPatient, patients.register_patient, P.PATIENT_REGISTER),
    command(EditPatient, patients.edit_patient, P.PATIENT_REGISTER),
    query(GetConsents, get_consents, P.PATIENT_READ),
    command(RecordConsent, record_consent, P.CONSENT_RECORD),
)

SCHEDULING: Sequence[Route[Any]] = (
    query(ListSpecialities, list_specialities, P.APPOINTMENTS_READ),
    query(FindSlots, scheduling_queries.find_slots, P.APPOINTMENTS_READ),
    query(GetAvailability, scheduling_queries.get_availability, P.APPOINTMENTS_READ),
    query(ListAppointments, scheduling_queries.list_appointments, P.APPOINTMENTS_READ),
    command(BookAppointment, scheduling.book_appointment, P.APPOINTMENTS_BOOK),
    command(MoveAppointment, scheduling.move_appointment, P.APPOINTMENTS_BOOK),
    command(CancelAppointment, scheduling.cancel_appointment, P.APPOINTMENTS_BOOK),
    command(MarkAppointmentMissed, scheduling.mark_appointment_missed, P.APPOINTMENTS_BOOK),
    command(ReopenAppointment, scheduling.reopen_appointment, P.APPOINTMENTS_BOOK),
    query(ListSchedules, scheduling_queries.list_schedules, P.SCHEDULE_KEEP),
    command(SetSpecialities, keeping.set_specialities, P.SCHEDULE_KEEP),
    command(SetWorkingHours, keeping.set_working_hours, P.SCHEDULE_KEEP),
    command(AddException, keeping.add_exception, P.SCHEDULE_KEEP),
    command(RemoveException, keeping.remove_exception, P.SCHEDULE_KEEP),
)

VISITS: Sequence[Route[Any]] = (
    command(CheckIn, visits.check_in, P.CHECK_IN),
    query(ListQueue, visits_queries.list_queue, P.QUEUE_VIEW),
    command(CallNext, calling.call_next, P.QUEUE_CALL),
    command(CallTicket, calling.call_ticket, P.QUEUE_CALL),
    command(Recall, calling.recall, P.QUEUE_CALL),
    command(MoveTicket, visits.move_ticket, P.QUEUE_CALL),
    command(MarkNoShow, visits.mark_no_show, P.QUEUE_CALL),
    command(MarkLeft, visits.mark_left, P.QUEUE_CALL),
    command(UndoTicket, undo.undo_ticket, P.QUEUE_CALL),
    command(SetSpecialNeed, ranking.set_special_need, P.QUEUE_CALL),
    query(ListPractitioners, visits_queries.list_practitioners, P.QUEUE_VIEW, lane=Lane.AT_ONCE),
    query(GetDisplayBoard, visits_queries.get_display_board, P.QUEUE_DISPLAY),
)

TRIAGE: Sequence[Route[Any]] = (
    command(RecordVitals, triage.record_vitals, P.VITALS_RECORD),
    query(GetVitals, triage_queries.get_vitals, P.CHART_READ),
    query(ListAlerts, triage_queries.list_alerts, P.ALERTS),
    command(AcknowledgeAlert, triage.acknowledge_alert, P.ALERTS),
)

CONSULTATIONS: Sequence[Route[Any]] = (
    query(GetBanner, consultations_queries.get_banner, P.PATIENT_READ),
    query(GetChart, get_chart, P.CHART_READ),
    query(SearchDiagnoses, consultations_queries.search_diagnoses, P.CHART_READ),
    query(SearchAllergens, search_allergens, P.ALLERGY_RECORD),
    command(RecordAllergy, consultations.record_allergy, P.ALLERGY_RECORD),
    command(RecordNoAllergies, consultations.record_no_allergies, P.ALLERGY_RECORD),
    command(RemoveAllergy, consultations.remove_allergy, P.ALLERGY_RECORD),
    command(ResolveProblem, consultations.resolve_problem, P.CHART_WRITE),
    command(SignEncounter, sign_encounter, P.CHART_WRITE),
    command(CorrectNote, consultations.correct_note, P.CHART_WRITE),
)

PRESCRIBING: Sequence[Route[Any]] = (
    query(SearchProducts, search_products, P.FORMULARY_READ),
    query(ListFrequencies, list_frequencies, P.FORMULARY_READ, lane=Lane.AT_ONCE),
    query(CheckLine, check_line, P.PRESCRIBE),
    query(CheckMedicines, check_medicines, P.MEDICINES_CHECK),
    command(StopMedication, prescribing.stop_medication, P.PRESCRIBE),
)

PHARMACY: Sequence[Route[Any]] = (
    query(ListToDispense, pharmacy_queries.list_to_dispense, P.DISPENSE),
    query(GetPrescription, pharmacy_queries.get_prescription, P.DISPENSE),
    command(Dispense, pharmacy.dispense, P.DISPENSE),
    query(ListBatches, pharmacy_queries.list_batches, P.STOCK_KEEP),
    command(ReceiveStock, stock.receive_stock, P.STOCK_KEEP),
    command(CorrectStock, stock.correct_stock, P.STOCK_KEEP),
    command(CountStock, stock.count_stock, P.STOCK_KEEP),
    query(ListStock, shelves.list_stock, P.STOCK_KEEP),
    query(ListStockAttention, shelves.list_stock_attention, P.STOCK_KEEP),
    query(ListStockMovements, shelves.list_stock_movements, P.STOCK_KEEP),
    query(FindStock, find_stock, P.STOCK_READ),
)

BILLING: Sequence[Route[Any]] = (
    query(ListToPay, billing_queries.list_to_pay, P.BILLS_READ),
    query(GetInvoice, billing_queries.get_invoice, P.BILLS_READ),
    command(TakePayment, billing.take_payment, P.PAYMENT_TAKE),
    query(GetReceipt, billing_queries.get_receipt, P.BILLS_READ),
    query(GetDrawer, billing_queries.get_drawer, P.PAYMENT_TAKE),
    command(RefundPayment, refunds.refund_payment, P.REFUND),
    query(GetRefund, refunds.get_refund, P.BILLS_READ),
    query(ListMissingPrices, billing_queries.list_missing_prices, P.PRICES_READ),
    query(ListPrices, price_desk.list_prices, P.PRICES_KEEP),
    command(SetPrice, price_desk.set_price, P.PRICES_KEEP),
    query(GetPriceHistory, price_desk.get_price_history, P.PRICES_KEEP),
)


UPKEEP: Sequence[Route[Any]] = (query(GetServerConditions, get_server_conditions, P.ADMINISTER),)


def relay_routes(ground: Ground) -> Sequence[Route[Any]]:
    desk = ReachabilityDesk(ground.providers, ground.destinations)
    return (
        query(ListJobs, relay_queries.list_jobs, P.ADMINISTER),
        command(CancelJob, relay.cancel_job, P.ADMINISTER),
        command(RetryJob, relay.retry_job, P.ADMINISTER),
        query(GetReachability, desk.get_reachability, P.OWN_SESSION),
        query(ListProviders, ground.providers.list_providers, P.ADMINISTER),
        command(SetProvider, ground.providers.set_provider, P.ADMINISTER),
    )


def messaging_routes(ground: Ground) -> Sequence[Route[Any]]:
    asked = Messaging(ground.providers, ground.vault)
    return (
        query(ListMessages, messaging_queries.list_messages, P.MESSAGES_READ),
        query(GetMessage, messaging_queries.MessageReader(asked.vault).get_message, P.MESSAGES_READ),
        command(SendAgain, messaging.MessageDesk(asked).send_again, P.MESSAGES_READ),
        query(ListTemplates, templates.list_templates, P.ADMINISTER),
        command(SetTemplate, templates.set_template, P.ADMINISTER),
        command(ResetTemplate, templates.reset_template, P.ADMINISTER),
        query(GetMessagingSettings, messaging_settings.get_settings, P.ADMINISTER),
        command(SetMessagingSettings, messaging_settings.set_settings, P.ADMINISTER),
    )


def routes(desk: Accounts, ground: Ground, updates: UpdateDesk | None = None) -> Sequence[Route[Any]]:
    """Every request that the server answers."""
    clinical = _clinical_routes(desk, ground)
    return (*clinical, *assistant_routes(ground, clinical), *update_routes(updates or update_desk()))


def _clinical_routes(desk: Accounts, ground: Ground) -> Sequence[Route[Any]]:
    return (
        *account_routes(desk),
        *UPKEEP,
        *relay_routes(ground),
        *messaging_routes(ground),
        *PATIENTS,
        *SCHEDULING,
        *VISITS,
        *TRIAGE,
        *PHARMACY,
        *BILLING,
        *paystack_routes(ground),
        *CONSULTATIONS,
        *PRESCRIBING,
    )


SUBSCRIBERS: Mapping[type[Event], Sequence[Subscriber]] = {
    EncounterSigned: (ledger.charge_consultation,),
    MedicationDispensed: (ledger.charge_medicines,),
    RefundChanged: (return_payment,),
}
"""Which slice acts, in the same transaction, on what a lower slice has done."""


def subscribers(ground: Ground) -> Mapping[type[Event], Sequence[Subscriber]]:
    """The same with those that need more than their work."""
    asked = Messaging(ground.providers, ground.vault)
    return {**SUBSCRIBERS, AppointmentChanged: (follow_appointments(asked),)}


FAULTS_BY_CONSTRAINT: Mapping[str, Fault] = {
    **accounts.FAULTS_BY_CONSTRAINT,
    **patients.FAULTS_BY_CONSTRAINT,
    **scheduling.FAULTS_BY_CONSTRAINT,
    **visits.FAULTS_BY_CONSTRAINT,
    **triage.FAULTS_BY_CONSTRAINT,
    **consultations.FAULTS_BY_CONSTRAINT,
    **prescribing.FAULTS_BY_CONSTRAINT,
    **pharmacy.FAULTS_BY_CONSTRAINT,
    **billing.FAULTS_BY_CONSTRAINT,
    **messaging.FAULTS_BY_CONSTRAINT,
    **ASSISTANT_FAULTS,
}
"""What a broken database constraint means to a person."""
