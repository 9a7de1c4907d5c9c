"""What the commands stand on."""

from hms_server.console.ground import is_used_by_a_server
from hms_server.database import connect


def test_only_a_server_of_this_database_counts(database: str, empty_database: str) -> None:
    """Another clinic may be served from the same PostgreSQL."""
    assert not is_used_by_a_server(database)
    with connect(empty_database, application_name="hms-server"):
        assert not is_used_by_a_server(database)
        assert is_used_by_a_server(empty_database)
