"""What the safety check and a prescription are read into, each by one statement that answers in JSON."""

from datetime import datetime
from typing import LiteralString

import msgspec

from hms_server.contract.prescribing import Frequency
from hms_server.contract.values import EncounterId, MedicationRequestId, PatientId, ProductId
from hms_server.faults import Refused
from hms_server.prescribing.rules import Medicine
from hms_server.prescribing.safety import PatientFacts, ProductIngredients


class OfferedProduct(ProductIngredients, frozen=True, kw_only=True):
    """A product of the formulary as far as a prescription needs it."""

    medicine: Medicine
    in_stock: int


class CheckBasis(msgspec.Struct, frozen=True, kw_only=True):
    """What a line is checked against."""

    patient: PatientFacts
    products: list[OfferedProduct]
    frequencies: list[Frequency]


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed a note first, and when by the clinic's clock."""

    name: str
    clock_time: str


class SigningBasis(CheckBasis, frozen=True, kw_only=True):
    """What an encounter is signed against, read after its row was locked; `ids` are for the prescriptions."""

    encounter_id: EncounterId
    patient_id: PatientId
    patient_name: str
    deceased: bool
    started_at: datetime
    in_progress: bool
    ids: list[MedicationRequestId]


def offered(basis: CheckBasis, product_id: ProductId, *, field: str) -> OfferedProduct:
    """The product, if the formulary still offers it."""
    for product in basis.products:
        if product.id == product_id:
            return product
    raise Refused(
        "prescribing.product_unknown",
        "The formulary does not offer this product any more. Search for another one.",
        field=field,
    )


# Of a course that was dispensed whole the patient still takes until its days are over; what is not dispensed
# yet stays active and counts as running. Imported courses without days count as long as they are active.
_PATIENT: LiteralString = """
json_build_object(
    'allergy_status', coalesce(
        (select status from patient_allergy_status where patient_id = patient.id), 'not_asked'),
    'allergies', (
        select coalesce(json_agg(json_build_object(
            'id', id, 'substance', substance, 'reaction', reaction,
            'allergen', coalesce((select facts from ingredient where slug = allergen),
                (select facts from allergen_class where slug = allergen))
        ) order by id), '[]')
        from allergy_intolerance where patient_id = patient.id and status = 'active'),
    'medicines', (
        select coalesce(json_agg(json_build_object(
            'id', taken.id, 'product', product_text, 'authored_at', authored_at,
            'ingredients', coalesce(to_json(product.ingredients), '[]'), 'route', coalesce(route, '')
        ) order by taken.id), '[]')
        from medication_request as taken left join product on product.id = product_id
        where taken.patient_id = patient.id and (taken.status = 'active'
            or (taken.status = 'completed' and authored_at + make_interval(days => days) > %(now)s)))
)
"""

_PRODUCTS: LiteralString = """
(select coalesce(json_agg(json_build_object(
    'id', product.id, 'label', label, 'name', name,
    'ingredients', facts,
    'medicine', json_build_object('form', form, 'route', route, 'dispensing_unit', dispensing_unit,
        'dose_unit', dose_unit, 'dispensed_whole', dispensed_whole),
    'in_stock', in_stock(product.id, (select (%(now)s at time zone time_zone)::date from clinic))
 )), '[]')
 from product where product.id = any(%(product_ids)s::bigint[]) and offered)
"""

_FREQUENCIES: LiteralString = """
(select coalesce(json_agg(json_build_object('code', code, 'text', text, 'times_per_day', times_per_day,
    'once', once, 'as_needed', as_needed)), '[]')
 from frequency where code = any(%(frequencies)s::text[]))
"""

CHECK_BASIS: LiteralString = f"""
select json_build_object(
    'patient', {_PATIENT}, 'products', {_PRODUCTS}, 'frequencies', {_FREQUENCIES}
)::text
from patient where patient.id = %(patient_id)s
"""

PRODUCTS: LiteralString = f"select ({_PRODUCTS})::text"
"""A list of `OfferedProduct`, without any patient."""

INGREDIENTS: LiteralString = """
select coalesce(json_agg(json_build_object('slug', slug, 'facts', facts)), '[]')::text
from ingredient where slug = any(%(slugs)s::text[])
"""
"""A list of `ProductIngredient`, without any product."""

# The lock comes first, in the same statement: two doctors who sign at once do so one after the other, and the
# second one reads what the first one has done to the row. The numbers of the prescriptions are drawn here, so
# that nobody has to wait for them when the rows are stored.
SIGNING_BASIS: LiteralString = f"""
with held as materialized (select * from encounter where id = %(encounter_id)s for update)
select json_build_object(
    'encounter_id', held.id,
    'patient_id', patient.id,
    'patient_name', patient.name,
    'deceased', patient.deceased,
    'started_at', held.started_at,
    'in_progress', held.status = 'in-progress',
    'ids', (
        select coalesce(json_agg(nextval('medication_request_id_seq')), '[]')
        from generate_series(1, %(lines)s)),
    'patient', {_PATIENT}, 'products', {_PRODUCTS}, 'frequencies', {_FREQUENCIES}
)::text
from held join patient on patient.id = held.patient_id
"""

SIGNATURE: LiteralString = """
select staff.name, to_char(signed_at at time zone time_zone, 'HH24:MI') as clock_time
from note join staff on staff.id = signed_by cross join clinic
where encounter_id = %(encounter_id)s and note.version = 1
"""

PRESCRIPTION_JSON: LiteralString = """
json_build_object(
    'id', medication_request.id,
    'encounter_id', medication_request.encounter_id,
    'product', product_text,
    'dose', coalesce(dose, 0),
    'frequency', coalesce(frequency, ''),
    'days', coalesce(days, 0),
    'quantity', coalesce(quantity, 0),
    'dispensed', dispensed,
    'dispensing_unit', coalesce((select dispensing_unit from product where id = product_id), ''),
    'directions', directions,
    'status', medication_request.status,
    'prescriber', (select json_build_object('id', id, 'name', name) from staff where id = prescriber_id),
    'authored_at', authored_at,
    'overrides', (
        select coalesce(json_object_agg(title, reason order by safety_override.id), '{}')
        from safety_override where medication_request_id = medication_request.id)
)
"""
"""Of a row `medication_request`: a MedicationRequestRow."""
