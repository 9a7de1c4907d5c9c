"""Which pages the printed manual has, in which order, and which pictures belong to each."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Pages that are read by the same people."""

    title: str
    pages: Sequence[str]


PARTS = (
    Part(
        "For whoever installs the server and looks after it",
        (
            "installing",
            "installing-windows",
            "first-day",
            "workplace",
            "looking-after",
            "backup",
            "troubles",
            "updates",
            "moving",
            "second-server",
            "security",
        ),
    ),
    Part(
        "At each desk",
        (
            "index",
            "front-desk",
            "appointments",
            "hours",
            "nurse",
            "doctor",
            "medicine-check",
            "pharmacy",
            "stock",
            "billing",
            "paystack",
            "messages",
            "assistant",
            "internet",
            "display",
        ),
    ),
    Part("For the administrator of the clinic", ("administration", "prices", "providers", "outside")),
)
"""A page that is named here and not written is left out; one that is not named here fails a test."""

PICTURES: dict[str, Sequence[tuple[str, str]]] = {
    "front-desk": (
        ("front_desk", "The front desk: the search, the form, and who waits"),
        ("ticket", "A new patient is checked in; the ticket is printed"),
    ),
    "appointments": (("appointments", "The day's appointments"),),
    "hours": (("hours", "When each doctor works"),),
    "nurse": (("vital-signs", "Vital signs are scored while they are typed"),),
    "doctor": (
        ("chart", "The chart of the patient who was called"),
        ("prescription", "Two medicines, checked and ready to be signed"),
    ),
    "pharmacy": (("packs-scanned", "Every pack was scanned against the prescription"),),
    "stock": (("stock", "What needs attention first, and every other medicine"),),
    "billing": (("bill", "The bill has made itself"), ("receipt", "Paid, with change and receipt")),
    "paystack": (("paystack", "What needs a person, and the nightly comparison"),),
    "messages": (("messages", "What patients were told"),),
    "administration": (("administration", "Staff and workstations"),),
    "looking-after": (("looking_after", "How the servers are, and what wants to be looked after"),),
    "prices": (("prices", "What everything costs, filled row by row"),),
    "providers": (("providers", "Keys and addresses of those outside"),),
    "outside": (("outside", "What is on its way"),),
    "display": (("display", "The waiting room's screen"),),
}
"""By page: the name of the picture, without its number, and what it shows."""


def order(written: Sequence[str]) -> list[Part]:
    """The parts with the pages that are there."""
    found = [Part(part.title, [page for page in part.pages if page in written]) for part in PARTS]
    return [part for part in found if part.pages]


def unplaced(written: Sequence[str]) -> list[str]:
    """Pages that no part names."""
    placed = {page for part in PARTS for page in part.pages}
    return [page for page in written if page not in placed]
