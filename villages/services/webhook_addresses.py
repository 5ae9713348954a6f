"""Which addresses the server itself may call, for whoever gives it one.

Whoever can make a webhook chooses where this server, which stands inside the office's
network, connects to. So every address that a name leads to must be public, unless the
office allows it in KUKAR_WEBHOOK_PRIVATE, and the connection goes to the address that
was checked: a name that leads elsewhere when it is asked a second time gains nothing.
"""

from __future__ import annotations

import re
import socket
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError

LONGEST_ADDRESS = 500
# Below are mail, remote login and the like, which no receiver of webhooks listens on.
_FIRST_FREE_PORT = 1024
_WEB_PORTS = (80, 443)

_Address = IPv4Address | IPv6Address
# Whoever speaks IPv6 alone reaches IPv4 through these: the address inside counts.
_NAT64 = ip_network("64:ff9b::/96")
# All that was ever given out to be reached from everywhere.
_GLOBAL_UNICAST = ip_network("2000::/3")
# Ways to reach an IPv4 address in another's clothes: 6to4 with its relays, and Teredo.
_TUNNELS = (
    ip_network("2002::/16"),
    ip_network("2001::/32"),
    ip_network("192.88.99.0/24"),
)


class WebhookAddressError(DomainError):
    title = gettext_noop("This address cannot be called.")


def check_address(address: str) -> SplitResult:
    """Return the parts of *address* if it has the form of one that may be called.

    Where a name leads is not looked up here: that is checked at each call.

    Raises
    ------
    WebhookAddressError
        Otherwise; it says why.
    """
    if len(address) > LONGEST_ADDRESS or not re.fullmatch(r"[!-~]+", address):
        raise WebhookAddressError(
            _("Write the address in letters without accents and without spaces.")
        )
    schemes = ("https", "http") if settings.KUKAR_WEBHOOK_HTTP else ("https",)
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise WebhookAddressError(_("This is not an address.")) from error
    if parts.scheme not in schemes or not address.startswith(f"{parts.scheme}://"):
        raise WebhookAddressError(_("The address begins with https://."))
    if not parts.hostname or parts.username is not None or parts.fragment:
        raise WebhookAddressError(
            _("The address names a server, and neither a user nor a place in the page.")
        )
    if port is not None and port not in _WEB_PORTS and port < _FIRST_FREE_PORT:
        raise WebhookAddressError(_("The port is 443, or 1024 and above."))
    try:
        literal = ip_address(parts.hostname)
    except ValueError:
        return parts
    if not _is_allowed(parts.hostname, literal):
        raise WebhookAddressError(_("This address is not public."))
    return parts


def port_of(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def addresses_to_call(host: str, port: int) -> list[_Address]:
    """Return the addresses of *host* if each of them may be called.

    Raises
    ------
    WebhookAddressError
        If one may not, or there is none. It does not say which: a name inside the
        office's network would tell outside whether it exists.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [
            ip_address(text)
            for text in dict.fromkeys(str(each[4][0]) for each in found)
        ]
    except (OSError, ValueError) as error:
        raise WebhookAddressError from error
    if not addresses or not all(_is_allowed(host, each) for each in addresses):
        raise WebhookAddressError
    return addresses


def is_public(address: _Address) -> bool:
    """Tell whether *address* can be reached from everywhere, whatever its form."""
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return False
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(IPv4Address(address.packed[-4:]))
        if address not in _GLOBAL_UNICAST:
            return False
    is_tunnel = any(
        address in net for net in _TUNNELS if net.version == address.version
    )
    return address.is_global and not address.is_multicast and not is_tunnel


def _is_allowed(host: str, address: _Address) -> bool:
    if is_public(address):
        return True
    inner = getattr(address, "ipv4_mapped", None) or address
    for place in settings.KUKAR_WEBHOOK_PRIVATE:
        network = _network(place)
        if network is None:
            if host.lower().rstrip(".") == place.lower():
                return True
        elif network.version == inner.version and inner in network:
            return True
    return False


def _network(place: str) -> IPv4Network | IPv6Network | None:
    """Return the network that *place* is; None for a name."""
    try:
        return ip_network(place)
    except ValueError:
        return None
