"""A prescription as the pharmacy sees it, with the stock of each of its medicines."""

from datetime import date, datetime

import msgspec

from hms_server.contract.prescribing import MedicationRequestStatus
from hms_server.contract.values import (
    EncounterId,
    MedicationRequestId,
    PatientHeader,
    Person,
    ProductId,
)
from hms_server.pharmacy.rules import StockedBatch, Wanted


class PrescribedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One medicine; `batches` are those with something left that have not expired."""

    id: MedicationRequestId
    product_id: ProductId
    product: str
    gtin: str
    directions: str
    dispensing_unit: str
    quantity: int
    dispensed: int
    status: MedicationRequestStatus
    controlled: bool
    prescriber: Person | None
    authored_at: datetime
    overrides: dict[str, str]
    override_keys: list[str]
    batches: list[StockedBatch]

    @property
    def owing(self) -> int:
        return self.quantity - self.dispensed

    def wanted(self, quantity: int) -> Wanted:
        """That much of this medicine."""
        return Wanted(product_id=self.product_id, quantity=quantity, batches=self.batches)


class Prescribed(msgspec.Struct, frozen=True, kw_only=True):
    """All medicines of an encounter, on the clinic's day.

    `changed_since`: an allergy was recorded, or another medicine prescribed, after signing.
    `interaction_keys`: pairs of medicines for which a doctor gave a reason, in any prescription.
    """

    encounter_id: EncounterId
    patient: PatientHeader
    today: date
    changed_since: bool
    interaction_keys: list[str]
    lines: list[PrescribedLine]

    @property
    def prescriber(self) -> Person | None:
        """Who signed; the first line speaks for all, since they were signed together."""
        return self.lines[0].prescriber if self.lines else None


class Handover(Prescribed, frozen=True, kw_only=True):
    """The same under lock, with the number of the handover to come and the visit that the ticket is of."""

    handover_id: int
    ticket_encounter_id: EncounterId | None


decode_prescribed = msgspec.json.Decoder(Prescribed).decode
decode_handover = msgspec.json.Decoder(Handover).decode

_LINES = """
(
    select coalesce(json_agg(json_build_object(
        'id', line.id,
        'product_id', product.id,
        'product', product.label,
        'gtin', product.gtin,
        'directions', line.directions,
        'dispensing_unit', product.dispensing_unit,
        'quantity', line.quantity,
        'dispensed', line.dispensed,
        'status', line.status,
        'controlled', product.controlled,
        'prescriber', (select json_build_object('id', id, 'name', name) from staff where id = prescriber_id),
        'authored_at', line.authored_at,
        'overrides', (
            select coalesce(json_object_agg(title, reason), '{}')
            from safety_override where medication_request_id = line.id),
        'override_keys', (
            select coalesce(json_agg(finding_key), '[]')
            from safety_override where medication_request_id = line.id),
        'batches', (
            select coalesce(json_agg(json_build_object('id', id, 'lot', lot, 'expires_on', expires_on,
                'shelf', shelf, 'on_hand', on_hand)), '[]')
            from batch
            where product_id = product.id and on_hand > 0
                and expires_on >= (%(now)s at time zone time_zone)::date)
    ) order by line.id), '[]')
    from medication_request as line join product on product.id = line.product_id
    where line.encounter_id = encounter.id and line.quantity is not null
)
"""

# An allergy or a medicine of the same minute may have been on its way while the doctor signed. What was
# imported may be older than its import.
_CHANGED_SINCE = """
exists (
    select from medication_request as line
    where line.encounter_id = encounter.id and (exists (
        select from allergy_intolerance as allergy
        where allergy.patient_id = line.patient_id and allergy.status = 'active'
            and allergy.recorded_at > line.authored_at - interval '1 minute'
    ) or exists (
        select from medication_request as other
        where other.patient_id = line.patient_id and other.encounter_id is distinct from encounter.id
            and other.status in ('active', 'completed')
            and (other.source is not null or other.authored_at > line.authored_at - interval '1 minute')
    ))
)
"""

_INTERACTION_KEYS = """
(
    select coalesce(json_agg(distinct finding_key), '[]')
    from safety_override join medication_request as line on line.id = medication_request_id
    where line.patient_id = encounter.patient_id and split_part(finding_key, '.', 2) = 'interaction'
)
"""

_PRESCRIBED = f"""
'encounter_id', encounter.id,
'patient', to_json(patient_header),
'today', (%(now)s at time zone time_zone)::date,
'changed_since', {_CHANGED_SINCE},
'interaction_keys', {_INTERACTION_KEYS},
'lines', {_LINES}
"""

_FROM = """
from encounter join patient_header on patient_header.id = encounter.patient_id cross join clinic
where encounter.id = %(encounter_id)s
"""

PRESCRIBED = f"select json_build_object({_PRESCRIBED})::text {_FROM}"
"""A `Prescribed` as JSON."""

HANDOVER = f"""
select json_build_object({_PRESCRIBED},
    'handover_id', nextval('handover_id_seq'),
    'ticket_encounter_id', (select encounter_id from ticket where id = %(ticket_id)s)
)::text {_FROM}
"""
"""A `Handover` as JSON; asked with a snapshot of its own, after `LOCK`."""

# In one order everywhere: first the lines, then the batches as they are used up. Two pharmacists never wait
# for each other in turn, and what is read after this is what is taken.
LOCK = """
with line as materialized (
    select product_id from medication_request where id = any(%(lines)s::bigint[])
    order by id for no key update
)
select from batch
where product_id in (select product_id from line) and on_hand > 0
order by product_id, expires_on, id
for no key update
"""
