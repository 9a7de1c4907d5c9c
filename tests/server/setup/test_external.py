"""A PostgreSQL of the clinic's own is looked at before anything is written; each trouble has its remedy."""

from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from hms_server.database import DatabaseUnfit, connect
from hms_server.setup.external import try_database


def test_an_empty_database_will_do(empty_database: str) -> None:
    found = try_database(empty_database)

    assert found.clinic == ""
    assert found.version


def test_one_without_a_clinic_yet_will_do(database: str) -> None:
    assert try_database(database).clinic == ""


def test_a_clinic_that_is_there_is_named(database: str) -> None:
    with connect(database, application_name="tests", autocommit=True) as connection:
        connection.execute(
            "insert into clinic (name, time_zone, currency, created_at) values ('Unity', 'UTC', 'NGN', now())"
        )

    assert try_database(database).clinic == "Unity"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"dbname": "no_such"}, "it has no such database"),
        ({"host": "127.0.0.1", "port": "1"}, "nothing answers there"),
        ({"host": "no-such-host.invalid"}, "no machine has that name"),
        ({"host": "/no/such/folder"}, "no PostgreSQL of this machine has its socket there"),
    ],
)
def test_a_wrong_address_is_told_with_its_remedy(
    empty_database: str, changed: dict[str, str], sentence: str
) -> None:
    with pytest.raises(DatabaseUnfit, match=sentence):
        try_database(make_conninfo(empty_database, connect_timeout=2, **changed))


def test_what_is_no_address_is_told() -> None:
    with pytest.raises(DatabaseUnfit, match="no address of a PostgreSQL"):
        try_database("clinic on the other machine")


def test_another_encoding_would_damage_names(
    empty_database: str, database_steward: psycopg.Connection[Any]
) -> None:
    name = sql.Identifier("hms_latin")
    database_steward.execute(sql.SQL("drop database if exists {}").format(name))
    database_steward.execute(
        sql.SQL(
            "create database {} encoding 'LATIN1' template template0 locale_provider libc locale 'C'"
        ).format(name)
    )

    with pytest.raises(DatabaseUnfit, match="encoding 'UTF8'"):
        try_database(make_conninfo(empty_database, dbname="hms_latin"))

    database_steward.execute(sql.SQL("drop database {} with (force)").format(name))


def test_tables_of_another_program_stay_alone(empty_database: str) -> None:
    with connect(empty_database, application_name="tests", autocommit=True) as connection:
        connection.execute("create table wordpress_posts (id int)")

    with pytest.raises(DatabaseUnfit, match="wordpress_posts"):
        try_database(empty_database)


def test_missing_rights_are_told_with_the_statement(empty_database: str) -> None:
    """As for a role that may connect and nothing else."""
    with connect(empty_database, application_name="tests", autocommit=True) as connection:
        powers = "select usesuper from pg_user where usename = current_user"
        if connection.execute(powers).fetchone() == (True,):
            pytest.skip("a superuser may do everything")
        connection.execute("revoke create on schema public from public, current_user, pg_database_owner")

    with pytest.raises(DatabaseUnfit, match=r"may not create tables.*alter database .* owner to"):
        try_database(empty_database)
