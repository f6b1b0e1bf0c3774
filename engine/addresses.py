"""Where `http` steps may go: the operator's allow-list, and addresses that are refused whatever it says.

A name is looked up once. What is checked here is what is connected to, so that a name which answers differently
the next time leads nowhere else.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
LookUp = Callable[[str, int], Sequence[str]]
"""The addresses of a host's name, best first. Raises OSError."""

_ALWAYS_REFUSED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), what)
    for network, what in (
        ("169.254.0.0/16", "a link-local address, where clouds keep credentials of machines"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("100.100.100.200", "a cloud's metadata service"),
        ("168.63.129.16", "a cloud's metadata service"),
        ("192.0.0.192", "a cloud's metadata service"),
        ("fd00:ec2::254", "a cloud's metadata service"),
        ("fd20:ce::254", "a cloud's metadata service"),
        ("0.0.0.0/8", "no address of a single host"),
        ("::/128", "no address of a single host"),
        ("224.0.0.0/4", "a multicast address"),
        ("ff00::/8", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)

_TRANSLATED = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
"""NAT64 and SIIT: the last four bytes are an IPv4 address, which is where packets really go."""


class Refused(Exception):
    """A host that may not be asked; the text is a sentence for people, which says what to do."""


@dataclass(frozen=True, slots=True)
class AllowList:
    """Names of hosts, such as "deploy.internal" and "*.internal", and networks. Empty: everything is allowed."""

    names: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.names or self.networks)

    def names_host(self, host: str) -> bool:
        return any(host.endswith(name[1:]) if name.startswith("*.") else host == name for name in self.names)

    def holds(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def read_allow_list(text: str) -> AllowList:
    """An allow-list from text, entries separated by commas. ValueError names the entry that is none."""
    names: list[str] = []
    networks: list[Network] = []
    for entry in filter(None, (part.strip().lower() for part in text.split(","))):
        network = _network(entry)
        if network is not None:
            networks.append(network)
        elif _is_name(entry):
            names.append(entry.rstrip("."))
        else:
            raise ValueError(
                f"'{entry[:80]}' is neither a host (deploy.internal), nor the hosts below one (*.internal), "
                "nor an address or a network (10.0.0.0/8)"
            )
    return AllowList(tuple(names), tuple(networks))


def _network(entry: str) -> Network | None:
    try:
        return ip_network(entry.removeprefix("[").removesuffix("]"), strict=False)
    except ValueError:
        return None


def _is_name(entry: str) -> bool:
    labels = entry.removeprefix("*.").rstrip(".").split(".")
    return all(label and all(sign.isalnum() or sign in "-_" for sign in label) for label in labels)


def look_up(host: str, port: int) -> tuple[str, ...]:
    """What the system says about a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Route:
    """A host, and the checked addresses to connect to, best first. It `is_public` when anybody could reach it."""

    host: str
    addresses: tuple[str, ...]
    is_public: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """What a worker's `http` steps may reach. `look_up` is asked exactly once for each request or redirect."""

    allow: AllowList = AllowList()
    look_up: LookUp = look_up

    def route(self, host: str, port: int, coming_from: Route | None = None) -> Route:
        """The way to a host, perhaps by a redirect from another. Raises Refused, and OSError for unknown names."""
        plain = host.lower().rstrip(".")
        found = tuple(_address(text) for text in self.look_up(host, port))
        if not found:
            raise OSError("the name has no address")
        is_named = self.allow.names_host(plain)
        for address in found:
            _refuse_never_allowed(host, address)
            if not (self.allow.is_empty or is_named or self.allow.holds(address)):
                raise Refused(
                    f"{host} ({address}) is not among the hosts that steps may ask. "
                    "Whoever runs the worker can add it to HANDRAIL_HTTP_ALLOW."
                )
        is_public = all(meaning.is_global for address in found for meaning in _meanings(address))
        if coming_from is not None and coming_from.is_public and not is_public and self.allow.is_empty:
            raise Refused(
                f"{coming_from.host} is public and redirects to {host}, which is not. Ask {host} directly, "
                "or let whoever runs the worker set HANDRAIL_HTTP_ALLOW."
            )
        return Route(host, tuple(map(str, found)), is_public)


def _address(text: str) -> Address:
    """An address, an IPv4 one also when it is written as IPv6 (::ffff:10.0.0.1)."""
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _meanings(address: Address) -> Iterator[Address]:
    """The address, and any IPv4 address that it stands for."""
    yield address
    if isinstance(address, IPv6Address):
        if any(address in network for network in _TRANSLATED):
            yield IPv4Address(address.packed[-4:])
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield from address.teredo
        if not int(address) >> 32 and int(address) > 1:
            yield IPv4Address(int(address))


def _refuse_never_allowed(host: str, address: Address) -> None:
    for meaning in _meanings(address):
        for network, what in _ALWAYS_REFUSED:
            if meaning in network:
                is_itself = host.strip("[]") == str(address)
                raise Refused(
                    f"{host} is {what}, which no step may ask."
                    if is_itself
                    else f"{host} leads to {address}, {what}, which no step may ask."
                )
