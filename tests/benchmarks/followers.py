"""A process of workstations at which nobody types: they follow the events, and that is all."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import msgspec
import zmq

from hms_desktop.connection.identity import KeyPair
from hms_server.contract.envelope import Follow
from tests.benchmarks.stage import Seat, Stage, open_dealer


class Followers(msgspec.Struct, frozen=True, kw_only=True):
    """`seats` are the keys of each workstation and the secret of its session."""

    address: str
    server_key: str
    seats: list[tuple[KeyPair, str]]


@contextmanager
def following(stage: Stage, seats: Sequence[Seat]) -> Iterator[None]:
    """So many workstations are connected and told of everything, until the block is left."""
    order = Followers(
        address=stage.address,
        server_key=stage.server_key,
        seats=[(seat.keys, seat.secret) for seat in seats],
    )
    command = [sys.executable, "-m", "tests.benchmarks.followers"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode(order) + b"\n")
            process.stdin.flush()
            if process.stdout.readline() != b"ready\n":
                raise RuntimeError("the followers have not begun")
            yield
        finally:
            process.kill()


def main() -> None:
    """Reads its order, connects, and takes what comes without looking at it."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Followers)
    poller = zmq.Poller()
    with zmq.Context(1) as context, ExitStack() as closing:
        context.max_sockets = 2 * len(order.seats) + 100
        for keys, secret in order.seats:
            dealer = closing.enter_context(
                open_dealer(context, Seat(keys, secret), address=order.address, server_key=order.server_key)
            )
            poller.register(dealer, zmq.POLLIN)
            dealer.send(msgspec.msgpack.encode(Follow(secret, None)))
        waiting = len(order.seats)
        while waiting > 0:
            waiting -= drain(poller)
        print("ready", flush=True)
        # Whoever started this may be killed: then nobody ends it.
        poller.register(sys.stdin, zmq.POLLIN)
        while drain(poller) > 0:
            pass


def drain(poller: zmq.Poller) -> int:
    """Takes one message of each workstation that has some; how many there were, 0 once nobody listens."""
    ready = poller.poll()
    for dealer, _ in ready:
        if not isinstance(dealer, zmq.Socket):
            return 0
        dealer.recv_multipart(copy=False)
    return len(ready)


if __name__ == "__main__":
    main()
