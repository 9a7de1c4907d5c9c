"""What has become known against a medicine since the doctor signed for it."""

from collections.abc import Iterable

from hms_server.contract.prescribing import SafetyFinding, Severity
from hms_server.contract.values import ProductId
from hms_server.faults import Refused
from hms_server.pharmacy.models import Prescribed, PrescribedLine
from hms_server.prescribing.checking import check
from hms_server.prescribing.safety import NEEDS_REASON
from hms_server.work import Work

Findings = dict[ProductId, list[SafetyFinding]]


def check_again(work: Work, prescribed: Prescribed, lines: Iterable[PrescribedLine]) -> Findings:
    """What the safety check says now of each product; asked where an allergy came after the signature."""
    if not prescribed.allergy_since:
        return {}
    product_ids = sorted({line.product_id for line in lines})
    found = check(work, prescribed.patient.id, product_ids)
    return {product_id: found.get(product_id, [_WITHDRAWN]) for product_id in product_ids}


def news_of(line: PrescribedLine, findings: Findings) -> list[SafetyFinding]:
    """The grave findings that the doctor gave no reason for, because there were none yet."""
    return [
        finding
        for finding in findings.get(line.product_id, ())
        if finding.severity in NEEDS_REASON and finding.key not in line.override_keys
    ]


def refuse_unsafe(line: PrescribedLine, findings: Findings, *, number: int) -> None:
    """A medicine that would harm goes back to the doctor, who stops it or prescribes it with a reason."""
    for finding in news_of(line, findings):
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
    detail="Read the patient's allergies in the banner.",
)
