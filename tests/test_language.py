from __future__ import annotations

import pytest

from gis.language import Text, digits, number, preferred


def test_numbers_in_persian_have_persian_digits_and_separators():
    assert number(13666.5, ",.1f", "fa") == "۱۳٬۶۶۶٫۵"
    assert number(-0.25, ".2f", "fa") == "-۰٫۲۵"
    assert number(13666.5, ",.1f", "en") == "13,666.5"


def test_digits_of_a_date():
    assert digits("1399/05/12", "fa") == "۱۳۹۹/۰۵/۱۲"
    assert digits("1399/05/12", "en") == "1399/05/12"


def test_a_message_isolates_foreign_words_in_persian_only():
    text = Text("{file}: {count} routes", "{file}: {count} مسیر")
    assert text.render("en", file="a.shp", count=1200) == "a.shp: 1,200 routes"
    assert text.render("fa", file="a.shp", count=1200) == "\u2068a.shp\u2069: ۱٬۲۰۰ مسیر"


def test_a_text_within_a_text_takes_its_language():
    inner = Text("new", "جدید")
    assert Text("it is {what}", "آن {what} است").render("fa", what=inner) == "آن جدید است"


def test_a_word_agrees_with_its_number():
    text = Text("{n} {n:route|routes}", "{n} مسیر")
    assert [text.render("en", n=n) for n in (0, 1, 2, 1000)] == [
        "0 routes",
        "1 route",
        "2 routes",
        "1,000 routes",
    ]
    assert text.render("fa", n=1) == "۱ مسیر"


def test_a_value_with_braces_stays_as_it_is():
    assert Text("{name}", "{name}").render("en", name="{0.__class__}") == "{0.__class__}"
    filled = Text("{name}", "{name}").filled(name="{x}")
    assert Text("<{t}>", "<{t}>").render("en", t=filled) == "<{x}>"


@pytest.mark.parametrize(
    ("environment", "language"),
    [({"LANG": "fa_IR.UTF-8"}, "fa"), ({"LC_ALL": "en_GB", "LANG": "fa_IR"}, "en"), ({"LANG": "C"}, "en")],
)
def test_the_environment_chooses_the_language(monkeypatch, environment, language):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert preferred() == language
