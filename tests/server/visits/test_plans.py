"""What the whole clinic waits for is planned once and stays cheap, however many patients there are."""

from hms_server.contract.visits import DOCTOR, CallNext, CheckIn, ListQueue
from tests.server.desk import Desk
from tests.server.triage.sets import WELL, record, signs


def hot_path(desk: Desk, times: int) -> None:
    room_id = desk.room(DOCTOR)
    for patient_id in desk.patients(times):
        ticket = desk.ask(CheckIn(patient_id=patient_id)).ticket
        desk.ask(record(ticket, signs(WELL), send_to=DOCTOR))
        desk.ask(ListQueue(service=DOCTOR))
        desk.ask(CallNext(service=DOCTOR, room_id=room_id))


def test_every_statement_of_the_hot_path_is_planned_once(desk: Desk) -> None:
    """PostgreSQL tries five plans made to measure; planning anew each time would cost more than the work."""
    hot_path(desk, 12)

    connection = desk.dispatcher._connection()
    planned = connection.execute(
        """select left(statement, 60), custom_plans, generic_plans from pg_prepared_statements
        where custom_plans + generic_plans > 10"""
    ).fetchall()

    assert len(planned) >= 8
    assert [statement for statement, custom, generic in planned if custom > 5 or not generic] == []


def test_no_statement_of_the_hot_path_reads_all_patients(desk: Desk) -> None:
    """With 20,000 patients no table of theirs is ever read from one end to the other."""
    desk.sql(
        """insert into patient (family_name, given_names, sex, birth_date, birth_precision, no_phone,
            deceased, registered_at, changed_at)
        select 'Obi', 'Ada', 'female', '1990-01-01', 'day', false, false, now(), now()
        from generate_series(1, 20000)"""
    )
    desk.sql("analyze patient")
    connection = desk.dispatcher._connection()
    before = connection.execute(READ_THROUGH).fetchone()

    hot_path(desk, 8)

    connection.execute("select pg_stat_force_next_flush()")
    assert connection.execute(READ_THROUGH).fetchone() == before


READ_THROUGH = "select seq_scan from pg_stat_user_tables where relname = 'patient'"
