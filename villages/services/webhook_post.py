"""One POST to an address that others chose: short, to where it was checked, unread."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult

from villages.models import WebhookOutcome
from villages.services.webhook_addresses import port_of

# An attempt ends after this, whatever the other side does. A receiver puts the message
# by and works afterwards.
DEADLINE_S = 10.0
# How long one of several addresses may take to be reached.
CONNECT_S = 4.0
# So much of an answer is taken off the line, and thrown away, before it is cut.
MOST_READ_BYTES = 16 * 1024

_OK = range(200, 300)
_REDIRECTS = range(300, 400)
_GONE = 410


@dataclass(frozen=True)
class Answer:
    """How an attempt ended, and the least of what the other side said."""

    outcome: WebhookOutcome
    status: int | None = None
    retry_after_s: float = 0.0


class _Connection(http.client.HTTPConnection):
    """A connection to one of *addresses*; the name is for the certificate only."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        addresses: Sequence[IPv4Address | IPv6Address],
        tls: ssl.SSLContext | None,
        ends_s: float,
    ) -> None:
        super().__init__(host, port)
        self._addresses = addresses
        self._tls = tls
        self._ends_s = ends_s

    def connect(self) -> None:
        failure: OSError = TimeoutError()
        for address in self._addresses:
            left_s = self._ends_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            self.sock = socket.socket(family, socket.SOCK_STREAM)
            self.sock.settimeout(min(CONNECT_S, left_s))
            try:
                self.sock.connect((str(address), self.port))
                break
            except OSError as error:
                self.sock.close()
                failure = error
        else:
            raise failure
        self.sock.settimeout(max(0.1, self._ends_s - time.monotonic()))
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def cut(self) -> None:
        """End whatever goes on, from another thread."""
        sock = self.sock
        if sock is not None:
            try:
                # Of the plain socket: that of TLS would forget its keys, in the middle
                # of what the other thread reads with them.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                return


def post(
    parts: SplitResult,
    *,
    addresses: Sequence[IPv4Address | IPv6Address],
    body: bytes,
    headers: Mapping[str, str],
    tls: ssl.SSLContext,
    deadline_s: float = DEADLINE_S,
) -> Answer:
    """POST *body* to *parts* at one of *addresses*. Follows nothing, keeps nothing."""
    ends_s = time.monotonic() + deadline_s
    connection = _Connection(
        parts.hostname or "",
        port_of(parts),
        addresses=addresses,
        tls=tls if parts.scheme == "https" else None,
        ends_s=ends_s,
    )
    # A time-out of the socket begins anew with every byte of a slow answer.
    watch = threading.Timer(deadline_s, connection.cut)
    watch.daemon = True
    watch.start()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body, {"Host": parts.netloc, **headers})
        response = connection.getresponse()
        answer = _answer(response)
        _take_off_the_line(response)
    except (OSError, http.client.HTTPException, ValueError) as error:
        is_late = time.monotonic() >= ends_s
        return Answer(WebhookOutcome.TIMEOUT if is_late else _outcome_of(error))
    else:
        return answer
    finally:
        watch.cancel()
        connection.close()


def _answer(response: http.client.HTTPResponse) -> Answer:
    status = response.status
    if status in _OK:
        return Answer(WebhookOutcome.DELIVERED, status)
    if status == _GONE:
        return Answer(WebhookOutcome.GONE, status)
    if status in _REDIRECTS:
        return Answer(WebhookOutcome.REDIRECT, status)
    told = response.headers.get("Retry-After", "")
    seconds = min(float(told), 86_400.0) if told.isascii() and told.isdigit() else 0.0
    return Answer(WebhookOutcome.STATUS, status, seconds)


def _take_off_the_line(response: http.client.HTTPResponse) -> None:
    """Let a receiver finish its answer: closing on it would be an error to it."""
    try:
        response.read(MOST_READ_BYTES)
    except (OSError, http.client.HTTPException, ValueError):
        # What it answered is known already.
        return


def _outcome_of(error: Exception) -> WebhookOutcome:
    if isinstance(error, TimeoutError):
        return WebhookOutcome.TIMEOUT
    if isinstance(error, ssl.SSLError):
        return WebhookOutcome.TLS
    # RemoteDisconnected is both; it said nothing.
    if isinstance(error, OSError):
        return WebhookOutcome.UNREACHABLE
    return WebhookOutcome.GARBLED
