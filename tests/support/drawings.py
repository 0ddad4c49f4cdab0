"""Drawings for tests, tag by tag: what they hold is known by how they are made."""

from __future__ import annotations

# A corner of UTM zone 39N.
X, Y = 562345.0, 3614567.0


def tags(*pairs):
    """Write group codes with their values."""
    return "".join(f"{code}\n{value}\n" for code, value in pairs)


def entity(kind, layer, *pairs):
    return tags((0, kind), (8, layer), *pairs)


def line(layer, x1, y1, x2, y2, *pairs):
    return entity("LINE", layer, (10, x1), (20, y1), (11, x2), (21, y2), *pairs)


def polyline(layer, flags, *vertices):
    """Write a POLYLINE of release 12; each vertex is x, y, bulge, flags."""
    within = "".join(
        entity("VERTEX", layer, (10, x), (20, y), (42, bulge), (70, flag)) for x, y, bulge, flag in vertices
    )
    return entity("POLYLINE", layer, (66, 1), (70, flags)) + within + entity("SEQEND", layer)


def rectangle(layer, west, south, east, north):
    corners = [(west, south), (east, south), (east, north), (west, north)]
    return entity(
        "LWPOLYLINE", layer, (90, 4), (70, 1), *(pair for x, y in corners for pair in ((10, x), (20, y)))
    )


def insert(block, layer, *pairs, x=X, y=Y, attributes=()):
    said = "".join(entity("ATTRIB", layer, (10, x), (20, y), (1, text), (2, tag)) for tag, text in attributes)
    follow = ((66, 1),) if attributes else ()
    written = entity("INSERT", layer, (2, block), (10, x), (20, y), *follow, *pairs) + said
    return written + (entity("SEQEND", layer) if attributes else "")


def block(name, content, base=(0, 0)):
    head = tags((0, "BLOCK"), (8, "0"), (2, name), (70, 0), (10, base[0]), (20, base[1]), (3, name))
    return head + content + tags((0, "ENDBLK"))


def layers(**flags):
    """Write a table of layers, each with its flags and colour."""
    rows = "".join(
        tags((0, "LAYER"), (2, name), (70, flag), (62, colour)) for name, (flag, colour) in flags.items()
    )
    return tags((0, "TABLE"), (2, "LAYER")) + rows + tags((0, "ENDTAB"))


def drawing(entities, blocks="", tables="", release="AC1021", **settings):
    """Write a drawing; settings are those of the header, each as its code and value."""
    head = tags((9, "$ACADVER"), (1, release)) + "".join(
        tags((9, f"${name}"), pair) for name, pair in settings.items()
    )
    sections = {"HEADER": head, "TABLES": tables, "BLOCKS": blocks, "ENTITIES": entities}
    return "".join(
        tags((0, "SECTION"), (2, name)) + part + tags((0, "ENDSEC")) for name, part in sections.items()
    ) + (tags((0, "EOF")))
