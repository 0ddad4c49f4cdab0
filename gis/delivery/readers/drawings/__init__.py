"""Drawings of CAD programs: what stands in their tags, before GDAL makes geometries of it."""
