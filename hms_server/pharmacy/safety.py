"""What has become known against a medicine since it was signed: allergies, and other medicines."""

from collections.abc import Iterable

from hms_server.contract.prescribing import SafetyFinding, Severity
from hms_server.contract.values import ProductId
from hms_server.faults import Refused
from hms_server.pharmacy.models import Prescribed, PrescribedLine
from hms_server.prescribing.checking import check
from hms_server.prescribing.safety import needs_reason
from hms_server.work import Work

Findings = dict[ProductId, list[SafetyFinding]]


def check_again(work: Work, prescribed: Prescribed, lines: Iterable[PrescribedLine]) -> Findings:
    """What the safety check says now of each product; asked where an allergy or a medicine came after it."""
    if not prescribed.changed_since:
        return {}
    product_ids = sorted({line.product_id for line in lines})
    found = check(work, prescribed.patient.id, product_ids)
    return {product_id: found.get(product_id, [_WITHDRAWN]) for product_id in product_ids}


def news_of(prescribed: Prescribed, line: PrescribedLine, findings: Findings) -> list[SafetyFinding]:
    """The grave findings that no doctor gave a reason for, because there were none yet.

    Two medicines that do not go together have one reason, at whichever of them was prescribed last.
    """
    answered = {*line.override_keys, *prescribed.interaction_keys}
    return [
        finding
        for finding in findings.get(line.product_id, ())
        if needs_reason(finding) and finding.key not in answered
    ]


def refuse_unsafe(prescribed: Prescribed, line: PrescribedLine, findings: Findings, *, number: int) -> None:
    """A medicine that would harm goes back to the doctor, who stops it or prescribes it with a reason."""
    for finding in news_of(prescribed, line, findings):
        if finding.severity is Severity.CONTRAINDICATED:
            raise Refused(
                "pharmacy.unsafe",
                f"{finding.title}. This was recorded after the doctor signed: ask the doctor first.",
                field=f"lines.{number}.medication_request_id",
                data={"finding": finding.key, "detail": finding.detail},
            )


_WITHDRAWN = SafetyFinding(
    key="not_checked.withdrawn",
    severity=Severity.NOT_CHECKED,
    title="The formulary does not list this product any more: NOT CHECKED",
    detail="Read the patient's allergies in the banner, and look up what goes with it.",
)
