"""The one exception by which the connection says that a request was not carried out."""

from hms_server.contract.envelope import Fault


class FaultError(Exception):
    """Carries the server's own fault, or one of the link (`link.down`, `link.timeout`, `link.closed` …)."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault
