"""The words of the glossary are the words of all our texts: no Persian text has one that it rejects."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest

from gis.checks.registry import pages
from gis.glossary import terms, word
from gis.publish.wording.figures import LENGTHS, SEVERITIES
from gis.schema import SCHEMAS
from gis.totals import VERDICTS

ROOT = Path(__file__).parents[1]
LETTER = "\u0621-\u064a\u066e-\u06d3"
# What may stand after a word and leave it the same word: plural, indefinite, ezafe, «that I have seen».
ENDINGS = "(?:\u200c?(?:ها|های|هایی|ی|ای|ام|اند|است)|ٔ)?"
REJECTED = [(name, variant) for name, term in terms().items() for variant in term.rejected]
WORDS = json.loads((ROOT / "gis/publish/map/web/words.json").read_text("utf-8"))


def uses(text, variant):
    """Whether a text has a word, by itself or with an ending."""
    return re.search(rf"(?<![{LETTER}\u200c]){re.escape(variant)}{ENDINGS}(?![{LETTER}\u200c])", text)


def strings(path):
    """Every second argument of `Text`, `say` and their like in a module: English, then Persian."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and len(node.args) >= 2:
            pair = [one.value for one in node.args[:2] if isinstance(one, ast.Constant)]
            if (
                len(pair) == 2
                and all(isinstance(one, str) for one in pair)
                and re.search(f"[{LETTER}]", pair[1])
            ):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", pair[1]


def texts():
    """Where each of our Persian texts stands, and what it says."""
    for path in (ROOT / "gis").rglob("*.py"):
        yield from strings(path)
    for path in (ROOT / "gis/checks/rules").glob("*.toml"):
        for code, entry in tomllib.loads(path.read_text("utf-8")).items():
            yield from (
                (f"{code} {key}", value["fa"]) for key, value in entry.items() if isinstance(value, dict)
            )
    for path in (ROOT / "gis/publish").rglob("*.json"):
        for key, value in json.loads(path.read_text("utf-8")).items():
            yield f"{path.name} {key}", value["fa"]
    for path in [*(ROOT / "gis").rglob("*.j2"), *(ROOT / "docs").glob("*.fa.md"), ROOT / "README.fa.md"]:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line
    plan = tomllib.loads((ROOT / "layers/isfahan.toml").read_text("utf-8"))
    yield from (("layers/isfahan.toml", total["item_fa"]) for total in plan["totals"])


@pytest.fixture(scope="module")
def all_texts():
    return list(texts())


def test_there_are_texts_of_every_kind(all_texts):
    places = " ".join(place for place, _ in all_texts)
    assert len(all_texts) > 800
    for kind in (
        "gis/cli.py:",
        "G201 message",
        "words.json findings",
        "tiles.json",
        ".j2:",
        "README.fa.md:",
        ".fa.md:",
    ):
        assert kind in places


@pytest.mark.parametrize(("name", "variant"), REJECTED)
def test_no_text_has_a_rejected_word(name, variant, all_texts):
    found = [place for place, text in all_texts if uses(text, variant)]
    assert not found, f"say «{word(name).fa}» for {name}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ایراد", True),
        ("سه ایراد دارد", True),
        ("ایرادها را", True),
        ("ایرادهای خواندن", True),
        ("ایرادی پیدا نشد", True),
        ("«ایراد»", True),
        ("ایران", False),
        ("بی‌ایراد", False),
        ("ایرادگیر", False),
        ("", False),
    ],
)
def test_a_word_is_found_with_its_endings_and_not_in_others(text, found):
    assert bool(uses(text, "ایراد")) is found


def test_a_short_word_is_not_found_in_a_longer_one():
    assert uses("۳ اطلاع", "اطلاع")
    assert not uses("اطلاعات توصیفی", "اطلاع")


def test_no_word_is_both_said_and_rejected():
    said = {term.text.fa for term in terms().values()}
    assert not said & {variant for _, variant in REJECTED}
    assert len(said) == len(terms())


def test_words_of_code_lists_are_those_of_the_glossary():
    lists = [column.codes for schema in SCHEMAS.values() for column in schema.columns]
    shared = {code: text for codes in lists for code, text in codes.items() if text.en == code in terms()}
    assert {"existing", "planned", "surveyed", "manhole", "exchange", "cable"} <= shared.keys()
    assert all(text == word(code) for code, text in {**shared, **VERDICTS, **SEVERITIES}.items())
    assert {name: text.fa for name, text in LENGTHS.items()} == {
        f"{kind}_m": word(kind).fa for kind in ("geodesic", "grid", "ground", "slope")
    }
    assert {page.severity for page in pages().values()} <= SEVERITIES.keys()


def test_words_of_the_map_are_those_of_the_glossary():
    for name in (
        "error",
        "warning",
        "info",
        "office",
        "recorded",
        "measured",
        "difference",
        "tolerance",
        "source",
    ):
        assert WORDS[name]["fa"] == word(name).fa
    for name in ("error", "warning", "info", "difference", "tolerance"):
        assert WORDS[name]["en"] == word(name).en
    for name in ("route", "manhole", "office"):
        assert WORDS[f"unit_{name}s"]["fa"] == word(name).fa
    assert WORDS["findings"]["fa"] == WORDS["tab_findings"]["fa"] == f"{word('finding').fa}\u200cها"
