"""One file a format, and what they share. Importing a format's file is what registers its reader."""

from gis.delivery.readers import (
    csv,
    dxf,
    flatgeobuf,
    geodatabase,
    geojson,
    geopackage,
    gml,
    gpx,
    kml,
    landxml,
    mapinfo,
    ofds,
    parquet,
    shapefile,
    xls,
    xlsx,
)

__all__ = [
    "csv",
    "dxf",
    "flatgeobuf",
    "geodatabase",
    "geojson",
    "geopackage",
    "gml",
    "gpx",
    "kml",
    "landxml",
    "mapinfo",
    "ofds",
    "parquet",
    "shapefile",
    "xls",
    "xlsx",
]
