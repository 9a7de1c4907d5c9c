"""How places, printers and scans are called on the pages of a first start."""

from PySide6.QtCore import QCoreApplication

from hms_desktop.first_start.rules import Finding, Learnt
from hms_desktop.workplace import Place, ScanEnd


def place_word(place: Place) -> str:
    """The word for a place."""
    return {
        Place.FRONT_DESK: _tr("Front desk"),
        Place.NURSE: _tr("Nurse station"),
        Place.DOCTOR: _tr("Doctor's room"),
        Place.PHARMACY: _tr("Pharmacy"),
        Place.BILLING: _tr("Billing"),
        Place.ADMINISTRATION: _tr("Administration"),
        Place.DISPLAY: _tr("Waiting-room display"),
        Place.KIOSK: _tr("Kiosk for patients"),
    }[place]


def place_sentence(place: Place) -> str:
    """What happens there when the program starts."""
    return {
        Place.FRONT_DESK: _tr("Registration and the waiting room come first after sign-in"),
        Place.NURSE: _tr("Triage comes first after sign-in"),
        Place.DOCTOR: _tr("The doctor's own queue comes first after sign-in"),
        Place.PHARMACY: _tr("Prescriptions to dispense come first after sign-in"),
        Place.BILLING: _tr("Bills to pay come first after sign-in"),
        Place.ADMINISTRATION: _tr("Staff and workstations come first after sign-in"),
        Place.DISPLAY: _tr("Signs in by itself and fills the screen with ticket numbers"),
        Place.KIOSK: _tr("Signs in by itself and fills the screen with questions for patients"),
    }[place]


def learnt_words(learnt: Learnt) -> tuple[str, str]:
    """What a first scan has shown, and what to do now."""
    title, sentence = {
        Finding.WORKS: (
            _tr("The scanner works: it read {code}{end}."),
            _tr("Scan once more to see it through the program, or go on."),
        ),
        Finding.AROUND: (
            _tr("The scanner works. Around each code it types “{around}”{end}."),
            _tr("From now on that is cut off. Scan once more to see."),
        ),
        Finding.SLOW: (
            _tr("“{heard}” came so slowly that it looks like somebody typing."),
            _tr(
                "A scanner has to be quicker: set its delay between letters to none (its booklet has a code)."
            ),
        ),
        Finding.LAYOUT: (
            _tr("The scanner typed “{heard}” instead of {code}."),
            _tr(
                "Its keyboard layout is another one than this computer's. Set it with its booklet, then scan."
            ),
        ),
        Finding.CASE: (
            _tr("Capital and small letters are swapped: “{heard}”."),
            _tr("Caps Lock is on, or the scanner is set to small letters. Change that and scan again."),
        ),
        Finding.OTHER: (
            _tr("“{heard}” is another code than the one above."),
            _tr("Scan {code}: from the screen, or from a test label where the scanner has a laser."),
        ),
        Finding.NOTHING: (
            _tr("Nothing was read."),
            _tr("Put the cursor into the field and scan the code above."),
        ),
    }[learnt.finding]
    return title, sentence


def end_words(end: ScanEnd) -> str:
    """Which key the scanner presses after a code."""
    return {
        ScanEnd.ENTER: _tr(", then Enter"),
        ScanEnd.TAB: _tr(", then Tab"),
        ScanEnd.NOTHING: _tr(", and no key after it"),
    }[end]


def _tr(text: str) -> str:
    return QCoreApplication.translate("first_start", text)
