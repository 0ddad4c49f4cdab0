"""A drawing of a small survey, written as DWG by ACadSharp and, tag by tag, as DXF: both hold the same."""

from __future__ import annotations

import math

from acadsharp import native

from support.drawings import X, Y, block, drawing, entity, insert, layers, line

# What can be written; 2007 cannot.
RELEASES = ("AC1015", "AC1018", "AC1024", "AC1027", "AC1032")
# Letters that Windows-1256 has, as the old releases hold no others.
ROUTES, MANHOLES = "کابل", "حوضچه"
# Line, polyline with half a circle in it, polyline in space, quarter of a circle, and a line in a block that is
# inserted twice as wide and turned.
LENGTHS = (500, 50 * math.pi + 100, 100, 12.5 * math.pi, 80)


def dxf(units=6):
    """Write the survey as DXF of release 2018."""
    vertices = [(X, Y + 700, 10), (X + 30, Y + 740, 20), (X + 60, Y + 780, 15)]
    within = "".join(
        entity("VERTEX", ROUTES, (10, x), (20, y), (30, z), (70, 32)) for x, y, z in vertices
    ) + entity("SEQEND", ROUTES)
    entities = (
        line(ROUTES, X, Y, X + 300, Y + 400, (30, 1600.5), (31, 1610.5))
        + entity(
            "LWPOLYLINE",
            ROUTES,
            (90, 3),
            (70, 0),
            *((10, X), (20, Y + 500), (42, 1), (10, X + 100), (20, Y + 500), (42, 0)),
            *((10, X + 100), (20, Y + 600)),
        )
        + entity("POLYLINE", ROUTES, (66, 1), (70, 8))
        + within
        + entity("ARC", ROUTES, (10, X + 500), (20, Y), (30, 0), (40, 25), (50, 0), (51, 90))
        + insert("CABLE", ROUTES, (41, 2), (50, 90), x=X + 600)
        + entity("POINT", MANHOLES, (10, X + 700.123), (20, Y + 1.456), (30, 1599.9))
        + insert("MH", MANHOLES, x=X + 800, attributes=[("ID", "ح-12")])
        + line("FROZEN", X, Y, X + 7, Y)
        + line("خاموش", X, Y, X + 7, Y)
        + entity("TEXT", MANHOLES, (10, X), (20, Y), (40, 2.5), (1, "حوضچهٔ ۱۲"))
    )
    ring = entity("CIRCLE", "0", (10, 0), (20, 0), (40, 1))
    blocks = block("CABLE", line("0", 0, 0, 40, 0, (30, 0), (31, 0))) + block("MH", ring)
    return drawing(
        entities,
        blocks,
        layers(**{"0": (0, 7), ROUTES: (0, 7), MANHOLES: (0, 7), "FROZEN": (1, 7), "خاموش": (0, -7)}),
        "AC1032",
        INSUNITS=(70, units),
    )


def dwg(path, release, units=6, page=None):
    """Write the survey as DWG."""
    with native.load() as runtime:
        document = _document(runtime, release, page)
        document.Header.InsUnits = runtime.ACadSharp.Types.Units.UnitsType.get(
            {2: "Feet", 6: "Meters"}[units]
        )
        _draw(runtime, document)
        runtime.write(document, path)
    return path


def lines(path, release, names, page=None):
    """Write a DWG with a line of 10 m and a symbol on each of some layers, 1 m north of those of the one before."""
    with native.load() as runtime:
        document = _document(runtime, release, page)
        names_of, at = runtime.ACadSharp, runtime.CSMath.XYZ
        for number, name in enumerate(names):
            layer = _layer(runtime, document, name)
            record = names_of.Tables.BlockRecord(name)
            document.BlockRecords.Add(record)
            record.Entities.Add(names_of.Entities.Line(at(0.0, 0.0, 0.0), at(1.0, 0.0, 0.0)))
            placed = names_of.Entities.Insert(record)
            placed.InsertPoint = at(X, Y + number, 0.0)
            for one in (
                names_of.Entities.Line(at(X, Y + number, 0.0), at(X + 10, Y + number, 0.0)),
                placed,
            ):
                one.Layer = layer
                document.Entities.Add(one)
        runtime.write(document, path)
    return path


def _document(runtime, release, page):
    document = runtime.ACadSharp.CadDocument()
    document.Header.Version = getattr(runtime.ACadSharp.ACadVersion, release)
    if page is not None:
        document.Header.CodePage = page
    return document


def _layer(runtime, document, name):
    layer = runtime.ACadSharp.Tables.Layer(name)
    document.Layers.Add(layer)
    return layer


def _draw(runtime, document):
    kinds, tables, space = runtime.ACadSharp.Entities, runtime.ACadSharp.Tables, runtime.CSMath
    on = {name: _layer(runtime, document, name) for name in (ROUTES, MANHOLES, "FROZEN", "خاموش")}
    on["FROZEN"].Flags = tables.LayerFlags.Frozen
    on["خاموش"].IsOn = False

    def at(x, y, z=0.0):
        return space.XYZ(float(x), float(y), float(z))

    def add(one, layer):
        one.Layer = on[layer]
        document.Entities.Add(one)

    def made(kind, **said):
        one = getattr(kinds, kind)()
        for name, value in said.items():
            setattr(one, name, value)
        return one

    def record(name, content):
        one = tables.BlockRecord(name)
        one.Entities.Add(content)
        document.BlockRecords.Add(one)
        return one

    add(kinds.Line(at(X, Y, 1600.5), at(X + 300, Y + 400, 1610.5)), ROUTES)
    bent = kinds.LwPolyline()
    for x, y, bulge in ((X, Y + 500, 1.0), (X + 100, Y + 500, 0.0), (X + 100, Y + 600, 0.0)):
        vertex = runtime.type("ACadSharp.Entities.LwPolyline+Vertex")(space.XY(x, y))
        vertex.Bulge = bulge
        bent.Vertices.Add(vertex)
    add(bent, ROUTES)
    deep = kinds.Polyline3D()
    for x, y, z in ((X, Y + 700, 10), (X + 30, Y + 740, 20), (X + 60, Y + 780, 15)):
        deep.Vertices.Add(kinds.Vertex3D(at(x, y, z)))
    add(deep, ROUTES)
    add(made("Arc", Center=at(X + 500, Y), Radius=25.0, StartAngle=0.0, EndAngle=math.pi / 2), ROUTES)
    cable = kinds.Insert(record("CABLE", kinds.Line(at(0, 0), at(40, 0))))
    cable.InsertPoint, cable.XScale, cable.Rotation = at(X + 600, Y), 2.0, math.pi / 2
    add(cable, ROUTES)
    add(kinds.Point(at(X + 700.123, Y + 1.456, 1599.9)), MANHOLES)
    mark = kinds.Insert(record("MH", made("Circle", Radius=1.0)))
    mark.InsertPoint = at(X + 800, Y)
    mark.Attributes.Add(made("AttributeEntity", Tag="ID", Value="ح-12", Height=1.0))
    add(mark, MANHOLES)
    for hidden in ("FROZEN", "خاموش"):
        add(kinds.Line(at(X, Y), at(X + 7, Y)), hidden)
    add(made("TextEntity", Value="حوضچهٔ ۱۲", InsertPoint=at(X, Y), Height=2.5), MANHOLES)
