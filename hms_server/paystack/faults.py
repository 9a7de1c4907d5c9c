"""Why an online payment cannot be started, stopped or settled."""

from hms_server.faults import Refused


def switched_off() -> Refused:
    return Refused(
        "paystack.off",
        "Payments through Paystack are not set up. Take cash; the administrator can switch them on.",
        field="channel",
    )


def unknown_payment() -> Refused:
    return Refused("paystack.unknown_payment", "There is no such online payment.", field="reference")


def paid_already() -> Refused:
    return Refused(
        "paystack.paid_already",
        "The payment has come meanwhile. Open the bill again; the receipt can be printed.",
        field="reference",
    )


def card_of_another() -> Refused:
    return Refused(
        "paystack.card_of_another",
        "That card belongs to another patient. Choose one of this patient's.",
        field="authorization_id",
    )


def no_agreement() -> Refused:
    return Refused(
        "paystack.no_agreement",
        "The patient has not agreed, or no longer agrees, that cards are kept. Start with link and QR code.",
        field="authorization_id",
    )


def card_of_other_mode() -> Refused:
    return Refused(
        "paystack.card_of_other_mode",
        "That card was kept with another key of Paystack (test or live). Start with link and QR code.",
        field="authorization_id",
    )


def unknown_task() -> Refused:
    return Refused("paystack.unknown_task", "There is no such task.", field="task_id")


def task_done(by: str) -> Refused:
    return Refused("paystack.task_done", f"{by} has settled this task meanwhile.", field="task_id")


def note_missing() -> Refused:
    return Refused("paystack.note_missing", "Write what you found out.", field="note")


def no_such_action() -> Refused:
    return Refused(
        "paystack.action",
        "There is no money in this task to credit or to return. Add a note.",
        field="action",
    )


def nothing_due() -> Refused:
    return Refused(
        "paystack.nothing_due",
        "That bill owes nothing in this currency. Choose another bill, or return the money.",
        field="invoice_id",
    )


def unknown_reconciliation() -> Refused:
    return Refused(
        "paystack.unknown_reconciliation", "There is no such comparison.", field="reconciliation_id"
    )
