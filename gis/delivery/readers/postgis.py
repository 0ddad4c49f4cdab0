"""
PostGIS: the survey layers of a PostgreSQL database, read in one transaction that cannot write.

Nothing that a message or a path shows holds the address's password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import radians
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import shapely

from gis.address import masked
from gis.delivery.files.layer import RawLayer, distinct
from gis.delivery.files.refusals import refusal
from gis.delivery.readers import curves, gdal
from gis.delivery.readers.reader import damaged
from gis.errors import FibreError, SourceError
from gis.inventory import Curves
from gis.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg
    from numpy.typing import NDArray
    from psycopg.sql import Composable

_CONNECT_S, _STATEMENT_S = 15, 600
# Rows that are fetched at once.
_BATCH = 20_000
_WHOLE = {"int2", "int4", "int8", "oid"}
# As fine as arcs of files are split.
_ARC = radians(0.1)
_FUNCTIONS = (
    "st_asbinary",
    "st_curvetoline",
    "st_force2d",
    "st_force3dz",
    "st_geometrytype",
    "st_isempty",
    "st_srid",
    "st_zmflag",
)
_LINES = "'ST_CircularString', 'ST_CompoundCurve', 'ST_MultiCurve'"
_PART = re.compile(r" \(SRID (\d+)\)$")

_NO_PSYCOPG = Text(
    "{file}: reading from PostGIS needs psycopg; pip install 'fibre-gis[postgis]'",
    "{file}: خواندن از PostGIS به psycopg نیاز دارد؛ pip install 'fibre-gis[postgis]'",
)
_MALFORMED = Text(
    "{file}: is no address of a database; write postgresql://user:pass@host:5432/database, and @ : / % within a "
    "password as %40 %3A %2F %25",
    "{file}: نشانی پایگاه داده نیست؛ بنویسید postgresql://user:pass@host:5432/database و نویسه‌های @ : / % درون "
    "گذرواژه را به شکل %40 %3A %2F %25",
)
_CLOSED = Text(
    "{file}: the database cannot be opened ({reason}); check server, database, user and password",
    "{file}: پایگاه داده باز نمی‌شود ({reason})؛ سرور، نام پایگاه، کاربر و گذرواژه را بررسی کنید",
)
_NO_POSTGIS = Text(
    "{file}: the database has no PostGIS; name the database that holds the survey",
    "{file}: این پایگاه داده PostGIS ندارد؛ پایگاهی را نام ببرید که برداشت در آن است",
)
_NO_LAYERS = Text(
    "{file}: no table with geometry can be read; ask for the right to SELECT the survey's tables",
    "{file}: هیچ جدول هندسی‌ای خواندنی نیست؛ اجازهٔ SELECT بر جدول‌های برداشت را بخواهید",
)
_FAILED = Text(
    "{file}: the database stopped reading ({reason}); ask its administrator, or export the table to a GeoPackage",
    "{file}: پایگاه داده خواندن را متوقف کرد ({reason})؛ از مدیر آن بپرسید یا جدول را به GeoPackage خروجی بگیرید",
)


@dataclass(frozen=True)
class _Table:
    """A column of geometry or geography, and the table around it."""

    schema: str
    table: str
    column: str
    oid: int
    kind: str
    name: str


def open_layers(address: str, layer: str | None) -> list[RawLayer]:
    """
    Read the layers of a PostGIS database.

    Parameters
    ----------
    address
        ``postgresql://user:pass@host:port/database``, with whatever else libpq takes there.
    layer
        ``schema.table``, or the table alone where no other schema has one of that name; with ``.column`` where the
        table has several columns of geometry. None reads all.

    Returns
    -------
    list of RawLayer
        One a column of geometry, in the order of their names; one an SRID where a column holds several, each in its
        own system and in no other that is named for all, but for SRID 0. Coordinates
        are as they stand in the table, M dropped, arcs split to 0.1°. Records count the rows from 1 in the order of
        the primary key, else as they lie in the table.

    Raises
    ------
    FibreError
        psycopg is not installed.
    SourceError
        D010 for an address that is none; D001 where the database cannot be opened, has no PostGIS or no such layer,
        or stops reading.
    """
    shown = masked(address)
    try:
        import psycopg  # noqa: PLC0415 - optional
    except ImportError as error:
        raise FibreError(_NO_PSYCOPG, file=shown) from error
    options = _options(address, shown)
    try:
        connection = psycopg.connect(**options)
    except (psycopg.Error, UnicodeError, ValueError) as error:
        raise SourceError(_CLOSED, code="D001", file=shown, reason=_reason(error)) from None
    try:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return _layers(connection, shown, layer)
    except (psycopg.Error, UnicodeError) as error:
        raise SourceError(_FAILED, code="D001", file=shown, reason=_reason(error)) from None
    finally:
        connection.close()


def _options(address: str, shown: str) -> dict[str, Any]:
    """Take an address apart; one that would show a part of its password in a message is refused."""
    from psycopg import ProgrammingError, conninfo  # noqa: PLC0415 - optional

    authority, _, rest = address.partition("://")[2].partition("/")
    try:
        options = dict(conninfo.conninfo_to_dict(address))
    except (ProgrammingError, UnicodeError, ValueError):
        options = None
    ports = str((options or {}).get("port", "")).split(",")
    wrong = authority.count("@") > 1 or "@" in rest.partition("?")[0]
    if options is None or wrong or any(port and not port.isdigit() for port in ports):
        raise SourceError(_MALFORMED, code="D010", file=shown) from None
    return {"connect_timeout": _CONNECT_S, **options, "client_encoding": "UTF8"}


def _reason(error: Exception) -> str:
    """Give what the server says, without its hints and the place in the query."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[0].split())[:200] if lines else type(error).__name__


def _layers(connection: psycopg.Connection[Any], shown: str, layer: str | None) -> list[RawLayer]:
    connection.execute(f"SET LOCAL statement_timeout = '{_STATEMENT_S}s'")
    # Dates and numbers come out the same, whatever server, database and user are set to.
    connection.execute("SET LOCAL datestyle = 'ISO, YMD'")
    connection.execute("SET LOCAL timezone = 'UTC'")
    connection.execute("SET LOCAL extra_float_digits = 1")
    home = connection.execute(
        "SELECT n.nspname FROM pg_catalog.pg_extension e"
        " JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'"
    ).fetchone()
    if home is None:
        raise SourceError(_NO_POSTGIS, code="D001", file=shown)
    tables = _tables(connection, home[0])
    if not tables:
        raise SourceError(_NO_LAYERS, code="D001", file=shown)
    chosen = tables if layer is None else _named(tables, _PART.sub("", layer))
    if not chosen:
        raise refusal("layer", shown, layer=layer, layers=", ".join(one.name for one in tables))
    found = [raw for one in chosen for raw in _read(connection, home[0], one, shown)]
    part = _PART.search(layer or "")
    if part is None:
        return found
    parts = [raw for raw in found if raw.layer.endswith(part[0])]
    if not parts:
        raise refusal("layer", shown, layer=layer, layers=", ".join(raw.layer for raw in found))
    # Who names a system with one part alone means that part.
    return [replace(raw, brought=False) for raw in parts]


def _tables(connection: psycopg.Connection[Any], home: str) -> list[_Table]:
    from psycopg import sql  # noqa: PLC0415 - optional

    query = sql.SQL(
        "SELECT g.s, g.t, g.c, c.oid::int8, c.relkind::text FROM ("
        " SELECT f_table_schema::text s, f_table_name::text t, f_geometry_column::text c FROM {}"
        " UNION SELECT f_table_schema::text, f_table_name::text, f_geography_column::text FROM {}) g"
        " JOIN pg_catalog.pg_namespace n ON n.nspname = g.s"
        " JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = g.t"
        ' ORDER BY g.s COLLATE "C", g.t COLLATE "C", g.c COLLATE "C"'
    ).format(sql.Identifier(home, "geometry_columns"), sql.Identifier(home, "geography_columns"))
    rows = connection.execute(query).fetchall()
    several = [(row[0], row[1]) for row in rows]
    return [
        _Table(
            schema,
            table,
            column,
            oid,
            kind,
            f"{schema}.{table}.{column}" if several.count((schema, table)) > 1 else f"{schema}.{table}",
        )
        for schema, table, column, oid, kind in rows
    ]


def _named(tables: Sequence[_Table], layer: str) -> list[_Table]:
    for names in (
        [one.name for one in tables],
        [f"{one.schema}.{one.table}" for one in tables],
        [one.table for one in tables],
    ):
        if found := [one for one, name in zip(tables, names, strict=True) if name == layer]:
            return found
    return []


def _columns(connection: psycopg.Connection[Any], oid: int) -> list[tuple[str, str, str, int]]:
    """Give each column's name, type (of a domain the one beneath), category of type, and type modifier."""
    return connection.execute(
        "SELECT a.attname::text, b.typname::text, b.typcategory::text, greatest(a.atttypmod, t.typtypmod)"
        " FROM pg_catalog.pg_attribute a"
        " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
        " JOIN pg_catalog.pg_type b ON b.oid = COALESCE(NULLIF(t.typbasetype, 0), t.oid)"
        " WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        [oid],
    ).fetchall()


def _value(column: str, kind: str, category: str, modifier: int) -> Composable:  # noqa: PLR0911 - a table of types
    """Write how a column is fetched: numbers and truth as they are, times in ISO 8601, all else as text."""
    from psycopg import sql  # noqa: PLC0415 - optional

    name = sql.Identifier(column)
    if kind in _WHOLE:
        return sql.SQL("{}::int8").format(name)
    if kind == "numeric":
        return sql.SQL("{}::int8" if _is_whole(modifier) else "{}::float8").format(name)
    if kind == "float4":  # the shortest number that is it, not what doubling its digits makes of it
        return sql.SQL("{}::text::float8").format(name)
    if kind == "float8":
        return name
    if category == "B":
        return sql.SQL("{}::bool").format(name)
    if kind in {"timestamp", "timestamptz"}:
        return sql.SQL("pg_catalog.replace({}::text, ' ', 'T')").format(name)
    if category == "A":
        return sql.SQL("pg_catalog.array_to_string({}, ';')").format(name)
    return sql.SQL("{}::text").format(name)


def _is_whole(modifier: int) -> bool:
    """Tell by precision and scale, which the modifier holds, whether a number is whole and of at most 18 digits."""
    return modifier >= 0 and (modifier - 4) & 0xFFFF == 0 and (modifier - 4) >> 16 <= 18  # noqa: PLR2004


def _order(connection: psycopg.Connection[Any], table: _Table, width: int) -> Composable:
    """Order rows by the primary key, else as they lie; what has neither, such as a view, by all that it shows."""
    from psycopg import sql  # noqa: PLC0415 - optional

    key = connection.execute(
        "SELECT a.attname::text FROM pg_catalog.pg_index i"
        " CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
        " WHERE i.indrelid = %s AND i.indisprimary ORDER BY k.place",
        [table.oid],
    ).fetchall()
    if key:
        return sql.SQL(", ").join(sql.Identifier(name) for (name,) in key)
    if table.kind in {"r", "m"}:
        return sql.SQL("ctid")
    return sql.SQL(", ").join(sql.SQL(str(at)) for at in range(1, width + 1))


def _read(connection: psycopg.Connection[Any], home: str, table: _Table, shown: str) -> list[RawLayer]:
    from psycopg import sql  # noqa: PLC0415 - optional

    columns = [
        column
        for column in _columns(connection, table.oid)
        if column[1] not in {"geometry", "geography", "raster", "bytea"}
    ]
    functions = {name: sql.Identifier(home, name) for name in _FUNCTIONS}
    shape = sql.SQL("{}::{}").format(sql.Identifier(table.column), sql.Identifier(home, "geometry"))
    fetched = [
        sql.SQL(
            # Curves of lines come as they are; of areas and collections PostGIS makes lines.
            "{st_asbinary}(CASE WHEN {st_geometrytype}({g}) IN ({lines}) AND NOT {st_isempty}({g}) THEN {g}"
            " ELSE {st_curvetoline}(CASE {st_zmflag}({g}) WHEN 1 THEN {st_force2d}({g})"
            " WHEN 3 THEN {st_force3dz}({g}) ELSE {g} END, {arc}, 2, 0) END)"
        ).format(g=shape, arc=sql.Literal(_ARC), lines=sql.SQL(_LINES), **functions),
        sql.SQL("{}({})").format(functions["st_srid"], shape),
        *(_value(*column) for column in columns),
    ]
    query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
        sql.SQL(", ").join(fetched),
        sql.Identifier(table.schema, table.table),
        _order(connection, table, len(fetched)),
    )
    rows = _Rows([_arrow_type(*column[1:]) for column in columns])
    # The server hands rows out some at a time: all at once would be held three times, by libpq, Python and the frame.
    with connection.cursor("fibre", binary=True) as cursor:
        cursor.execute(query)
        while batch := cursor.fetchmany(_BATCH):
            rows.take(batch)
    return _by_srid(connection, home, table, shown, rows, _frame(columns, rows))


class _Rows:
    """
    The rows of a table as they come.

    Attributes
    ----------
    shapes
        Geometries, some at a time.
    srids
        Their SRIDs, -1 where there is no geometry.
    lost
        The rows, from 1, whose geometry cannot be read.
    roles
        The roles of the vertices of rows with curves, by row from 0.
    columns
        The values of each column, some at a time.
    """

    def __init__(self, types: Sequence[pa.DataType]) -> None:
        self.shapes: list[NDArray[np.object_]] = [np.empty(0, dtype=object)]
        self.srids: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        self.lost: list[int] = []
        self.roles: dict[int, NDArray[np.uint8]] = {}
        self.columns: list[tuple[pa.DataType, list[pa.Array]]] = [(kind, []) for kind in types]
        self._count = 0

    def take(self, batch: Sequence[Sequence[Any]]) -> None:
        """Add rows: geometry, SRID and the values of the columns."""
        series = list(zip(*batch, strict=True))
        wkb = np.empty(len(batch), dtype=object)
        wkb[:] = series[0]
        curved = [row for row, value in enumerate(wkb) if value is not None and curves.is_curve(value)]
        plain = wkb.copy()
        plain[curved] = None
        geometry = shapely.from_wkb(plain, on_invalid="ignore")
        for row in curved:
            if (flat := curves.flatten(wkb[row])) is not None:
                geometry[row], self.roles[self._count + row] = flat.geometry, flat.roles
        lost = np.flatnonzero((geometry == None) & (wkb != None))  # noqa: E711 - arrays
        self.lost += (lost + self._count + 1).tolist()
        self.shapes.append(geometry)
        self.srids.append(np.array([-1 if srid is None else srid for srid in series[1]], dtype=np.int64))
        for (kind, parts), values in zip(self.columns, series[2:], strict=True):
            parts.append(pa.array(values, kind, from_pandas=False))
        self._count += len(batch)


def _arrow_type(kind: str, category: str, modifier: int) -> pa.DataType:
    """Tell what a column comes as, as `_value` has it fetched."""
    if kind in _WHOLE or (kind == "numeric" and _is_whole(modifier)):
        return pa.int64()
    if kind in {"numeric", "float4", "float8"}:
        return pa.float64()
    return pa.bool_() if category == "B" else pa.large_string()


def _frame(columns: Sequence[tuple[str, str, str, int]], rows: _Rows) -> gpd.GeoDataFrame:
    names = [column[0] for column in columns]
    kept = distinct({"geometry": "geometry_2"}, names) if "geometry" in names else {}
    geometry = np.concatenate(rows.shapes)
    data: dict[str, Any] = {}
    for name, (kind, parts) in zip(names, rows.columns, strict=True):
        values = pa.chunked_array(parts, kind)
        data[kept.get(name, name)] = _column(values)
        parts.clear()
    return gpd.GeoDataFrame(
        pd.DataFrame(data, index=pd.RangeIndex(len(geometry)), copy=False), geometry=geometry
    )


def _column(values: pa.ChunkedArray) -> Any:
    """Give the values of a column; a whole number stays whole where others of it are missing."""
    if values.null_count == len(values):
        return pd.Series([None] * len(values), dtype=object)
    if pa.types.is_large_string(values.type):
        return pd.Series(values.to_pandas(types_mapper={values.type: pd.StringDtype(na_value=np.nan)}.get))
    if pa.types.is_integer(values.type) and values.null_count:
        return pd.Series(values.to_pandas(types_mapper={values.type: pd.Int64Dtype()}.get))
    return pd.Series(values.to_pandas())


def _by_srid(
    connection: psycopg.Connection[Any],
    home: str,
    table: _Table,
    shown: str,
    rows: _Rows,
    frame: gpd.GeoDataFrame,
) -> list[RawLayer]:
    """Part what lies in several coordinate systems; rows without geometry stay with the first."""
    records = np.arange(1, len(frame) + 1)
    srids = np.concatenate(rows.srids)
    present = [int(srid) for srid in np.unique(srids[srids >= 0])] or [0]
    srids = np.where(srids < 0, present[0], srids)
    whole = RawLayer(shown, table.name, "PostGIS", None, "", frame, records)
    layers = []
    for srid in present:
        name = table.name if len(present) == 1 else f"{table.name} (SRID {srid})"
        here = srids == srid
        row_of = np.cumsum(here) - 1
        system = _system(connection, home, srid)
        reason = Text("a geometry of a kind that is not read", "هندسه از گونه‌ای است که خوانده نمی‌شود")
        layers.append(
            replace(
                whole,
                layer=name,
                crs=system,
                brought=len(present) > 1 and system is not None,
                frame=frame[here].reset_index(drop=True),
                records=records[here],
                curves=Curves.of_rows(
                    {int(row_of[row]): own for row, own in rows.roles.items() if here[row]}
                ),
                notes=damaged(shown, name, ((int(at), reason) for at in rows.lost if here[at - 1])),
            )
        )
    return layers


def _system(connection: psycopg.Connection[Any], home: str, srid: int) -> pyproj.CRS | None:
    """Tell which coordinate system an SRID is; 0 is none."""
    from psycopg import sql  # noqa: PLC0415 - optional

    if srid == 0:
        return None
    query = sql.SQL("SELECT auth_name, auth_srid, srtext FROM {} WHERE srid = {}")
    row = connection.execute(query.format(sql.Identifier(home, "spatial_ref_sys"), srid)).fetchone()
    authority, code, wkt = row or ("EPSG", srid, None)
    for given in (f"{authority}:{code}" if authority and code else None, wkt):
        if given:
            try:
                return gdal.plain_crs(pyproj.CRS.from_user_input(given))
            except pyproj.exceptions.CRSError:
                continue  # an authority that PROJ does not know: the database's own definition is next
    return None
