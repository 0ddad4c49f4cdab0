"""The bundled plan."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYERS = ROOT / "layers"
PLAN = ("isfahan.toml", "offices.geojson", "routes.geojson", "manholes.geojson", "province.geojson")
