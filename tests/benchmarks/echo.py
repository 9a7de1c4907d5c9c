"""The bare thing to measure against: a CURVE ROUTER in a process of its own, that echoes or fans out."""

import sys

import zmq


def main() -> None:
    """Echoes each message; `fan` sends one message to everybody who has ever sent one."""
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    public_key, secret_key = zmq.curve_keypair()
    router.curve_server = True
    router.curve_secretkey = secret_key
    router.curve_publickey = public_key
    router.sndhwm = 0
    router.rcvhwm = 0
    port = router.bind_to_random_port("tcp://127.0.0.1")
    print(port, public_key.decode(), flush=True)
    known: set[bytes] = set()
    while True:
        identity, payload = router.recv_multipart()
        known.add(identity)
        if payload.startswith(b"fan"):
            for other in known:
                router.send_multipart([other, b"", payload])
        elif payload == b"end":
            sys.exit()
        else:
            router.send_multipart([identity, payload])


if __name__ == "__main__":
    main()
