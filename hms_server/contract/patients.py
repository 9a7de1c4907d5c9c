"""Finding, registering and correcting patients."""

from datetime import date
from enum import StrEnum

import msgspec

from hms_server.contract.envelope import Event, Request
from hms_server.contract.values import BirthPrecision, Moment, PatientHeader, PatientId, Sex

MAX_HITS = 20
MAX_SEARCH_CHARACTERS = 200

LANGUAGES = {
    "en": "English",
    "fr": "Français",
    "pcm": "Naijá",
    "ha": "Hausa",
    "yo": "Yorùbá",
    "ig": "Igbo",
    "ff": "Fulfulde",
    "tw": "Twi",
    "ee": "Eʋegbe",
    "gaa": "Gã",
    "dag": "Dagbanli",
    "wo": "Wolof",
    "bm": "Bamanankan",
    "mos": "Mooré",
    "fon": "Fɔngbè",
    "pt": "Português",
    "ar": "العربية",
}
"""Languages in which a patient may wish to be written to: BCP 47 codes, each with its own name for itself."""


class Demographics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the front desk writes down of a person; a fault names one of these fields.

    Somebody with a single name has it as family name. Of birth date and age one is given: an age becomes
    an estimated birth date (of up to 36 months the month is kept, of more the year). `phone` None with
    `no_phone` means that the person was asked and has none, without it that nobody has asked yet.
    """

    family_name: str
    given_names: str = ""
    sex: Sex
    birth_date: date | None = None
    birth_precision: BirthPrecision = BirthPrecision.DAY
    age_years: int | None = None
    age_months: int | None = None
    phone: str | None = None
    no_phone: bool = False
    national_id: str | None = None
    address: str | None = None
    next_of_kin_name: str | None = None
    next_of_kin_phone: str | None = None
    email: str | None = None
    language: str | None = None
    """One of `LANGUAGES`; None where nobody has asked."""
    deceased: bool = False
    deceased_on: date | None = None


class PatientHits(msgspec.Struct, frozen=True):
    """The best hits first; `more` means that there are others, so the person should type on."""

    patients: list[PatientHeader]
    more: bool


class SearchPatients(Request[PatientHits], frozen=True, kw_only=True):
    """Parts of names in any order, also misspelt; a patient number, phone or national ID, also in part.

    An empty text gives those who were here last.
    """

    text: str
    limit: int = MAX_HITS


class PatientRegistered(msgspec.Struct, frozen=True):
    patient: PatientHeader


class RegisterPatient(Request[PatientRegistered], frozen=True, kw_only=True):
    """Never refused for looking like somebody else: the person at the desk decides."""

    demographics: Demographics


class Resemblance(StrEnum):
    """What two entries have in common."""

    SAME_NAME = "same_name"
    SIMILAR_NAME = "similar_name"
    SAME_BIRTH_DATE = "same_birth_date"
    DAY_AND_MONTH_SWAPPED = "day_and_month_swapped"
    SIMILAR_AGE = "similar_age"
    SAME_PHONE = "same_phone"
    SAME_NATIONAL_ID = "same_national_id"


class LookAlike(msgspec.Struct, frozen=True, kw_only=True):
    """`score` is from 0 to 100; from 90 on it is nearly certainly the same person."""

    patient: PatientHeader
    score: int
    phone: str | None
    why: list[Resemblance]
    last_visit: date | None


class LookAlikes(msgspec.Struct, frozen=True):
    """The likeliest first, none that is unlikely."""

    look_alikes: list[LookAlike]


class FindLookAlikes(Request[LookAlikes], frozen=True, kw_only=True):
    """Asked while somebody types: what is still incomplete is left aside, not refused."""

    family_name: str = ""
    given_names: str = ""
    sex: Sex = Sex.UNKNOWN
    birth_date: date | None = None
    birth_precision: BirthPrecision = BirthPrecision.DAY
    age_years: int | None = None
    age_months: int | None = None
    phone: str | None = None
    national_id: str | None = None
    except_id: PatientId | None = None


class PatientDetails(msgspec.Struct, frozen=True, kw_only=True):
    """`version` goes back with an edit, which proves that nobody else was faster."""

    header: PatientHeader
    demographics: Demographics
    version: int
    registered: Moment
    changed: Moment
    last_visit: date | None


class GetPatient(Request[PatientDetails], frozen=True, kw_only=True):
    patient_id: PatientId


class PatientEdited(msgspec.Struct, frozen=True, kw_only=True):
    patient: PatientHeader
    version: int


class EditPatient(Request[PatientEdited], frozen=True, kw_only=True):
    """An old version is refused as `patients.edited_meanwhile`, with `by`, `at` and `version` in its data."""

    patient_id: PatientId
    version: int
    demographics: Demographics


class PatientAdded(Event, frozen=True, kw_only=True):
    patient_id: PatientId


class PatientChanged(Event, frozen=True, kw_only=True):
    patient_id: PatientId
    version: int


class ConsentScope(StrEnum):
    """For what a patient's consent is asked, each for itself."""

    MESSAGES = "messages"
    """Messages about appointments and payments, to phone or e-mail address."""
    ASSISTANT = "assistant"
    """Parts of the record go to the assistant outside, under pseudonyms."""
    SAVED_CARD = "saved_card"
    """The payment provider keeps a card for later payments."""


class ConsentDecision(StrEnum):
    """FHIR Consent.provision.type: permit or deny."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    """Also of somebody who was asked and said no."""


class ConsentHow(StrEnum):
    """How the patient has said it."""

    SPOKEN = "spoken"
    WRITTEN = "written"
    PHONE = "phone"


class ConsentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of the patient, and who wrote it down."""

    scope: ConsentScope
    decision: ConsentDecision
    how: ConsentHow
    written: Moment


class Consents(msgspec.Struct, frozen=True, kw_only=True):
    """FHIR Consent. A scope that is missing in `current` was never asked for: that is no consent."""

    patient_id: PatientId
    current: list[ConsentRow]
    history: list[ConsentRow]
    """All decisions there ever were, the last one first."""


class GetConsents(Request[Consents], frozen=True, kw_only=True):
    patient_id: PatientId


class RecordConsent(Request[Consents], frozen=True, kw_only=True):
    """Adds a decision; earlier ones stay."""

    patient_id: PatientId
    scope: ConsentScope
    decision: ConsentDecision
    how: ConsentHow = ConsentHow.SPOKEN


class ConsentChanged(Event, frozen=True, kw_only=True):
    patient_id: PatientId
    scope: ConsentScope
    decision: ConsentDecision
