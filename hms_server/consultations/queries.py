"""What stands above a chart, and the lists to choose diagnoses from."""

import msgspec

from hms_server.consultations.diagnoses import diagnosis_index
from hms_server.consultations.models import BANNER_JSON
from hms_server.contract.consultations import Banner, Diagnoses, GetBanner, SearchDiagnoses
from hms_server.contract.values import PatientId
from hms_server.patients.queries import unknown_patient
from hms_server.work import Work


def get_banner(work: Work, request: GetBanner) -> Banner:
    return banner_of(work, request.patient_id)


def banner_of(work: Work, patient_id: PatientId) -> Banner:
    """The banner as it is now, also after a change of the same request."""
    stored = work.value(BANNER, {"patient_id": patient_id})
    if stored is None:
        raise unknown_patient()
    work.concerns(patient_id)
    return msgspec.json.decode(stored, type=Banner)


def search_diagnoses(_: Work, request: SearchDiagnoses) -> Diagnoses:
    return Diagnoses(diagnosis_index().search(request.text))


BANNER = f"select {BANNER_JSON}::text from patient where id = %(patient_id)s"
