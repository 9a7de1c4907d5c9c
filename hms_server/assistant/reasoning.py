"""For doctors: possible diagnoses and treatments, thought of by the model under a schema, checked by us."""

from typing import Any, TypeVar

import msgspec

from hms_server.assistant.functions import Arguments, Case, Found, header_of
from hms_server.assistant.medicines import check
from hms_server.assistant.records import record_of
from hms_server.assistant.rules import clean_answer
from hms_server.contract.prescribing import SafetyFinding, Severity
from hms_server.contract.suggestions import Differential, PossibleDiagnosis, TreatmentOption, Treatments
from hms_server.faults import Refused

S = TypeVar("S", bound=msgspec.Struct)

MAX_ITEMS = 8
MAX_WORDS = 600
DIAGNOSES = (
    "List possible diagnoses for this patient, the likeliest first, and those that must not be missed. For "
    "each say what in the record supports it, what speaks against it, and what would settle it."
)
TREATMENTS = (
    "List possible treatments for this patient and the named diagnosis, as used in outpatient care in West "
    "Africa. Name medicines by their international nonproprietary names. Do not judge interactions or "
    "allergies."
)


class _Diagnoses(msgspec.Struct, frozen=True):
    diagnoses: list[PossibleDiagnosis]


class _Options(msgspec.Struct, frozen=True):
    options: list[TreatmentOption]


def differential_diagnosis(case: Case, given: Arguments) -> Found:
    """From the record and what the doctor adds."""
    patient_id = given.the_patient()
    record = record_of(case, patient_id)
    material = {"record": record.data, "question": given.text("question")}
    listed = _think(case, DIAGNOSES, material, _Diagnoses, given).diagnoses[:MAX_ITEMS]
    shown = Differential(
        patient=header_of(case, patient_id), diagnoses=[_tidy(one, PossibleDiagnosis) for one in listed]
    )
    return Found(
        data={"diagnoses": msgspec.to_builtins(shown.diagnoses)},
        lines=[f"{one.name} ({one.likelihood})" for one in shown.diagnoses],
        attachments=[shown],
        about=(patient_id,),
    )


def treatment_suggestions(case: Case, given: Arguments) -> Found:
    """Every medicine in it goes through our own check before a doctor sees it."""
    patient_id = given.the_patient()
    record = record_of(case, patient_id)
    material = {"record": record.data, "diagnosis": given.needed("diagnosis", "for which diagnosis")}
    listed = _think(case, TREATMENTS, material, _Options, given).options[:MAX_ITEMS]
    options = [_tidy(one, TreatmentOption) for one in listed]
    findings = [finding for option in options for finding in _checked(case, option, given)]
    shown = Treatments(
        patient=header_of(case, patient_id),
        options=options,
        findings=list({finding.key: finding for finding in findings}.values()),
    )
    return Found(
        data={"options": msgspec.to_builtins(options), "findings": [one.title for one in shown.findings]},
        lines=[f"{one.name}: {', '.join(one.medicines)}" for one in options],
        attachments=[shown],
        about=(patient_id,),
    )


def _checked(case: Case, option: TreatmentOption, given: Arguments) -> list[SafetyFinding]:
    if not option.medicines:
        return []
    report = check(case, option.medicines[:MAX_ITEMS], given.the_patient())
    unknown = [
        SafetyFinding(
            key=f"unknown:{name.lower()}",
            severity=Severity.NOT_CHECKED,
            title=f"{name}: not checked",
            detail="The clinic's data does not know it.",
        )
        for name in report.unknown
    ]
    return [*report.findings, *unknown]


def _think(case: Case, task: str, material: dict[str, Any], kind: type[S], given: Arguments) -> S:
    if case.think is None:
        raise Refused("assistant.needs_internet", "Only the assistant itself can answer this. Ask it there.")
    return case.think(task, material, kind=kind, schema=schema_of(kind), patient_id=given.the_patient())


def schema_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """With every reference resolved, since models follow a flat schema best."""
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="{name}")
    flat: dict[str, Any] = _flat(schema, parts)
    return flat


def _flat(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_flat(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _flat(parts[schema["$ref"]], parts)
    return {name: _flat(value, parts) for name, value in schema.items() if name not in ("title", "default")}


def _tidy(value: Any, kind: type[Any]) -> Any:
    """Every text in it as it may be shown."""
    return msgspec.convert(_tidied(msgspec.to_builtins(value)), kind)


def _tidied(value: Any) -> Any:
    if isinstance(value, str):
        return clean_answer(value)[:MAX_WORDS]
    if isinstance(value, list):
        return [_tidied(one) for one in value[:MAX_ITEMS]]
    if isinstance(value, dict):
        return {key: _tidied(one) for key, one in value.items()}
    return value
