"""Outputs appear whole or not at all, whatever happens to the process that writes them."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from gis.errors import FibreError
from gis.publish import files


def hidden(folder):
    return sorted(entry.name for entry in folder.iterdir() if entry.name.startswith("."))


def started(code, *arguments):
    """Start a Python process and wait until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def killed(process):
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()


def test_a_set_of_files_appears_together(tmp_path):
    out = tmp_path / "maps"
    with files.Folder(out) as folder:
        folder.write("a.txt", b"a")
        folder.path("tiles/b.txt").write_bytes(b"b")
        assert not out.exists()
    assert (out / "a.txt").read_bytes() == b"a"
    assert (out / "tiles" / "b.txt").read_bytes() == b"b"
    assert folder.written == [out / "a.txt", out / "tiles/b.txt"]
    assert hidden(tmp_path) == []


def test_other_files_of_the_folder_stay(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "mine.txt").write_text("mine")
    with files.Folder(tmp_path / "maps") as folder:
        folder.write("a.txt", b"a")
    assert sorted(entry.name for entry in (tmp_path / "maps").iterdir()) == ["a.txt", "mine.txt"]


def test_an_exception_leaves_all_as_it_was(tmp_path):
    out = tmp_path / "maps"
    with files.Folder(out) as folder:
        folder.write("one.txt", b"old")

    def fail():
        with files.Folder(out) as folder:
            folder.write("one.txt", b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (out / "one.txt").read_bytes() == b"old"
    assert hidden(tmp_path) == []


def test_a_file_that_was_asked_for_and_not_written_moves_nothing(tmp_path):
    def forget():
        with files.Folder(tmp_path / "maps") as folder:
            folder.write("a.txt", b"a")
            folder.path("b.txt")

    with pytest.raises(FibreError, match="cannot be written"):
        forget()
    assert not (tmp_path / "maps").exists()


HOLDING = """
    import sys, time
    from gis.publish import files
    with files.Folder(sys.argv[1]) as folder:
        folder.write("report.json", b"half")
        print("ready", flush=True)
        time.sleep(60)
"""


def test_killed_on_the_way_the_earlier_outputs_are_whole_and_the_next_run_tidies_up(tmp_path):
    out = tmp_path / "maps"
    with files.Folder(out) as folder:
        folder.write("report.json", b"whole")
    killed(started(HOLDING, out))
    assert (out / "report.json").read_bytes() == b"whole"
    assert len(hidden(out)) == 1
    with files.Folder(out) as folder:
        folder.write("report.json", b"new")
    assert (out / "report.json").read_bytes() == b"new"
    assert hidden(tmp_path) == hidden(out) == []


def test_a_first_run_that_was_killed_is_tidied_up_too(tmp_path):
    out = tmp_path / "maps"
    killed(started(HOLDING, out))
    assert not out.exists()
    assert len(hidden(tmp_path)) == 1
    out.mkdir()
    with files.Folder(out) as folder:
        folder.write("report.json", b"new")
    assert hidden(tmp_path) == hidden(out) == []


@pytest.fixture
def mounted():
    """Mount file systems of memory, as a stick or a container's volume would be; root alone can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root mounts a file system")
    points = []

    def mount(point, *options):
        point.mkdir(exist_ok=True)
        done = subprocess.run(["mount", *options, str(point)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"this machine mounts nothing: {done.stderr.strip()}")
        points.append(point)

    yield mount
    for point in reversed(points):
        subprocess.run(["umount", str(point)], check=True)


TMPFS = ("-t", "tmpfs", "none")


def test_a_folder_that_is_a_mount_point(mounted, tmp_path):
    out = tmp_path / "stick"
    mounted(out, *TMPFS)
    for content in (b"one", b"two"):
        with files.Folder(out) as folder:
            folder.write("a.txt", content)
            folder.write("tiles/b.txt", content)
        files.write(out / "c.txt", content)
        assert [(out / name).read_bytes() for name in ("a.txt", "tiles/b.txt", "c.txt")] == [content] * 3
    assert hidden(tmp_path) == hidden(out) == []


def test_a_mount_point_within_the_folder(mounted, tmp_path):
    out = tmp_path / "maps"
    out.mkdir()
    mounted(out / "tiles", *TMPFS)
    for content in (b"one", b"two"):
        with files.Folder(out) as folder:
            folder.write("a.txt", content)
            folder.write("tiles/b.txt", content)
        assert (out / "tiles" / "b.txt").read_bytes() == content
    assert hidden(out) == hidden(out / "tiles") == []


def test_a_folder_that_is_bound_into_another(mounted, tmp_path):
    (tmp_path / "real").mkdir()
    out = tmp_path / "bound"
    mounted(out, "--bind", str(tmp_path / "real"))
    with files.Folder(out) as folder:
        folder.write("a.txt", b"a")
    assert (tmp_path / "real" / "a.txt").read_bytes() == b"a"
    assert hidden(tmp_path) == hidden(out) == []


def test_a_full_stick_is_one_line_and_what_was_there_stays(mounted, tmp_path):
    out = tmp_path / "stick"
    mounted(out, "-o", "size=256k", *TMPFS)
    with files.Folder(out) as folder:
        folder.write("a.txt", b"old")

    def write():
        with files.Folder(out) as folder:
            folder.write("a.txt", b"x" * 1_000_000)

    with pytest.raises(FibreError, match="cannot be written: No space left"):
        write()
    assert (out / "a.txt").read_bytes() == b"old"
    assert hidden(out) == []


def test_a_stick_that_cannot_be_written_is_one_line(mounted, tmp_path):
    out = tmp_path / "stick"
    mounted(out, "-o", "ro", *TMPFS)
    with pytest.raises(FibreError, match="cannot be written: Read-only file system"), files.Folder(out):
        pass


def test_a_run_that_is_still_alive_is_left_alone(tmp_path):
    out = tmp_path / "maps"
    living = started(HOLDING, out)
    try:
        before = hidden(tmp_path)
        with files.Folder(out) as folder:
            folder.write("report.json", b"mine")
        assert hidden(tmp_path) == before
        assert len(before) == 1
    finally:
        killed(living)


def test_folders_that_only_look_alike_are_never_removed(tmp_path):
    for name in (".maps-abcdefgh.part", ".maps-2024", ".mapsx-abcdefgh.part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "precious.txt").write_text("precious")
    with files.Folder(tmp_path / "maps") as folder:
        folder.write("a.txt", b"a")
    assert all((tmp_path / name / "precious.txt").exists() for name in hidden(tmp_path))
    assert len(hidden(tmp_path)) == 3


def test_killed_at_any_moment_each_file_is_one_of_one_run(tmp_path):
    writing = """
        import sys
        from gis.publish import files
        for version in range(100000):
            with files.Folder(sys.argv[1]) as folder:
                for name in ("a", "b"):
                    folder.write(name, bytes([version % 250]) * 300_000)
            if version == 1:
                print("ready", flush=True)
    """
    out = tmp_path / "maps"
    for delay in (0.0, 0.003, 0.011, 0.02):
        process = started(writing, out)
        time.sleep(delay)
        killed(process)
        for name in ("a", "b"):
            content = (out / name).read_bytes()
            assert len(content) == 300_000
            assert len(set(content)) == 1


def test_a_full_disk_is_one_line_and_the_old_file_stays(tmp_path):
    target = tmp_path / "big.bin"
    files.write(target, b"old")
    code = """
        import resource, signal, sys
        from gis.errors import FibreError
        from gis.publish import files
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            files.write(sys.argv[1], b"x" * 100_000)
        except FibreError as error:
            print(error.message())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(target)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{target}: cannot be written: ")
    assert done.stdout.count("\n") == 1
    assert target.read_bytes() == b"old"
    assert hidden(tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc, which nobody can write to")
def test_a_place_that_cannot_be_written_is_one_line():
    with pytest.raises(FibreError, match=r"/proc/report\.html: cannot be written: "):
        files.write("/proc/report.html", b"")
    with pytest.raises(FibreError, match=r"/proc/maps: cannot be written: "), files.Folder("/proc/maps"):
        pass


def test_what_stands_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FibreError, match="is a file, and a folder"), files.Folder(tmp_path / "file"):
        pass
    with pytest.raises(FibreError, match="is no ordinary file"):
        files.write(tmp_path / "folder", b"")
    with pytest.raises(FibreError, match=r"its folder .* does not exist"):
        files.write(tmp_path / "none" / "a.txt", b"")
    with (
        pytest.raises(FibreError, match=r"its folder .* does not exist"),
        files.Folder(tmp_path / "none" / "maps"),
    ):
        pass
    with pytest.raises(FibreError, match=r"its folder .* does not exist"):
        files.write(tmp_path / "file" / "a.txt", b"")


def test_a_folder_where_a_file_is_to_be_moves_nothing(tmp_path):
    (tmp_path / "maps" / "b.txt").mkdir(parents=True)

    def write():
        with files.Folder(tmp_path / "maps") as folder:
            folder.write("a.txt", b"a")
            folder.write("b.txt", b"b")

    with pytest.raises(FibreError, match=r"b\.txt: is no ordinary file"):
        write()
    assert not (tmp_path / "maps" / "a.txt").exists()


def test_errors_of_the_work_itself_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), files.Folder(tmp_path / "maps"):
        (tmp_path.parent / "elsewhere" / "missing.txt").read_bytes()


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "real.csv").write_bytes(b"old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "far" / "real.csv")
    files.write(tmp_path / "link.csv", b"new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "far" / "real.csv").read_bytes() == b"new"


def test_permissions_are_those_of_an_ordinary_file(tmp_path):
    before = os.umask(0o027)
    try:
        files.write(tmp_path / "new.txt", b"")
        with files.Folder(tmp_path / "maps") as folder:
            folder.write("a.txt", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "maps" / "a.txt").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "maps").stat().st_mode) == 0o750
    (tmp_path / "new.txt").chmod(0o600)
    files.write(tmp_path / "new.txt", b"2")
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o600


def test_names_with_signs_of_a_pattern(tmp_path):
    out = tmp_path / "طرح [1]*"
    killed(started(HOLDING, out))
    with files.Folder(out) as folder:
        folder.write("a.txt", b"a")
    assert hidden(tmp_path) == []


def test_digest_is_that_of_sha256sum(tmp_path):
    files.write(tmp_path / "a.txt", b"fibre")
    other = subprocess.run(["sha256sum", tmp_path / "a.txt"], capture_output=True, text=True, check=True)
    assert files.digest(tmp_path / "a.txt") == other.stdout.split()[0]
