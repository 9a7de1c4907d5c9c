"""The one way in which a handler says no."""

from typing import Self

from hms_server.contract.envelope import Fault

DATABASE_AWAY = Fault(
    code="server.database_away",
    message="The server cannot reach its database. Nothing is lost: the same request can be sent again.",
)


class Refused(Exception):  # noqa: N818 - a refusal is an answer to a person, not an error of the program
    """Ends a request with a fault that the person can act on.

    With `recorded` the work done so far is kept (a failed sign-in counts), otherwise nothing is stored.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        data: dict[str, str] | None = None,
        recorded: bool = False,
    ) -> None:
        super().__init__(code, message)
        self.fault = Fault(code=code, message=message, field=field, data=data or {})
        self.recorded = recorded

    @classmethod
    def of(cls, fault: Fault) -> Self:
        """A refusal with a fault that stands already."""
        return cls(fault.code, fault.message, field=fault.field, data=fault.data)
