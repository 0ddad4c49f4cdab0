"""What reading a delivery notes about its text."""

from __future__ import annotations

import json

import pytest

import gis

TEXTS = [
    "کابل نوری مرکز مخابرات تا فرمانداری اصفهان",
    "مسیر دوم از حوضچهٔ میدان تا ساختمان استانداری",
    "کابل شبکهٔ شهرستان کاشان تا بخشداری مرکزی",
    "ادامهٔ مسیر خیابان شریعتی تا چهارراه دروازه دولت",
]


def delivery(folder, texts):
    features = [
        {
            "type": "Feature",
            "properties": {"route_id": f"R{n}", "kind": "cable", "status": "new", "شرح": text},
            "geometry": {
                "type": "LineString",
                "coordinates": [[51.6 + n / 100, 32.6], [51.6 + n / 100, 32.601]],
            },
        }
        for n, text in enumerate(texts)
    ]
    path = folder / "routes.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        (lambda text: text, 0),
        (lambda text: text.replace("ی", ""), 1),  # the whole column, once
        (lambda text: text.replace("ی", "?"), len(TEXTS)),  # each value
    ],
)
def test_letters_that_an_encoding_lacks_are_missed(tmp_path, change, lost):
    findings = gis.check(gis.read(delivery(tmp_path, map(change, TEXTS))), select=["D007"])
    assert len(findings) == lost
    assert all("شرح" in message for message in findings["message"])
