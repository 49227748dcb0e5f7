"""Who asks, by address, and how much of what there is each may take."""

import ipaddress
from collections import Counter
from functools import lru_cache


@lru_cache(4096)
def client_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the network of 64 bits that IPv6 gives a customer."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # a name of a test, or nothing
        return address
    if parsed.version == 4:
        return address
    return (
        parsed.ipv4_mapped.compressed if parsed.ipv4_mapped else str(ipaddress.ip_network((parsed, 64), strict=False))
    )


class Shares:
    """A number of places, of which no client takes more than it leaves free for the others.

    One alone gets half of them, two a third each, and there is always room for another one. A client that has none may
    take as many as are free.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._taken: Counter[str] = Counter()
        self.taken = 0

    def take(self, client: str, count: int) -> bool:
        """Take so many places, if they are to be had."""
        free, has = self._places - self.taken - count, self._taken[client]
        if free < 0 or (has and has + count > free):
            return False
        self._taken[client] += count
        self.taken += count
        return True

    def give_back(self, client: str, count: int) -> None:
        """Give places back."""
        self.taken -= count
        self._taken[client] -= count
        if not self._taken[client]:
            del self._taken[client]
