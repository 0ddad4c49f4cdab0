"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
import textwrap

import pytest
from support.plan import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def blocks(section):
    """Give the blocks of code of a section: the file that the first line of each names, and the code."""
    found = re.findall(r"^( *)```(?:python|toml)\n(.*?)^ *```$", SECTIONS[section], re.MULTILINE | re.DOTALL)
    codes = [textwrap.dedent(code) if indent else code for indent, code in found]
    return {(match[1] if (match := re.match(r"# ([\w./]+)", code)) else ""): code for code in codes}


@pytest.fixture
def copy(tmp_path):
    """The repository as far as the recipes go, and what runs in it."""
    for name in ("gis", "layers", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )

    return tmp_path, run


def put(folder, code):
    """Write each block into the file that it names: at its end, or in the place that its first line names."""
    for name, block in code.items():
        path = folder / name
        before = path.read_text("utf-8") if path.exists() else ""
        head, _, rest = block.partition("\n")
        if place := re.search(r", in (\w+)$", head):
            opening = f"{place[1]} = (\n"
            assert opening in before
            path.write_text(before.replace(opening, f"{opening}{rest.rstrip()}\n"), "utf-8")
        else:
            path.write_text(f"{before}\n\n{rest}" if before else rest, "utf-8")


def held(run, *files):
    """What the recipe writes is held to the style and the types like all else."""
    for tool in (["ruff", "check", "--no-cache"], ["ruff", "format", "--check", "--no-cache"]):
        done = run("-m", *tool, *files)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_check_is_added(copy):
    folder, run = copy
    code = blocks("A check")
    assert set(code) >= {"gis/checks/rules/attributes.toml", "gis/checks/rules/attributes.py"}
    put(folder, code)
    (test,) = (name for name in code if name.startswith("tests/"))
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", test)
    assert done.returncode == 0, done.stdout
    done = run("-m", "gis", "explain", "A499")
    assert "placeholder-id" in done.stdout
    words = "tests/checks/test_catalogue.py"
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", words, "-k", "named_like or fields or remedy")
    assert done.returncode == 0, done.stdout
    held(run, "gis/checks/rules/attributes.py", test)


def test_a_format_is_added(copy):
    folder, run = copy
    code = blocks("A format")
    put(folder, code)
    (reader,) = (name for name in code if name.startswith("gis/delivery/readers/"))
    name = reader.rpartition("/")[2].removesuffix(".py")
    registry = folder / "gis" / "delivery" / "readers" / "__init__.py"
    listed = registry.read_text("utf-8")
    listed = listed.replace("    ofds,\n", f"    ofds,\n    {name},\n")
    registry.write_text(listed.replace('    "ofds",\n', f'    "ofds",\n    "{name}",\n'), "utf-8")
    (test,) = (name for name in code if name.startswith("tests/"))
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", test)
    assert done.returncode == 0, done.stdout
    track = folder / "routes.plt"
    track.write_text("OziExplorer Track Point File Version 2.1\n\n\n\n\n\n32.6,51.6\n32.61,51.6\n")
    done = run("-m", "gis", "measure", track, "--format", "json")
    assert done.returncode == 0, done.stderr
    held(run, reader, registry, "gis/delivery/files/identify.py", test)


def test_a_dialect_is_added(copy):
    folder, run = copy
    code = blocks("A dialect")
    put(folder, code)
    (test,) = (name for name in code if name.startswith("tests/"))
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", test)
    assert done.returncode == 0, done.stdout
    held(run, test)


def test_a_message_is_written():
    (code,) = blocks("A message").values()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_files_that_are_named_are_there():
    made = {name for section in ("A check", "A format", "A dialect") for name in blocks(section)}
    named = set(re.findall(r"`((?:gis|tests|docs)/[\w/.]+)`", TEXT)) - made
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_tests_that_are_named_to_be_run_are_there():
    for file, word in re.findall(r"-m pytest (tests/\S+)(?: -k (\w+))?", TEXT):
        assert "def test_" in (ROOT / file).read_text("utf-8")
        assert not word or word in (ROOT / file).read_text("utf-8")
