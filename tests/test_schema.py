"""What the schema says once, where a type has to repeat it."""

from typing import get_args

from gis.cli import LengthChoice
from gis.project import LengthKind
from gis.schema import LENGTHS, RANGES, SCHEMAS


def test_every_word_for_a_length_is_one_of_the_four():
    assert [f"{name}_m" for name in get_args(LengthKind)] == list(LENGTHS)
    assert [f"{name.value}_m" for name in LengthChoice] == list(LENGTHS)


def test_a_range_belongs_to_a_column_of_numbers():
    kinds = {column.name: column.kind for schema in SCHEMAS.values() for column in schema.columns}
    assert {kinds[name] for name in RANGES} <= {"number", "integer"}
    assert all(low < high for low, high in RANGES.values())
