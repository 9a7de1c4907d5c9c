"""The report of a comparison on paper."""

from datetime import tzinfo

from hms_desktop.paystack.table import days_text, difference_word, done_word, sum_word
from hms_desktop.paystack.words import tr
from hms_desktop.printing import documents
from hms_desktop.printing.printer import Printer, PrintKind, PrintOutcome
from hms_desktop.printing.words import Words
from hms_server.contract.money import format_money
from hms_server.contract.reconciliation import Reconciliation


def print_report(printer: Printer, report: Reconciliation, *, clinic_name: str, zone: tzinfo) -> PrintOutcome:
    """Draws and prints or keeps it. Waits for the printer: never on the thread of the windows."""
    # The library that draws PDFs takes a quarter of a second to load.
    from hms_desktop.printing.comparison import comparison_pdf  # noqa: PLC0415 - see above

    title = tr("Compared with Paystack: {days}").format(days=days_text(report.row))
    pdf = comparison_pdf(as_document(report, title=title, clinic_name=clinic_name, zone=zone), Words())
    return printer.print(pdf, title=title, kind=PrintKind.PAGE)


def as_document(
    report: Reconciliation, *, title: str, clinic_name: str, zone: tzinfo
) -> documents.ComparisonReport:
    """The report as its paper names things; every difference stands on it."""
    row = report.row
    return documents.ComparisonReport(
        clinic=documents.Letterhead(name=clinic_name, time_zone=str(zone)),
        title=title,
        made_at=row.finished_at or row.asked_at,
        compared=row.compared,
        sums=tuple(
            documents.ComparedSum(
                name=sum_word(one.name), ours=format_money(one.ours), theirs=format_money(one.theirs)
            )
            for one in report.sums
        ),
        differences=tuple(
            documents.ComparedDifference(
                what=difference_word(one.kind),
                reference=one.reference,
                ours=one.ours,
                theirs=one.theirs,
                sentence=one.sentence,
                done=done_word(one)[0],
            )
            for one in report.differences
        ),
    )
