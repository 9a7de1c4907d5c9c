"""A clinic for training is marked as one for good, and a clinic knows the languages it is used in."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(CLINIC)


# `filling` stands while the made-up patients are being written: a set-up that was killed meanwhile is
# recognised and done anew. A real clinic never becomes one for training, nor the other way round.
CLINIC = """
alter table clinic
    add column languages text[] not null default '{en}'
        constraint clinic_languages check (cardinality(languages) > 0),
    add column training boolean not null default false,
    add column filling boolean not null default false
        constraint clinic_filling check (training or not filling);
create function keep_training_mark() returns trigger language plpgsql as $$
begin
    if new.training <> old.training then
        raise exception 'a clinic for training stays one' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger clinic_training before update on clinic
    for each row execute function keep_training_mark();
"""
