"""The labels: a queue ticket, a patient's number, and what goes on a medicine."""

from hms_desktop.printing.blocks import Align, Barcode, Block, Gap, Pair, Rule, Text
from hms_desktop.printing.documents import Batch, DispensingLabel, PatientLabel, TicketLabel
from hms_desktop.printing.fonts import Weight
from hms_desktop.printing.sheet import Sheet, compose
from hms_desktop.printing.words import Words, write_birth, write_date, write_sex, write_time

SCALES = (1.0, 0.92, 0.85)
"""Smaller letters are not read at home in the evening; what is longer goes on a second label."""

TICKET = Sheet(width_mm=62, height_mm=40, margin_mm=2, scales=(*SCALES, 0.78, 0.72))
PATIENT = Sheet(width_mm=62, height_mm=29, margin_mm=2, scales=SCALES)
DISPENSING = Sheet(width_mm=70, height_mm=40, margin_mm=2, scales=SCALES)


def ticket_label_pdf(label: TicketLabel, words: Words) -> bytes:
    """62 × 40 mm."""
    time = write_time(label.issued_at, label.clinic.time_zone, words)
    named: list[Block] = (
        [Text(text=label.patient_name, size_pt=9, weight=Weight.SEMIBOLD, align=Align.CENTRE)]
        if label.patient_name
        else []
    )
    body: list[Block] = [
        Text(text=label.clinic.name, size_pt=7.5, align=Align.CENTRE),
        Text(text=label.ticket, size_pt=34, weight=Weight.BOLD, align=Align.CENTRE),
        Text(text=label.service, size_pt=10, weight=Weight.SEMIBOLD, align=Align.CENTRE),
        *named,
        Text(text=time, size_pt=7.5, align=Align.CENTRE),
        Gap(height_mm=1),
        Barcode(value=label.scan_text, height_mm=8),
    ]
    return compose(TICKET, body, title=label.ticket, page_words=words.page)


def patient_label_pdf(label: PatientLabel, words: Words) -> bytes:
    """62 × 29 mm, for the folder, the sample tube's bag or the patient's card."""
    patient = label.patient
    about = f"{write_sex(patient.sex, words)} · {write_birth(patient, words)}"
    head = [Text(text=patient.name, size_pt=11, weight=Weight.BOLD)]
    body: list[Block] = [
        Text(text=about, size_pt=8),
        Text(text=patient.number, size_pt=9.5, weight=Weight.SEMIBOLD),
        Gap(height_mm=1),
        Barcode(value=patient.number, height_mm=8),
    ]
    return compose(PATIENT, body, head=head, title=patient.number, page_words=words.page)


def dispensing_label_pdf(label: DispensingLabel, words: Words) -> bytes:
    """70 × 40 mm; a second label repeats whose and which medicine it is."""
    head: list[Block] = [
        Text(text=label.patient_name, size_pt=9.5, weight=Weight.BOLD),
        Pair(label=label.medicine, value=label.quantity, size_pt=9.5, weight=Weight.SEMIBOLD),
        Rule(height_mm=1.5),
    ]
    body: list[Block] = [
        Text(text=label.directions, size_pt=10.5, weight=Weight.SEMIBOLD),
        Rule(height_mm=1.5),
        *[Text(text=_write_batch(batch, words), size_pt=6.5) for batch in label.batches],
        Text(text=words.prescribed_by.format(name=label.prescriber), size_pt=6.5),
        Text(text=_write_clinic(label, words), size_pt=6.5),
        Gap(height_mm=0.6),
        Text(text=words.keep_away, size_pt=7.5, weight=Weight.BOLD, align=Align.CENTRE),
    ]
    return compose(DISPENSING, body, head=head, title=label.medicine, page_words=words.page)


def _write_batch(batch: Batch, words: Words) -> str:
    expires = words.expires.format(date=write_date(batch.expires_on, words))
    return f"{words.batch.format(batch=batch.number)}, {expires}"


def _write_clinic(label: DispensingLabel, words: Words) -> str:
    phone = words.phone.format(phone=label.clinic.phone) if label.clinic.phone else ""
    time = write_time(label.dispensed_at, label.clinic.time_zone, words)
    return " · ".join(part for part in (label.clinic.name, phone, time) if part)
