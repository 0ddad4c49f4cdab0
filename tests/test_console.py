"""What reaches a terminal is letters: no value of a delivery steers it, in tables, lines of errors, CSV or JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.language import Text, harmless

ESCAPE = "\x1b]0;owned\x07\x1b[31m\x9b31m\x08\x7f\u202e\u2069\u2067"
STEERS = "\x1b\x07\x08\x7f\x9b\u202a\u202b\u202c\u202d\u202e"
LINE = {"type": "LineString", "coordinates": [[51.6, 32.6], [51.61, 32.6]]}


def geojson(path, **properties):
    feature = {"type": "Feature", "geometry": LINE, "properties": properties}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    return path


def on_terminal(*arguments, cwd):
    """Run ``fibre`` with standard output and standard error on terminals; give what came of both."""
    pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gis", *map(str, arguments)],
        cwd=cwd, stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
        env={**os.environ, "TERM": "dumb", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # Linux says so that the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(leader)
    return process.wait(60), shown.decode("utf-8")


def clean(text):
    """Leave out what rich itself sends to show and hide its bar."""
    for own in ("\x1b[?25l", "\x1b[?25h", "\x1b[2K", "\x1b[1A", "\r"):
        text = text.replace(own, "")
    return text


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--format", "csv"],
        ["check", "--format", "json"],
        ["check", "--format", "sarif"],
        ["check"],
        ["inspect"],
        ["measure", "--format", "csv", "--lang", "fa"],
    ],
    ids=" ".join,
)
def test_values_and_columns_do_not_steer_a_terminal(tmp_path, arguments):
    name = f"survey{ESCAPE}.geojson".replace("/", "")
    source = geojson(tmp_path / name, route_id=f"R{ESCAPE}", **{f"column{ESCAPE}": 1})
    status, shown = on_terminal(*arguments, source, cwd=tmp_path)
    assert status in (0, 1), shown
    assert not set(clean(shown)) & set(STEERS)


def member(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(f"../{ESCAPE}.geojson", "{}")
    return ["check", "a.zip"]


def layer(tmp_path):
    geojson(tmp_path / "routes.geojson")
    (tmp_path / "p.toml").write_text(
        '[[layers.routes]]\nsource = "routes.geojson"\nlayer = '
        + json.dumps(ESCAPE.replace("\x7f", ""))
        + "\n"
    )
    return ["check", "p.toml"]


def key(tmp_path):
    (tmp_path / "p.toml").write_text(json.dumps(ESCAPE.replace("\x7f", "")) + " = 1\n")
    return ["check", "p.toml"]


def database(_):
    return ["check", f"postgresql://u:p@127.0.0.1:1/{ESCAPE}"]


def missing(_):
    return ["check", f"{ESCAPE}.gpkg"]


def code(_):
    return ["explain", ESCAPE]


def option(_):
    return ["check", f"--{ESCAPE}"]


CASES = [member, layer, key, database, missing, code, option]


@pytest.mark.parametrize(
    ("case", "lang"), [*((case, "en") for case in CASES), (member, "fa"), (database, "fa")]
)
def test_lines_of_errors_do_not_steer_a_terminal(fibre, tmp_path, case, lang):
    done = fibre(*case(tmp_path), "--lang", lang, check=2)
    assert done.stderr.count("\n") == 1
    assert not set(done.stderr) & set(STEERS)
    assert balanced(done.stderr)


def test_a_program_that_reads_the_output_gets_it_as_it_is(fibre, tmp_path):
    source = geojson(tmp_path / "survey.geojson", route_id="R\u202e1")
    done = fibre("measure", source, "--format", "csv", check=0)
    assert "R\u202e1" in done.stdout


def test_a_workbook_is_not_sent_to_a_terminal(tmp_path):
    source = geojson(tmp_path / "survey.geojson", route_id="R1")
    status, shown = on_terminal("measure", "--format", "xlsx", source, cwd=tmp_path)
    assert status == 2
    assert "name a file with --out" in clean(shown)


def balanced(text):
    for line in text.split("\n"):
        depth = 0
        for letter in line:
            depth += (letter in "\u2066\u2067\u2068") - (letter == "\u2069")
            if depth < 0:
                return False
        if depth:
            return False
    return True


@given(st.text(alphabet=st.sampled_from(ESCAPE + "aب\u200c\u2068\u2069\n\t۱") | st.characters()))
def test_no_text_steers_after_cleaning(text):
    cleaned = harmless(text)
    assert balanced(cleaned)
    assert not any(unicodedata.category(letter) == "Cc" and letter not in "\n\t\r" for letter in cleaned)
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e")
    assert harmless(cleaned) == cleaned


@given(st.text(alphabet=st.sampled_from("aب\u2067\u2068\u2069")))
def test_no_value_leaves_its_isolate(value):
    line = Text("{v} end", "{v} پایان").render("fa", v=value)
    assert line.endswith("\u2069 پایان")
    assert balanced(line)


@pytest.mark.parametrize("sound", ["مسیر\u200cها", "\u2068a\u2069 ب", "a\tb\nc", "\u200e+98", "é日本"])
def test_persian_and_isolates_in_pairs_stay(sound):
    assert harmless(sound) == sound
