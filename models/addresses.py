"""Addresses: whose request this is, as far as the network tells, and how it is counted.

A proxy in front of us writes the address that it heard from at the end of `X-Forwarded-For`; everything
before it is the caller's own word. So the header counts only when the peer is a trusted proxy
(`TRUSTED_PROXIES`), and then the last hop that is not one of them is the client. An IPv6 client owns at
least a /64 (RFC 6177) and is counted by it. Loopback says nothing about a client, since it is this machine
or a proxy that nobody declared: it is not counted, for then everybody would be one.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

HOPS_READ = 16
KNOWN_ADDRESSES = 8192
IPV6_CLIENT_BITS = 64


def read_networks(text: str) -> tuple[Network, ...]:
    """Return networks such as `10.0.0.0/8, 2001:db8::1` divided by commas; ValueError for anything else."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address of a hop, its port and zone dropped, or None: the header is anybody's text."""
    plain = text.strip()
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        address = ip_address(plain.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


class Addresses:
    """Tells clients apart. The answers for the last few thousand texts are remembered."""

    def __init__(self, trusted: Iterable[Network] = ()) -> None:
        self._trusted = tuple(trusted)
        self._is_proxy = lru_cache(KNOWN_ADDRESSES)(self._is_trusted)
        self._name = lru_cache(KNOWN_ADDRESSES)(_name)

    def of(self, peer: str, forwarded: str | None) -> str:
        """Return what a client is counted under, "" for one who is not counted.

        `peer` is the socket's other end, `forwarded` the header `X-Forwarded-For`.
        """
        if not forwarded or not self._trusted or not self._is_proxy(peer):
            return self._name(peer)
        client = peer
        for hop in reversed(forwarded.rsplit(",", HOPS_READ)[-HOPS_READ:]):
            if read_address(hop) is None:
                break
            client = hop
            if not self._is_proxy(hop):
                break
        return self._name(client)

    def _is_trusted(self, text: str) -> bool:
        address = read_address(text)
        return address is not None and any(address in network for network in self._trusted)


def _name(text: str) -> str:
    address = read_address(text)
    if address is None or address.is_loopback:
        return ""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, IPV6_CLIENT_BITS), strict=False))
    return str(address)
