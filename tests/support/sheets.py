"""Spreadsheets written byte by byte, where no library writes them."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Cell = str | float
_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns"


def xls(path: Path, sheets: dict[str, Sequence[Sequence[Cell]]]) -> Path:
    """Write a workbook of Excel 97 (BIFF8 in an OLE file)."""
    bodies = [_sheet(rows) for rows in sheets.values()]
    heads = [len(_bound(0, name)) for name in sheets]
    at = len(_bof(5)) + sum(heads) + 4
    globals_ = _bof(5)
    for name, body in zip(sheets, bodies, strict=True):
        globals_ += _bound(at, name)
        at += len(body)
    stream = globals_ + _record(0x0A, b"") + b"".join(bodies)
    path.write_bytes(_ole(stream))
    return path


def ods(path: Path, body: str) -> Path:
    """Write an OpenDocument spreadsheet of tables as they stand in its XML."""
    spaces = " ".join(f'xmlns:{name}="{_OFFICE}:{name}:1.0"' for name in ("office", "table", "text"))
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body>'
        f"<office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = f'<manifest:manifest xmlns:manifest="{_OFFICE}:manifest:1.0"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return path


def ods_table(name: str, rows: Sequence[Sequence[Cell]], below: str = "") -> str:
    """Give the XML of a table."""
    lines = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)
    return f'<table:table table:name="{escape(name)}">{lines}{below}</table:table>'


def ods_cell(value: Cell, repeated: int = 1) -> str:
    """Give the XML of a cell."""
    kind = (
        'office:value-type="string"'
        if isinstance(value, str)
        else f'office:value-type="float" office:value="{value}"'
    )
    many = f' table:number-columns-repeated="{repeated}"' if repeated > 1 else ""
    return f"<table:table-cell {kind}{many}><text:p>{escape(str(value))}</text:p></table:table-cell>"


def _sheet(rows: Sequence[Sequence[Cell]]) -> bytes:
    cells = b""
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(value, str):
                text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
                cells += _record(0x0204, place + text)
            else:
                cells += _record(0x0203, place + struct.pack("<d", value))
    return _bof(0x10) + cells + _record(0x0A, b"")


def _bof(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def _bound(at: int, name: str) -> bytes:
    return _record(0x85, struct.pack("<IBBBB", at, 0, 0, len(name), 1) + name.encode("utf-16-le"))


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _ole(stream: bytes) -> bytes:
    """Lay a stream into an OLE file: the table of sectors, the directory, the stream (MS-CFB, version 3)."""
    stream = stream.ljust(4096, b"\0")  # shorter ones lie elsewhere
    count = -(-len(stream) // _SECTOR)
    assert count + 2 <= _SECTOR // 4
    fat = [_FAT, _END, *range(3, count + 2), _END]
    fat += [_FREE] * (_SECTOR // 4 - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    directory = _entry("Root Entry", 5, 1, _END, 0) + _entry("Workbook", 2, _FREE, 2, len(stream))
    directory += _entry("", 0, _FREE, 0, 0) * 2
    return header + struct.pack("<128I", *fat) + directory + stream.ljust(count * _SECTOR, b"\0")


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le") if name else b""
    return struct.pack("<64sHBBIII16xI16xIQ", text, len(text), kind, 1, _FREE, _FREE, child, 0, start, size)
