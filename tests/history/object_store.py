"""An object store on 127.0.0.1 that speaks S3's own requests for reading: lists, heads, whole and ranged gets."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "bucket"


class Objects(ThreadingHTTPServer):
    """The files under `root` as the objects of one bucket; `asked` is what came in, `down` answers nothing but 503."""

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"s3://key:top-secret@{BUCKET}/history?endpoint_override={host!s}:{port}&scheme=http&region=us-east-1"


class _Handler(BaseHTTPRequestHandler):
    server: Objects
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._object(with_body=False)

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            self._list(query["prefix"][0] if "prefix" in query else "", query.get("delimiter", [""])[0])
        else:
            self._object(with_body=True)

    def log_message(self, format: str, *args: object) -> None:
        self.server.asked.append(format % args)

    def _list(self, prefix: str, delimiter: str) -> None:
        keys = sorted(str(path.relative_to(self.server.root)) for path in self.server.root.rglob("*") if path.is_file())
        keys = [key for key in keys if key.startswith(prefix)]
        folders = {prefix + key[len(prefix) :].split("/")[0] + "/" for key in keys if "/" in key[len(prefix) :]}
        shown = [key for key in keys if not delimiter or "/" not in key[len(prefix) :]]
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2024-08-08T00:00:00.000Z</LastModified>"
            f"<Size>{(self.server.root / key).stat().st_size}</Size></Contents>"
            for key in shown
        )
        if delimiter:
            rows += "".join(f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in folders)
        head = '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        body = f"{head}<IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()
        self._answer(200, body, "application/xml")

    def _object(self, *, with_body: bool) -> None:
        key = unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}").lstrip("/")
        path = self.server.root / key
        if not key or not path.is_file():
            self._answer(200 if not key else 404, b"", "application/xml")
            return
        data, ranged = path.read_bytes(), self.headers.get("Range")
        if ranged is None:
            self._answer(200, data, "binary/octet-stream", with_body=with_body)
            return
        first, _, last = ranged.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last) + 1 if last else None]
        self._answer(206, part, "binary/octet-stream", (int(first), len(data)), with_body=with_body)

    def _answer(
        self, code: int, body: bytes, kind: str, place: tuple[int, int] | None = None, *, with_body: bool = True
    ) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Thu, 08 Aug 2024 00:00:00 GMT")
        if place is not None:
            self.send_header("Content-Range", f"bytes {place[0]}-{place[0] + len(body) - 1}/{place[1]}")
        self.end_headers()
        if with_body:
            self.wfile.write(body)


@contextmanager
def objects_of(root: Path) -> Iterator[Objects]:
    """The server, while somebody reads from it."""
    server = Objects(root)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
