"""The label with the ticket's number that a patient is given at the front desk."""

from hms_desktop.printing.documents import Letterhead, TicketLabel
from hms_desktop.printing.printer import Printer, PrintKind, PrintOutcome
from hms_desktop.printing.words import Words
from hms_server.contract.visits import TicketRow


def print_ticket(
    printer: Printer, ticket: TicketRow, *, letterhead: Letterhead, service_name: str
) -> PrintOutcome:
    """Draws the label and prints or keeps it. Waits for the printer: never on the thread of the windows."""
    # The library that draws PDFs takes a quarter of a second to load, which the start need not wait for.
    from hms_desktop.printing.labels import ticket_label_pdf  # noqa: PLC0415 - see above

    label = TicketLabel(
        clinic=letterhead,
        ticket=ticket.code,
        service=service_name,
        scan_text=ticket.patient.number,
        issued_at=ticket.queued_at,
    )
    return printer.print(ticket_label_pdf(label, Words()), title=ticket.code, kind=PrintKind.LABEL)
