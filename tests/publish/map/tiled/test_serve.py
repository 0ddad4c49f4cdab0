"""The server of tiled maps: ranges as RFC 9110 has them, one folder, one computer."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from gis.errors import FibreError
from gis.publish.map.tiled import serve

CONTENTS = bytes(range(256)) * 40


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "نقشه map"
    (place / "below").mkdir(parents=True)
    (place / "index.html").write_text("<p>map", "utf-8")
    (place / "survey.bin").write_bytes(CONTENTS)
    (place / "below" / "style.css").write_text("p{}", "utf-8")
    (place / ".hidden").write_text("secret", "utf-8")
    (place / "empty.bin").write_bytes(b"")
    (tmp_path / "outside.txt").write_text("secret", "utf-8")
    return place


@contextlib.contextmanager
def running(folder):
    with serve.server(folder) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield serving
        finally:
            serving.shutdown()
            thread.join()


@pytest.fixture
def ask(folder):
    with running(folder) as serving:

        def request(path, method="GET", **headers):
            connection = http.client.HTTPConnection(serve.HOST, serving.server_address[1], timeout=10)
            try:
                connection.putrequest(method, path, skip_host="Host" in headers)
                for name, value in headers.items():
                    connection.putheader(name, value)
                connection.endheaders()
                answer = connection.getresponse()
                return answer.status, answer.headers, answer.read()
            finally:
                connection.close()

        yield request


def test_sends_files_whole(ask):
    status, headers, body = ask("/survey.bin")
    assert (status, body) == (200, CONTENTS)
    assert headers["Accept-Ranges"] == "bytes"
    assert ask("/")[2] == ask("/index.html?abc")[2] == b"<p>map"
    assert ask("/")[1]["Content-Type"] == "text/html; charset=utf-8"
    assert ask("/below/style.css")[2] == b"p{}"
    assert ask("/empty.bin")[::2] == (200, b"")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("0-0", 0, 0),
        ("100-355", 100, 355),
        ("10239-99999", 10239, 10239),
        ("10000-", 10000, 10239),
        ("-40", 10200, 10239),
        ("-99999", 0, 10239),
    ],
)
def test_sends_ranges(ask, asked, first, last):
    status, headers, body = ask("/survey.bin", Range=f"bytes={asked}")
    assert status == 206
    assert body == CONTENTS[first : last + 1]
    assert headers["Content-Range"] == f"bytes {first}-{last}/10240"
    assert headers["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", ["10240-", "99999-100000", "-0"])
def test_says_where_a_range_cannot_be(ask, asked):
    status, headers, _ = ask("/survey.bin", Range=f"bytes={asked}")
    assert status == 416
    assert headers["Content-Range"] == "bytes */10240"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=0-1,5-6", "rows=1-2", "bytes=-", "bytes=x-y", f"bytes={'9' * 40}-"]
)
def test_ignores_ranges_it_does_not_know(ask, asked):
    status, _, body = ask("/survey.bin", Range=asked)
    assert (status, len(body)) == (200, len(CONTENTS))


def test_tells_of_a_file_without_sending_it(ask):
    status, headers, body = ask("/survey.bin", "HEAD", Range="bytes=0-9")
    assert (status, headers["Content-Length"], body) == (206, "10", b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/below/../../outside.txt",
        "/..%2foutside.txt",
        "/..\\outside.txt",
        "/.hidden",
        "/below",
        "/below/",
        "/link.txt",
        "/up/outside.txt",
        "/none",
        "/survey.bin%00",
        "/survey.bin/x",
        "/" + "a" * 5000,
        "*",
    ],
)
def test_keeps_to_its_folder(ask, folder, path):
    (folder / "link.txt").symlink_to(folder.parent / "outside.txt")
    (folder / "up").symlink_to(folder.parent)
    status, _, body = ask(path)
    assert status in {404, 400}
    assert b"secret" not in body


def test_takes_no_other_method(ask, folder):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask("/survey.bin", method)[0] == 501
    assert (folder / "survey.bin").read_bytes() == CONTENTS


@pytest.mark.parametrize("host", ["evil.example:80", "evil.example", "127.0.0.1.evil.example:80", ""])
def test_answers_only_those_who_know_where_they_are(ask, host):
    assert ask("/", Host=host)[0] == 403


def test_listens_on_this_computer_only(folder):
    with serve.server(folder) as serving:
        assert serving.server_address[0] == "127.0.0.1"
        assert serving.address == f"http://127.0.0.1:{serving.server_address[1]}/"


def test_many_at_once(folder):
    with running(folder) as serving:
        bodies = []

        def fetch(first):
            connection = http.client.HTTPConnection(serve.HOST, serving.server_address[1], timeout=10)
            for offset in range(first, first + 50):
                connection.request("GET", "/survey.bin", headers={"Range": f"bytes={offset}-{offset + 9}"})
                bodies.append(connection.getresponse().read() == CONTENTS[offset : offset + 10])
            connection.close()

        threads = [threading.Thread(target=fetch, args=(n * 100,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(bodies) == 400
    assert all(bodies)


def test_says_what_is_wrong(folder, tmp_path):
    with pytest.raises(FibreError, match=r"holds no index\.html; name the folder that `fibre map` wrote"):
        serve.server(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(FibreError, match="another program listens there") as raised:
            serve.server(folder, port)
        assert "برنامهٔ دیگری" in raised.value.message("fa")
    with pytest.raises(FibreError, match="from 0 to 65535"):
        serve.server(folder, 70000)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for another process")
def test_serves_until_it_is_told_to_end(folder):
    # A shell that starts the tests in the background has its children ignore SIGINT.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heard}; from gis.publish.map.tiled import serve; serve.serve({str(folder)!r})"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    ) as process:
        line = process.stderr.readline()
        port = int(line.split("http://127.0.0.1:")[1].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=10):
            pass
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(10) == 0
    assert rest == ""
