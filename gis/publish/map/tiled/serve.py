"""
Shows the folder of a tiled map on this computer: a server that only this computer reaches.

A page of tiles asks for parts of files, which browsers do not do for files on a disk. The server listens on 127.0.0.1,
answers GET and HEAD for files of the one folder, whole or by a range of bytes (RFC 9110, section 14), and nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import http.server
import re
import socketserver
import sys
import webbrowser
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote, urlsplit

from gis.errors import FibreError
from gis.language import Text, harmless, preferred

if TYPE_CHECKING:
    from typing import NoReturn

HOST = "127.0.0.1"
_PAGE = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".pmtiles": "application/vnd.pmtiles",
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_COPIED = 1 << 18

_NO_PAGE = Text(
    "{folder}: holds no {page}; name the folder that `fibre map` wrote",
    "{folder}: {page} ندارد؛ پوشه‌ای را بدهید که fibre map نوشته است",
)
_TAKEN = Text(
    "port {port} cannot be listened on: {why}; name another, or 0 for any that is free",
    "روی درگاه {port} نمی‌توان گوش داد: {why}؛ درگاه دیگری بدهید، یا 0 برای هر درگاه آزاد",
)
_SERVING = Text(
    "{folder} is shown at {address} (only on this computer); press Ctrl+C to end",
    "{folder} در {address} دیده می‌شود (تنها روی همین رایانه)؛ برای پایان Ctrl+C را بزنید",
)


class Server(http.server.ThreadingHTTPServer):
    """
    A server of one folder on 127.0.0.1.

    Attributes
    ----------
    address
        Where the page is shown.
    """

    daemon_threads = True

    @property
    def address(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self.server_address[1]}/"

    def server_bind(self) -> None:
        """Bind without asking a name server what this computer is called, as the standard library's does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about a browser that has hung up, as it does when the map moves on."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers one browser."""

    protocol_version = "HTTP/1.1"
    server_version = "fibre"
    sys_version = ""
    timeout = 60

    def __init__(self, *args: Any, folder: Path, **kwargs: Any) -> None:
        self._folder = folder
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """Send a file or a part of it."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Tell of a file."""
        self._answer(body=False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Say nothing: the terminal is the user's."""

    def _answer(self, *, body: bool) -> None:
        # A page from elsewhere whose name has been pointed at this computer says so in its Host.
        if self.headers.get("Host", "").rpartition(":")[0] not in {HOST, "localhost"}:
            return self._refuse(HTTPStatus.FORBIDDEN)
        path = self._file()
        if path is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        with contextlib.ExitStack() as stack:
            try:
                stream = stack.enter_context(path.open("rb"))
            except OSError:
                return self._refuse(HTTPStatus.NOT_FOUND)
            size = stream.seek(0, 2)
            try:
                span = _span(self.headers.get("Range"), size)
            except ValueError:
                return self._refuse(
                    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{size}"}
                )
            first, last = span or (0, size)
            self.send_response(HTTPStatus.PARTIAL_CONTENT if span else HTTPStatus.OK)
            if span:
                self.send_header("Content-Range", f"bytes {first}-{last - 1}/{size}")
            self._tell(_TYPES.get(path.suffix, "application/octet-stream"), last - first)
            if body:
                stream.seek(first)
                _copy(stream, self.wfile, last - first)
        return None

    def _refuse(self, status: HTTPStatus, headers: dict[str, str] | None = None) -> None:
        text = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self._tell("text/plain; charset=utf-8", len(text))
        if self.command != "HEAD":
            self.wfile.write(text)

    def _tell(self, kind: str, length: int) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()

    def _file(self) -> Path | None:
        """Give the file that is asked for, where it is one of the folder's and not hidden."""
        names = unquote(urlsplit(self.path).path).split("/")[1:]
        if names and names[-1] == "":
            names[-1] = _PAGE
        if not names or any(
            name in {"", ".", ".."} or name[0] == "." or "\\" in name or "\0" in name for name in names
        ):
            return None
        try:
            path = self._folder.joinpath(*names).resolve(strict=True)
        except (OSError, ValueError):
            return None
        return path if path.is_relative_to(self._folder) and path.is_file() else None


def _span(asked: str | None, size: int) -> tuple[int, int] | None:
    """Give the first byte of a range and the one after the last; None for the whole; ValueError where none is there."""
    if asked is None:
        return None
    match = _RANGE.fullmatch(asked.strip())
    if not match or match.group(0) == "bytes=-":
        return None  # several ranges or another unit: the whole may be sent
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None  # no range at all
    start = int(first) if first else size - min(int(last), size)
    end = min(int(last) + 1, size) if first and last else size
    if start >= end:
        raise ValueError(asked)
    return start, end


def _copy(stream: BinaryIO, target: Any, length: int) -> None:
    while length:
        piece = stream.read(min(_COPIED, length))
        if not piece:
            break
        target.write(piece)
        length -= len(piece)


def server(folder: str | Path, port: int = 0) -> Server:
    """
    Make a server for a folder.

    Parameters
    ----------
    folder
        What `gis.publish.map.tiled.tiles.write` wrote.
    port
        Where to listen; 0 takes one that is free.

    Returns
    -------
    Server
        Bound to 127.0.0.1 and listening; ``serve_forever`` answers.

    Raises
    ------
    FibreError
        The folder holds no page, or the port cannot be listened on.
    """
    place = Path(folder)
    if not (place / _PAGE).is_file():
        raise FibreError(_NO_PAGE, folder=place, page=_PAGE)
    try:
        return Server((HOST, port), partial(_Handler, folder=place.resolve()))
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) and error.errno != errno.EADDRINUSE else None
        raise FibreError(_TAKEN, port=str(port), why=why or _why(error)) from error


def _why(error: Exception) -> Text | str:
    if isinstance(error, OSError):
        return Text("another program listens there", "برنامهٔ دیگری روی آن است")
    return Text("a port is a number from 0 to 65535", "درگاه عددی از 0 تا 65535 است")


def serve(folder: str | Path, port: int = 0, *, open_browser: bool = False) -> NoReturn:
    """
    Show a folder until Ctrl+C is pressed.

    Parameters
    ----------
    folder
        What `gis.publish.map.tiled.tiles.write` wrote.
    port
        Where to listen; 0 takes one that is free.
    open_browser
        Whether to open the page in the user's browser.

    Raises
    ------
    FibreError
        As for `server`.
    SystemExit
        With status 0, on Ctrl+C.
    """
    with server(folder, port) as serving:
        line = _SERVING.render(preferred(), folder=folder, address=serving.address)
        with contextlib.suppress(KeyboardInterrupt):
            sys.stderr.write(f"{harmless(line)}\n")
            sys.stderr.flush()
            if open_browser:
                webbrowser.open(serving.address)
            serving.serve_forever()
    raise SystemExit(0)
