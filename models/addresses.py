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

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

HOPS_READ = 16
LONGEST_ADDRESS = 64
KNOWN_ADDRESSES = 8192
LONGEST_REMEMBERED = 256
IPV6_CLIENT_BITS = 64


def read_networks(text: str) -> tuple[Network, ...]:
    """Return networks such as `10.0.0.0/8, 2001:db8::1` divided by commas; ValueError for anything else."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def read_address(text: str) -> Address | None:
    """Return the address of a hop, its port and zone dropped, or None: the header is anybody's text."""
    if len(text) > LONGEST_ADDRESS:
        return None
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
    """Tells clients apart. The answers for the last few thousand short headers are remembered."""

    def __init__(self, trusted: Iterable[Network] = ()) -> None:
        self._trusted = tuple(trusted)
        self._remembered = lru_cache(KNOWN_ADDRESSES)(self._find)

    def of(self, peer: str, forwarded: str | None) -> str:
        """Return what a client is counted under, "" for one who is not counted.

        `peer` is the socket's other end, `forwarded` the header `X-Forwarded-For`.
        """
        if not self._trusted or not forwarded:
            return self._remembered(peer, "")
        find = self._remembered if len(forwarded) <= LONGEST_REMEMBERED else self._find
        return find(peer, forwarded)

    def _find(self, peer: str, forwarded: str) -> str:
        client = read_address(peer)
        hops = reversed(forwarded.rsplit(",", HOPS_READ)[-HOPS_READ:])
        while client is not None and self._is_proxy(client):
            hop = read_address(next(hops, ""))
            if hop is None:
                break
            client = hop
        return _name(client)

    def _is_proxy(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _name(address: Address | None) -> str:
    if address is None or address.is_loopback:
        return ""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, IPV6_CLIENT_BITS), strict=False))
    return str(address)
