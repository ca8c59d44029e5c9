"""What the embedded engine's process and its supervisor agree on: the address, and the word "ready"."""

import socket

HOST = "127.0.0.1"
READY = b"ready\n"


def bound_socket(port: int) -> socket.socket:
    """Return a TCP socket bound to loopback but not listening; port 0 takes a free port.

    The supervisor keeps one as a reservation while each child binds the same port and serves: otherwise,
    while the engine is down, the system could give its port to a driver's own outgoing connection. Two
    sockets on one port need both options: the first on Linux, the second on macOS.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound
