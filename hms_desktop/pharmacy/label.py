"""The label on each pack that is handed over."""

from hms_desktop.printing.documents import Batch, DispensingLabel, Letterhead
from hms_desktop.printing.printer import Printer, PrintKind, PrintOutcome
from hms_desktop.printing.words import Words
from hms_server.contract.pharmacy import Dispensed, DispensedLine


def print_labels(printer: Printer, given: Dispensed, *, letterhead: Letterhead) -> list[PrintOutcome]:
    """One label for each medicine. Waits for the printer: never on the thread of the windows."""
    # The library that draws PDFs takes a quarter of a second to load, which the start need not wait for.
    from hms_desktop.printing.labels import dispensing_label_pdf  # noqa: PLC0415 - see above

    return [
        printer.print(
            dispensing_label_pdf(as_document(given, line, letterhead), Words()),
            title=f"RX-{line.medication_request_id}",
            kind=PrintKind.LABEL,
        )
        for line in given.lines
    ]


def as_document(given: Dispensed, line: DispensedLine, letterhead: Letterhead) -> DispensingLabel:
    """A dispensed line as its label names things."""
    return DispensingLabel(
        clinic=letterhead,
        patient_name=given.patient.name,
        medicine=line.product,
        directions=line.directions,
        quantity=f"{line.quantity} × {line.dispensing_unit}",
        batches=tuple(Batch(number=each.lot, expires_on=each.expires_on) for each in line.batches),
        prescriber=given.prescriber.name if given.prescriber else "",
        dispensed_at=given.at,
    )
