"""What slices that talk to the outside are given besides their work: providers, a vault, destinations."""

from collections.abc import Sequence
from dataclasses import dataclass

from hms_server.crypto import Vault
from hms_server.relay.kinds import Destination
from hms_server.relay.providers import Providers


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Made once by the composition root, for those parts of `routes` and `relay_table` that need it.

    `vault` is the servers': a slice that seals something keeps `vault.kept_for("its purpose")`.
    """

    vault: Vault
    providers: Providers
    destinations: Sequence[Destination]
