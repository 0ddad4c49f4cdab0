"""Persian text: compared by what it says, repaired with care, losses seen."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.text.letters import dropped_yeh, each, fold, lost, normalise, written

PERSIAN = st.text("ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیآئء ۰۱۲۳۴۵۶۷۸۹\u200c", min_size=1, max_size=30)
FIELD = st.text("ابيىكکی ةۀهٔ\u200c\u200d\u0640\u200f\ufeff۰۱٣٤05 aB_-().\t\n\u064b\ufedf\u00a0", max_size=30)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("خمینی‌شهر", "خميني شهر"),
        ("شاهین‌شهر و میمه", "شاهينشهر  و ميمه"),
        ("کاشان", "ﻛﺎﺷﺎﻥ"),  # presentation forms, as PDF and DOS programs leave them
        ("کتاب", "كتـــاب"),
        ("نائین", "نایین"),
        ("آران", "اران"),
        ("خانۀ ما", "خانهٔ ما"),
        ("مُحَمَّد", "محمد"),
        ("مسیر ۱۲", "مسیر 12"),
        ("مسیر ۱۲", "مسير ١٢"),
        ("Route-A", "ROUTE-a"),
        ("\u202bاصفهان\u202c", "اصفهان"),
        ("\ufeffid", "ID"),
    ],
)
def test_what_says_the_same_folds_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("R-1", "R1"), ("کابل", "کامل"), ("شهر", "شهرضا"), ("R1", "R-1a")]
)
def test_what_says_otherwise_does_not(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(deadline=None)
@given(PERSIAN)
def test_an_arabic_keyboard_makes_no_difference(text: str) -> None:
    arabic = text.translate(str.maketrans("یک۴۵۶", "يك٤٥٦"))
    assert fold(arabic) == fold(text) == fold(text.replace("\u200c", " "))


def test_a_column_is_folded_value_by_value() -> None:
    folded = fold(pd.Series(["كابل", None, "کابل", 12.0, 7], index=[5, 6, 7, 8, 9], dtype=object))
    assert folded.index.tolist() == [5, 6, 7, 8, 9]
    assert folded.tolist() == ["کابل", None, "کابل", "12", "7"]
    assert fold(np.array(["A", np.nan], dtype=object)).tolist() == ["a", None]
    assert fold(["A", "b "]).tolist() == ["a", "b"]


@settings(deadline=None)
@given(FIELD)
def test_normalising_twice_changes_nothing_and_what_it_says_stays(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert fold(once) == fold(text)


@pytest.mark.parametrize(
    ("stands", "should"),
    [
        ("كابل نوري", "کابل نوری"),
        ("  کابل   نوری ", "کابل نوری"),
        ("کابل\u00a0نوری\u200f", "کابل نوری"),
        ("خمینی\u200c شهر", "خمینی شهر"),
        ("خمینی\u200c\u200cشهر", "خمینی\u200cشهر"),
        ("کتـاب", "کتاب"),
        ("۱2۳ متر", "۱۲۳ متر"),
        ("طول ٤٥ متر", "طول ۴۵ متر"),
        ("R-1۲", "R-12"),
        ("ﻛﺎﺷﺎﻥ", "کاشان"),
    ],
)
def test_faults_of_writing_are_repaired(stands: str, should: str) -> None:
    assert normalise(stands) == should


@pytest.mark.parametrize(
    "text",
    [
        "خمینی‌شهر",
        "برنامه‌ریزی‌شده",
        "۱۳۹۹ ه‍.ش",
        "مسیر R-12",
        "مسیر ۱۲ و R-15",
        "دائرةالمعارف",
        "فرمانداری‌های",
        "خانهٔ ما",
        "OTDR‌ها",
        "Café",
    ],
)
def test_what_is_written_well_stays(text: str) -> None:
    assert normalise(text) == text


def test_normalised_text_is_composed_as_it_was() -> None:
    # The repair must not take letters apart that a font shows as one.
    assert unicodedata.is_normalized("NFC", normalise("آران ئ ؤ أ"))


@pytest.mark.parametrize("text", ["کا\ufffdل", "????", "??? ????", "ن?ری", "کابل ??? نوری", "ك??", "?abel"])
def test_lost_letters_are_seen(text: str) -> None:
    assert lost(text)


@pytest.mark.parametrize(
    "text", ["", "کابل؟", "where?", "really??", "?", "??", "https://example.org/a?b=1&c=2", "کابل?"]
)
def test_questions_are_no_losses(text: str) -> None:
    assert not lost(text)


def test_a_column_without_any_yeh_has_lost_them() -> None:
    names = [
        "کابل نوری اصفهان",
        "حوضچه فلاورجان",
        "فرمانداری نجف‌آباد",
        "مسیر مبارکه تا لنجان",
        "داکت شهرضا",
        "گلپایگان",
        "تیران و کرون",
        "فریدن",
    ]
    without = [name.replace("ی", "") for name in names]
    assert sum(c.isalpha() for name in without for c in name) < 100
    more = [*without, "خوانسار", "سمرم", "اردستان", "برخوار", "نطنز", "کاشان"]
    assert dropped_yeh(more)
    assert not dropped_yeh([*more, "سمیرم"])
    assert not dropped_yeh(without[:3])
    assert not dropped_yeh(["cable"] * 200)


def test_values_are_mapped_once_for_equal_ones_and_lists_are_no_hindrance() -> None:
    seen: list[object] = []

    def noted(value: object) -> str:
        seen.append(value)
        return str(value)

    assert each(["a", "b", "a", None, float("nan")], noted).tolist() == ["a", "b", "a", None, None]
    assert seen == ["a", "b"]
    assert each([{"id": 1}, {"id": 2}], str).tolist() == ["{'id': 1}", "{'id': 2}"]
    assert each([], str).tolist() == []


def test_a_whole_number_is_written_without_a_fraction() -> None:
    assert [written(v) for v in (12.0, 12.5, 3, "x")] == ["12", "12.5", "3", "x"]
