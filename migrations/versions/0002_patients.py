"""Patients, what they were called before each correction, and the words by which they are found."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(NUMBER)
    op.execute(PATIENTS)
    op.execute(SEARCH)


# P, at least six digits, and the check digit of ISO 7064 MOD 11,10, which finds every single wrong digit. The
# number follows from the id, so it is as unique as the id.
NUMBER = """
create function patient_number(id bigint) returns text immutable strict parallel safe language plpgsql as $$
declare
    digits text := lpad(id::text, greatest(6, length(id::text)), '0');
    product int := 10;
begin
    for place in 1..length(digits) loop
        product := (product + substr(digits, place, 1)::int) % 10;
        product := (case product when 0 then 10 else product end * 2) % 11;
    end loop;
    return 'P' || digits || '-' || (11 - product) % 10;
end $$;
"""

PATIENTS = """
create table patient (
    id bigint generated always as identity primary key,
    number text not null generated always as (patient_number(id)) stored,
    family_name text not null,
    given_names text not null,
    name text not null generated always as (trim(given_names || ' ' || family_name)) stored,
    sex text not null,
    birth_date date,
    birth_precision text not null,
    phone text,
    no_phone boolean not null,
    national_id text,
    address text,
    next_of_kin_name text,
    next_of_kin_phone text,
    deceased boolean not null,
    deceased_on date,
    version int not null default 1,
    registered_at timestamptz not null,
    registered_by bigint references staff,
    changed_at timestamptz not null,
    changed_by bigint references staff,
    constraint patient_family_name check (length(family_name) between 1 and 100),
    constraint patient_given_names check (length(given_names) <= 100),
    constraint patient_sex check (sex in ('female', 'male', 'other', 'unknown')),
    constraint patient_birth_precision check (birth_precision in ('day', 'month', 'year', 'estimated')),
    constraint patient_birth_date check (birth_date >= '1850-01-01'),
    constraint patient_phone check (not (no_phone and phone is not null)),
    constraint patient_deceased_on check (deceased_on is null or (deceased and deceased_on >= birth_date))
);
create index patient_birth_date on patient (birth_date);

create view patient_header as
    select id, number, name, sex, birth_date, birth_precision, deceased from patient;

create table patient_version (
    patient_id bigint not null references patient,
    version int not null,
    stored jsonb not null,
    replaced_at timestamptz not null,
    replaced_by bigint references staff,
    primary key (patient_id, version)
);

create table patient_seen (
    patient_id bigint primary key references patient,
    seen_at timestamptz not null,
    words text[] collate "C" not null
);
create index patient_seen_last on patient_seen (seen_at desc);
"""

# A word of a name is looked up in the small vocabulary first (by its beginning, its middle, its sound), and
# its bearers then by the exact word: what a search costs hardly depends on the number of patients.
# patient_word lists the bearers of one word, the newest first, and can stop early; the GIN index finds who
# bears several common words. Its pending list is off, since every search would have to read it. How many
# bear a word is kept roughly: an exact count would make all who register a Mohammed wait for each other.
# patient_seen has a copy of the words, so that those who were here last are searched by it alone.
# Everything is folded to lower case without accents by the program, so the C collation serves all.
SEARCH = """
create table patient_search (
    patient_id bigint primary key references patient,
    words text[] collate "C" not null,
    phone_digits text collate "C",
    phone_reversed text collate "C" generated always as (reverse(phone_digits)) stored,
    national_id text collate "C"
);
create index patient_search_words on patient_search using gin (words) with (fastupdate = off);
create index patient_search_phone on patient_search (phone_digits) where phone_digits is not null;
create index patient_search_phone_end on patient_search (phone_reversed) where phone_reversed is not null;
create index patient_search_national_id on patient_search (national_id) where national_id is not null;

create table patient_word (
    word text collate "C" not null,
    patient_id bigint not null references patient,
    primary key (word, patient_id)
);
create table name_word (
    word text collate "C" not null,
    bearers int not null,
    primary key (word) include (bearers)
);
create index name_word_parts on name_word using gin (word gin_trgm_ops);
create table name_sound (
    sound text collate "C" not null,
    word text collate "C" not null,
    primary key (sound, word)
);
"""
