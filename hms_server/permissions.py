"""What a role may do, as data: the request table names permissions, never roles."""

from enum import StrEnum

from hms_server.contract.values import Role


class Permission(StrEnum):
    OWN_SESSION = "own_session"
    PATIENT_SEARCH = "patient_search"
    PATIENT_REGISTER = "patient_register"
    PATIENT_READ = "patient_read"
    QUEUE_DISPLAY = "queue_display"
    QUEUE_VIEW = "queue_view"
    QUEUE_CALL = "queue_call"
    CHECK_IN = "check_in"
    VITALS_RECORD = "vitals_record"
    ALERTS = "alerts"
    CHART_READ = "chart_read"
    CHART_WRITE = "chart_write"
    ALLERGY_RECORD = "allergy_record"
    FORMULARY_READ = "formulary_read"
    PRESCRIBE = "prescribe"
    DISPENSE = "dispense"
    STOCK_KEEP = "stock_keep"
    BILLS_READ = "bills_read"
    PAYMENT_TAKE = "payment_take"
    ADMINISTER = "administer"
    APPOINTMENTS_READ = "appointments_read"
    APPOINTMENTS_BOOK = "appointments_book"
    SCHEDULE_KEEP = "schedule_keep"
    CONSENT_RECORD = "consent_record"
    MESSAGES_READ = "messages_read"
    REFUND = "refund"
    RECONCILE = "reconcile"
    ASSISTANT = "assistant"
    STOCK_READ = "stock_read"
    SYMPTOMS = "symptoms"
    MEDICINES_CHECK = "medicines_check"
    PRICES_READ = "prices_read"
    PRICES_KEEP = "prices_keep"


P = Permission
_APPOINTMENTS = {P.APPOINTMENTS_READ, P.APPOINTMENTS_BOOK}
_EVERY_DESK = {
    P.OWN_SESSION,
    P.PATIENT_SEARCH,
    P.PATIENT_READ,
    P.QUEUE_DISPLAY,
    P.QUEUE_VIEW,
    P.QUEUE_CALL,
    P.ASSISTANT,
}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.RECEPTIONIST: frozenset(
        _EVERY_DESK
        | _APPOINTMENTS
        | {P.CONSENT_RECORD, P.MESSAGES_READ, P.PATIENT_REGISTER, P.CHECK_IN, P.SCHEDULE_KEEP}
    ),
    Role.NURSE: frozenset(
        _EVERY_DESK
        | _APPOINTMENTS
        | {
            P.CONSENT_RECORD,
            P.PATIENT_REGISTER,
            P.CHECK_IN,
            P.VITALS_RECORD,
            P.CHART_READ,
            P.ALLERGY_RECORD,
            P.ALERTS,
            P.MEDICINES_CHECK,
            P.STOCK_READ,
        }
    ),
    Role.DOCTOR: frozenset(
        _EVERY_DESK
        | _APPOINTMENTS
        | {
            P.VITALS_RECORD,
            P.CHART_READ,
            P.CHART_WRITE,
            P.ALLERGY_RECORD,
            P.CONSENT_RECORD,
            P.FORMULARY_READ,
            P.PRESCRIBE,
            P.ALERTS,
            P.MEDICINES_CHECK,
            P.STOCK_READ,
        }
    ),
    Role.PHARMACIST: frozenset(
        _EVERY_DESK | {P.FORMULARY_READ, P.MEDICINES_CHECK, P.DISPENSE, P.STOCK_KEEP, P.STOCK_READ}
    ),
    Role.CASHIER: frozenset(
        _EVERY_DESK | {P.BILLS_READ, P.PAYMENT_TAKE, P.REFUND, P.RECONCILE, P.PRICES_READ}
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            P.OWN_SESSION,
            P.MESSAGES_READ,
            P.ADMINISTER,
            P.RECONCILE,
            P.SCHEDULE_KEEP,
            P.ASSISTANT,
            P.PRICES_READ,
            P.PRICES_KEEP,
        }
    ),
    Role.DISPLAY: frozenset({P.OWN_SESSION, P.QUEUE_DISPLAY}),
    Role.KIOSK: frozenset({P.OWN_SESSION, P.SYMPTOMS}),
}


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """All that somebody with these roles may do."""
    return frozenset().union(*(ROLE_PERMISSIONS[role] for role in roles))
