"""Services that alerts are told to: one that listens, one that refuses, one that never answers."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Service:
    """What a listening service was told; `told` is set with each message."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.messages: list[dict[str, Any]] = []
        self.is_sent = threading.Event()


@contextmanager
def listening_service() -> Iterator[Service]:
    """An HTTP server that takes apprise's JSON notifications and answers with the status it has."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.messages.append(json.loads(body))
            self.send_response(service.status)
            self.end_headers()
            service.is_sent.set()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    service.url = f"json://127.0.0.1:{server.server_port}/canary-path"
    yield service
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def hanging_service(within_s: float) -> Iterator[str]:
    """A server that takes every connection and never answers; its URL tells apprise for how long to wait."""
    listens = socket.socket()
    listens.bind(("127.0.0.1", 0))
    listens.listen(64)
    yield f"json://127.0.0.1:{listens.getsockname()[1]}/?cto={within_s}&rto={within_s}"
    listens.close()
