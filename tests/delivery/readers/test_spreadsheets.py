"""Spreadsheets of every program give the same layers, and no more memory is taken than their values need."""

import resource
import subprocess
import sys
import zipfile

import openpyxl
import pytest
from support import sheets

from gis.delivery.sources import open_delivery
from gis.errors import SourceError

ROWS = [
    ["حوضچه", "lat", "lon", "depth_m", "cores"],
    ["MH-1", 32.65, 51.67, 1.5, 24.0],
    ["MH-2", 32.66, 51.68, 2.25, 48.0],
]


def xlsx(path, rows, *, stray=None, merged=None):
    book = openpyxl.Workbook()
    book.active.title = "برداشت"
    for row in rows:
        book.active.append(row)
    if stray:
        book.active[stray] = "x"
    book.save(path)
    if merged:
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        cells = f'</sheetData><mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>'.encode()
        parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(b"</sheetData>", cells)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in parts.items():
                archive.writestr(name, data)
    return path


def written(folder):
    return {
        "XLSX": xlsx(folder / "a.xlsx", ROWS),
        "XLS": sheets.xls(folder / "a.xls", {"برداشت": ROWS, "notes": [["nothing", "here"], ["a", "b"]]}),
        "ODS": sheets.ods(folder / "a.ods", sheets.ods_table("برداشت", ROWS)),
    }


def test_each_format_gives_the_same_layer(tmp_path):
    for driver, path in written(tmp_path).items():
        (layer,) = open_delivery(path)
        assert (layer.driver, layer.layer) == (driver, "برداشت")
        assert list(layer.frame["حوضچه"]) == ["MH-1", "MH-2"]
        assert [point.coords[0] for point in layer.frame.geometry] == [(51.67, 32.65), (51.68, 32.66)]
        assert [str(cores) for cores in layer.frame["cores"]] == ["24", "48"]
        assert list(layer.records) == [2, 3]


def test_sheets_without_positions_are_counted(tmp_path):
    (layer,) = open_delivery(written(tmp_path)["XLS"])
    assert [(left.layer, left.count) for left in layer.left_out if left.layer == "notes"] == [("notes", 1)]


def test_they_are_read_within_an_archive(tmp_path):
    files = written(tmp_path)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in files.values():
            archive.write(path, path.name)
    assert {layer.driver for layer in open_delivery(tmp_path / "all.zip")} == {"XLSX", "XLS", "ODS"}


def test_an_office_document_that_is_no_table_is_refused(tmp_path):
    data = written(tmp_path)["XLS"].read_bytes()
    (tmp_path / "a.doc").write_bytes(
        data.replace("Workbook".encode("utf-16-le"), "WordDocu".encode("utf-16-le"))
    )
    with pytest.raises(SourceError, match="older office document") as refused:
        open_delivery(tmp_path / "a.doc")
    assert refused.value.code == "D010"
    (tmp_path / "cut.xls").write_bytes(data[:1600])
    with pytest.raises(SourceError) as damaged:
        open_delivery(tmp_path / "cut.xls")
    assert damaged.value.code in {"D001", "D009", "D010"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells the memory of a process")
@pytest.mark.parametrize(
    "what", [{"stray": "XFD1048576"}, {"merged": "A1:XFD1048576"}, {"merged": "A5:XFD1048576"}]
)
def test_a_sheet_is_as_large_as_what_is_in_it(tmp_path, what):
    path = xlsx(tmp_path / "a.xlsx", ROWS, **what)
    code = (
        "import sys; from gis.delivery.sources import open_delivery; (layer,) = open_delivery(sys.argv[1]);"
        "print(layer.frame.geometry.notna().sum());"
        # What getrusage gives begins with the memory of the process that started this one.
        "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    positions, kilobytes = map(int, done.stdout.split())
    assert positions == 2
    # The libraries alone take some 200 MB.
    assert kilobytes < 600_000


def test_endless_documents_are_refused(tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row = (
        '<table:table-row table:number-rows-repeated="1048576">'
        + sheets.ods_cell("x", 16384)
        + "</table:table-row>"
    )
    corner = (
        '<table:table-row table:number-rows-repeated="1048500"><table:table-cell/></table:table-row><table:table-row>'
        '<table:table-cell table:number-columns-repeated="16383"/>'
        + sheets.ods_cell("x")
        + "</table:table-row>"
    )
    for below in (row, corner):
        sheets.ods(tmp_path / "a.ods", sheets.ods_table("a", ROWS, below))
        with pytest.raises(SourceError) as refused:
            open_delivery(tmp_path / "a.ods")
        assert refused.value.code == "D001"
    empty = (
        '<table:table-row table:number-rows-repeated="1048500">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    sheets.ods(tmp_path / "a.ods", sheets.ods_table("a", ROWS, empty))
    (layer,) = open_delivery(tmp_path / "a.ods")
    assert len(layer.frame) == 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


def test_a_document_with_entities_is_refused(tmp_path):
    sheets.ods(tmp_path / "a.ods", sheets.ods_table("a", ROWS))
    with zipfile.ZipFile(tmp_path / "a.ods") as archive:
        content = archive.read("content.xml")
    with zipfile.ZipFile(tmp_path / "b.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content.replace(b"?>", b'?><!DOCTYPE a [<!ENTITY b "c">]>', 1))
    with pytest.raises(SourceError) as refused:
        open_delivery(tmp_path / "b.ods")
    assert refused.value.code == "D010"
