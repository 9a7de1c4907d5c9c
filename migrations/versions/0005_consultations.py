"""Allergies, problems and diagnoses, signed notes in versions, and the substances that allergies name."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(ALLERGENS)
    op.execute(ALLERGIES)
    op.execute(ALLERGY_STATUS)
    op.execute(SIGNED)
    op.execute(CONDITIONS)
    op.execute(NOTES)


# Loaded from the reference files, which are the truth. `words` holds every name and synonym in lower case.
# No foreign key between the two: what is missing has to show as "not checked", not to stop a start. So
# `allergen_facts` gives null for a slug that nobody knows, and no name for a class that is missing. `facts`
# is what it gave when the files were loaded: every safety check reads it instead of many rows.
ALLERGENS = """
create table allergen_class (
    slug text primary key,
    name text not null,
    kind text not null,
    words text[] not null,
    cross_reacts_with text[] not null,
    note text not null default '',
    facts json
);
create table ingredient (
    slug text primary key,
    name text not null,
    words text[] not null,
    classes text[] not null,
    facts json
);
create index ingredient_words on ingredient using gin (words);
create index allergen_class_words on allergen_class using gin (words);

create function allergen_facts(wanted text) returns json language plpgsql stable parallel safe as $$
declare
    facts json;
begin
    select json_build_object('slug', slug, 'name', name, 'words', words, 'classes', (
        select coalesce(json_agg(json_build_object('slug', named, 'name', allergen_class.name,
            'words', allergen_class.words, 'note', allergen_class.note,
            'cross_reacts_with', allergen_class.cross_reacts_with)), '[]')
        from unnest(classes) as named left join allergen_class on allergen_class.slug = named))
    into facts from ingredient where slug = wanted;
    if facts is null then
        select json_build_object('slug', slug, 'name', name, 'words', words, 'classes', json_build_array(
            json_build_object('slug', slug, 'name', name, 'words', words, 'note', note,
                'cross_reacts_with', cross_reacts_with)))
        into facts from allergen_class where slug = wanted;
    end if;
    return facts;
end $$;
"""

# `allergen` is the slug of an ingredient or a class, null for what the reference data does not know.
# Whoever recorded something is kept as a plain number: staff are never deleted, and a foreign key would lock
# the row of a busy doctor in every transaction.
ALLERGIES = """
create table allergy_intolerance (
    id bigint generated always as identity primary key,
    patient_id bigint not null constraint allergy_patient references patient,
    substance text not null,
    allergen text,
    criticality text not null default 'unable-to-assess',
    reaction text not null default '',
    recorded_at timestamptz not null,
    recorded_by bigint,
    status text not null default 'active',
    ended_at timestamptz,
    ended_by bigint,
    reason text not null default '',
    source text,
    source_id text,
    constraint allergy_substance check (length(substance) between 1 and 200),
    constraint allergy_criticality check (criticality in ('low', 'high', 'unable-to-assess')),
    constraint allergy_reaction check (length(reaction) <= 500),
    constraint allergy_status check (status in ('active', 'resolved', 'entered-in-error')),
    constraint allergy_error_reason check (status <> 'entered-in-error' or reason <> '')
);
create unique index allergy_source on allergy_intolerance (source, source_id) where source_id is not null;
create unique index allergy_recorded_once on allergy_intolerance (patient_id, lower(substance))
    where status = 'active' and source_id is null;
create index allergy_of_patient on allergy_intolerance (patient_id) where status = 'active';
"""

# 'recorded' stands exactly as long as an active allergy does; only 'none_known' is written by hand, and the
# row's lock makes "none known" and a new allergy of the same moment come one after the other. No row: nobody
# asked. When the last allergy turns out to be an error, nobody has asked either.
ALLERGY_STATUS = """
create table patient_allergy_status (
    patient_id bigint primary key constraint allergy_status_patient references patient,
    status text not null,
    at timestamptz not null,
    by bigint,
    constraint allergy_status_known check (status in ('not_asked', 'none_known', 'recorded'))
);
create function follow_allergies() returns trigger language plpgsql as $$
begin
    if new.status = 'active' then
        insert into patient_allergy_status (patient_id, status, at, by)
        values (new.patient_id, 'recorded', new.recorded_at, new.recorded_by)
        on conflict (patient_id) do update set status = 'recorded', at = excluded.at, by = excluded.by;
        return null;
    end if;
    perform from patient_allergy_status where patient_id = new.patient_id for update;
    update patient_allergy_status
    set status = case new.status when 'resolved' then 'none_known' else 'not_asked' end,
        at = coalesce(new.ended_at, new.recorded_at), by = new.ended_by
    where patient_id = new.patient_id and status = 'recorded' and not exists (
        select from allergy_intolerance where patient_id = new.patient_id and status = 'active');
    return null;
end $$;
create trigger allergy_followed after insert or update of status on allergy_intolerance
    for each row execute function follow_allergies();
"""

# What a doctor has signed is closed for good: later rows of an encounter that is not in progress are refused,
# also when the signature falls between the check and the insert (the lock waits for it). Imported rows belong
# to encounters that were closed elsewhere.
SIGNED = """
create function refuse_signed_encounter() returns trigger language plpgsql as $$
declare
    standing text;
begin
    if new.encounter_id is null or new.source_id is not null then
        return new;
    end if;
    select status into standing from encounter where id = new.encounter_id for share;
    if standing <> 'in-progress' then
        raise exception 'encounter % is closed', new.encounter_id
            using errcode = 'integrity_constraint_violation', constraint = 'encounter_signed';
    end if;
    return new;
end $$;
"""

CONDITIONS = """
create table condition (
    id bigint generated always as identity primary key,
    patient_id bigint not null constraint condition_patient references patient,
    encounter_id bigint constraint condition_encounter references encounter,
    code text,
    display text not null,
    clinical_status text not null default 'active',
    onset date,
    abated date,
    recorded_at timestamptz not null,
    recorded_by bigint,
    resolved_by bigint,
    status text not null default 'confirmed',
    source text,
    source_id text,
    constraint condition_display check (length(display) between 1 and 500),
    constraint condition_clinical_status check (clinical_status in ('active', 'resolved')),
    constraint condition_status check (status in ('confirmed', 'entered-in-error'))
);
create unique index condition_source on condition (source, source_id) where source_id is not null;
create index condition_of_patient on condition (patient_id, recorded_at desc);
create index condition_of_encounter on condition (encounter_id) where encounter_id is not null;
create trigger condition_after_signing before insert on condition
    for each row execute function refuse_signed_encounter();
"""

NOTES = """
create table note (
    id bigint generated always as identity primary key,
    encounter_id bigint not null constraint note_encounter references encounter,
    version int not null,
    subjective text not null,
    objective text not null,
    assessment text not null,
    plan text not null,
    signed_at timestamptz not null,
    signed_by bigint not null,
    reason text not null default '',
    constraint note_version_once unique (encounter_id, version),
    constraint note_version check (version > 0),
    constraint note_length check (
        greatest(length(subjective), length(objective), length(assessment), length(plan)) <= 50000),
    constraint note_reason check (length(reason) <= 500 and (version = 1 or reason <> ''))
);
create trigger note_append_only before update or delete on note
    for each row execute function refuse_change();
"""
