"""A PostgreSQL with PostGIS of the tests' own, on a socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "s3cret-w0rd"


def missing(what):
    """Skip by name what needs a program that is not there; fail where all must be."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed", allow_module_level=True)


@contextmanager
def running():
    """Start a cluster that asks for passwords; gives a function from user and password to an address."""
    tools = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not tools:
        missing("PostgreSQL")
    if not list(Path("/usr/share/postgresql").glob("*/extension/postgis.control")):
        missing("PostGIS")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    data, secret = folder / "data", folder / "secret"
    secret.write_text(PASSWORD)
    folder.chmod(0o755)
    if as_user:
        shutil.chown(folder, "postgres")

    def call(tool, *arguments):
        subprocess.run(
            [*as_user, str(tools[-1].with_name(tool)), "-D", str(data), *arguments],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip

    try:
        call(
            "initdb",
            "-A",
            "scram-sha-256",
            "-U",
            "postgres",
            "--pwfile",
            str(secret),
            "-E",
            "UTF8",
            "--no-sync",
        )
        options = f"-c listen_addresses='' -k {folder} -c fsync=off"
        call("pg_ctl", "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield lambda password=PASSWORD: f"postgresql://postgres:{password}@/postgres?host={folder}"
        finally:
            call("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
