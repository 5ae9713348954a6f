"""A receiver of webhooks: a real HTTP server on this machine."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# What a receiver answers: the status, and headers beside it.
Reply = tuple[int, dict[str, str]]


@dataclass
class Receiver:
    """Takes every POST, keeps it, and answers what `replies` says, then 204."""

    scheme: str = "http"
    tls: ssl.SSLContext | None = None
    replies: list[Reply] = field(default_factory=list)
    taken: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    # Called before it answers, with the connection: to be slow or to break off.
    before: Callable[[socket.socket], None] | None = None
    body: bytes = b""
    problems: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> Receiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                receiver.taken.append((self.path, dict(self.headers.items()), body))
                if receiver.before is not None:
                    receiver.before(self.connection)
                reply = receiver.replies.pop(0) if receiver.replies else (204, {})
                self.send_response(reply[0])
                for name, value in reply[1].items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(receiver.body)

            def do_GET(self) -> None:
                receiver.taken.append((self.path, dict(self.headers.items()), b""))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing: the tests read `taken`."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *args: Any) -> None:
                """A sender that hangs up is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def address(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


def certificate_for(name: str, folder: Path) -> tuple[Path, Path]:
    """Make a certificate of *name* that vouches for itself; return it and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            f"/CN={name}",
            "-addext",
            f"subjectAltName=DNS:{name}",
            "-out",
            str(certificate),
            "-keyout",
            str(key),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
