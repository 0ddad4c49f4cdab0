"""Large text tables are read in bulk, and give what the careful reader gives."""

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis.delivery.readers import csv, tables
from gis.delivery.sources import open_delivery

CELLS = st.one_of(
    st.integers(-(10**7), 10**7).map(str),
    st.floats(-1e7, 1e7, allow_nan=False).map(lambda value: f"{value:.3f}"),
    st.sampled_from(
        [
            "",
            " ",
            "0",
            "-0.0",
            "+5",
            "1,5",
            "۱۲٫۵",
            "کابل نوری",
            " x ",
            "NA",
            "null",
            "\u00a0y",
            "1e3",
            "\x1fz",
        ]
    ),
    st.text(st.characters(blacklist_characters='",;|\t\r\n', blacklist_categories=["Cs"]), max_size=6),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["", "\ufeff"]),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
def test_bulk_equals_careful(tmp_path, rows, end, mark, delimiter):
    rows = [[cell.replace(delimiter, "") for cell in row] for row in rows]
    plain = [
        [f"R{n // 10}", str(n), f"{500000 + n / 8}", f"{3600000 + n / 4}", "cable", *rows[n % len(rows)]]
        for n in range(90)
    ]
    lines = [["route", "seq", "E", "N", "kind", "a", "b", "remarks"], *plain]
    path = tmp_path / "a.csv"
    path.write_bytes((mark + end.join(delimiter.join(line) for line in lines) + end).encode())
    fast = csv.in_bulk(path)
    careful, encoding = csv.row_by_row(path, "a.csv")
    assert encoding == "UTF-8"
    if fast is None:
        return
    assert np.array_equal(fast.numbers, careful.numbers)
    pd.testing.assert_frame_equal(fast.frame, careful.frame)
    one, other = (tables.layer(table, "a.csv", "a", "CSV") for table in (fast, careful))
    pd.testing.assert_frame_equal(pd.DataFrame(one.frame), pd.DataFrame(other.frame))
    assert (one.notes, one.left_out) == (other.notes, other.left_out)


def test_what_is_not_plain_is_left_to_the_careful_reader(tmp_path):
    head = "route,seq,E,N\n"
    row = "R{},{},500000.5,3600000.5\n"
    body = "".join(row.format(n // 9, n) for n in range(90))
    sound = head + body
    path = tmp_path / "a.csv"
    for text, plain in (
        (sound, True),
        (sound.replace("R3", '"R3"'), False),
        ("a survey\n" + sound, False),
        (sound.replace("R3,27,", "R3,27,9,"), False),
        (sound.replace("R3,27", "\nR3,27"), False),
        (sound.replace("R3,27", "R3\x00,27"), False),
        (body, False),
        (head + row.format(1, 1), False),
    ):
        path.write_text(text, encoding="utf-8")
        assert (csv.in_bulk(path) is not None) == plain, text[:40]
    path.write_bytes(sound.replace("R3", "کابل").encode("cp1256"))
    assert csv.in_bulk(path) is None


def test_a_large_table_becomes_routes(tmp_path):
    count, per = 200_000, 50
    n = np.arange(count)
    frame = pd.DataFrame(
        {
            "route": [f"R{at}" for at in n // per],
            "seq": n % per + 1,
            "E": 500000 + (n % per) * 2.5,
            "N": 3600000.125 + n // per,
            "zone": 39,
        }
    )
    frame.sample(frac=1, random_state=1).to_csv(tmp_path / "a.csv", index=False)
    assert (tmp_path / "a.csv").stat().st_size > 4 * 1024**2
    (layer,) = open_delivery(tmp_path / "a.csv")
    assert layer.crs.to_epsg() == 32639
    assert len(layer.frame) == count // per
    assert np.allclose(layer.frame.geometry.length, (per - 1) * 2.5)
    whole = layer.frame.set_index("route").geometry
    assert whole["R7"].coords[1] == (500002.5, 3600007.125)
