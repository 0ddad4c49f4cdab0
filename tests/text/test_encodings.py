"""Encodings found out from bytes, and wrong decodings undone."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.text import iran_system
from gis.text.encodings import codec, decode_table, detect
from gis.text.mojibake import unmojibake

COUNTIES = [
    "آران و بیدگل", "اردستان", "اصفهان", "برخوار", "بوئین و میاندشت", "چادگان", "دهاقان", "فلاورجان",
    "فریدن", "فریدون‌شهر", "گلپایگان", "کاشان", "خوانسار", "خمینی‌شهر", "خور و بیابانک", "لنجان", "مبارکه",
    "نائین", "نجف‌آباد", "نطنز", "سمیرم", "شاهین‌شهر و میمه", "شهرضا", "تیران و کرون",
]  # fmt: skip
WORDS = [*COUNTIES, "کابل نوری", "داکت", "موجود", "جدید", "حوضچه", "فرمانداری", "نقشه‌برداری", "کانال‌کشی"]
WESTERN = [
    "Café", "Señor", "Übung", "naïve", "Øresund", "Élan", "12°", "São Paulo", "Málaga", "Łódź", "№ 5",
    "cœur", "«Ça»", "Zürich–Köln", "ÅÄÖ", "ÄÖÜ", "Ægir", "ÉCOLE", "NIÑO", "İstanbul", "Çeşme",
    "Managua – Río San Juan", "Illéla", "Bénin", "Peña Blanca", "5 µm",
]  # fmt: skip

# No CP1252 has these.
BEYOND_1252 = {"Łódź", "№ 5", "İstanbul", "Çeşme"}
SIGNS = {"12°", "5 µm"}
ARABIC = ["شارع الجامعة", "طريق الملك فهد", "القاهرة", "محطة الإرسال", "غرفة تفتيش", "خط الألياف الضوئية"]


def latin(text: str, encoding: str) -> str:
    """Write a text as a reader sees it that takes each byte for a character of Latin-1."""
    return text.encode(encoding).decode("latin-1")


def arabic(text: str) -> str:
    """Write a text as keyboards for CP1256, which has no Persian yeh, do."""
    return text.replace("ی", "ي")


# --- An encoder to the code page that shares nothing with the decoder but the table: it shapes by Unicode's rules ---

_FORMS: dict[str, dict[str, str]] = {}
for _code in (*range(0xFB50, 0xFC00), *range(0xFE80, 0xFEFD)):
    _kind, _, _letters = unicodedata.decomposition(chr(_code)).partition(" ")
    if _kind in {"<isolated>", "<final>", "<initial>", "<medial>"}:
        _FORMS.setdefault("".join(chr(int(c, 16)) for c in _letters.split()), {})[_kind] = chr(_code)
_FORMS["ء"] = {"<isolated>": "\ufe80"}


def on_screen(text: str) -> bytes:
    """Write Persian words as a DOS program does: shaped, from the left of the screen."""
    shapes = []
    text = text.replace("لا", "\x01")
    letters = [("لا" if c == "\x01" else c) for c in text]
    for at, letter in enumerate(letters):
        if letter not in _FORMS:
            shapes.append(letter)
            continue
        before = at > 0 and "<initial>" in _FORMS.get(letters[at - 1], {})
        after = (
            at + 1 < len(letters)
            and "<final>" in _FORMS.get(letters[at + 1], {})
            and "<initial>" in _FORMS[letter]
        )
        shapes.append((before and "<final>" in _FORMS[letter], after, letter))  # type: ignore[arg-type]
    return bytes(_byte(shape) for shape in reversed(shapes))


def _byte(shape: object) -> int:
    if isinstance(shape, str):
        return iran_system.TABLE.index(shape)
    before, after, letter = shape  # type: ignore[misc]
    order = {
        (False, False): ("<isolated>", "<final>"),
        (True, False): ("<final>", "<isolated>"),
        (False, True): ("<initial>", "<medial>", "<isolated>"),
        (True, True): ("<medial>", "<initial>", "<isolated>", "<final>"),
    }[before, after]
    return next(
        iran_system.TABLE.index(form)
        for kind in order
        if (form := _FORMS[letter].get(kind, "?")) in iran_system.TABLE
    )


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        # Names as they stand in DBF tables of the Iranian social security organisation, and by its encoder
        # (github.com/amirfahmideh/InsuranceToDbf).
        ("fcf3e4", "علی"),
        ("f6fea89fa2f59ff5", "محمدحسین"),
        ("f6a89f", "حسن"),
        ("91aea4", "رضا"),
        ("fca2f59f90", "احمدی"),
        ("f9f5af91ea", "فاطمه"),
        ("fca2f59f9020fcf3e4", "علی احمدی"),
        ("81828384858687888980", "۱۲۳۴۵۶۷۸۹۰"),
    ],
)
def test_iran_system_reads_what_others_wrote(stored: str, says: str) -> None:
    assert bytes.fromhex(stored).decode("iran-system") == says


@pytest.mark.parametrize("word", [word.replace("‌", " ") for word in WORDS])
def test_iran_system_reads_words_from_the_screen_and_in_order(word: str) -> None:
    assert on_screen(word).decode("iran-system") == word
    assert on_screen(word)[::-1].decode("iransystem") == word


def test_iran_system_keeps_numbers_and_latin_words_from_left_to_right() -> None:
    table = iran_system.TABLE.index
    number = bytes(map(table, "۱۳۹۹/۰۵/۱۲"))
    assert (number + b" " + on_screen("تاریخ")).decode("iran-system") == "تاریخ ۱۳۹۹/۰۵/۱۲"
    assert (b"G.652 fibre " + on_screen("کابل")).decode("iran-system") == "کابل G.652 fibre"
    assert (b"(" + on_screen("نوری") + b") " + on_screen("کابل")).decode("iran-system") == "کابل (نوری)"
    assert b"plain (text)".decode("iran-system") == "plain (text)"


def test_iran_system_is_read_only() -> None:
    with pytest.raises(UnicodeEncodeError, match="read, not written"):
        "کابل".encode("iran-system")


# --- Detection ---


@pytest.mark.parametrize("word", WORDS)
def test_one_word_tells_its_encoding(word: str) -> None:
    assert detect([latin(word, "utf-8")]).encoding == "utf-8"
    assert detect([latin(arabic(word), "cp1256")]).encoding == "cp1256"
    assert detect([on_screen(word.replace("‌", " ")).decode("latin-1")]).encoding == "iran-system"


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=20),
    st.sampled_from(["utf-8", "cp1256", "iran-system"]),
)
def test_a_table_comes_back_whole(words: list[str], encoding: str) -> None:
    words = [arabic(w) if encoding == "cp1256" else w.replace("‌", " ") for w in words]
    raw = [on_screen(w).decode("latin-1") if encoding == "iran-system" else latin(w, encoding) for w in words]
    table = decode_table({"name": [*raw, None, 7], "note": ["a"] * (len(raw) + 2)})
    assert table.encoding == encoding
    assert table.guessed
    assert table.columns["name"].tolist() == [*words, None, 7]
    assert table.columns["note"].tolist() == ["a"] * (len(raw) + 2)


@pytest.mark.parametrize("word", [word for word in WESTERN if word not in {"ÅÄÖ", "ÄÖÜ"}])
def test_western_text_is_read_as_such(word: str) -> None:
    if word in BEYOND_1252:
        with pytest.raises(UnicodeEncodeError):
            word.encode("cp1252")
        return
    table = decode_table({"name": [latin(word, "cp1252"), "plain"]})
    assert table.columns["name"].tolist() == [word, "plain"]
    if word not in SIGNS:  # which CP1256 has in the same places
        assert table.encoding == "cp1252"


@pytest.mark.parametrize("cpg", [None, "1252", "ISO 88591", "8859_1"])
def test_a_western_table_is_read_as_such(cpg: str | None) -> None:
    words = [word for word in WESTERN if word not in BEYOND_1252]
    table = decode_table({"name": [latin(word, "cp1252") for word in words]}, cpg=cpg)
    assert (table.encoding, table.guessed) == ("cp1252", cpg is None)
    assert table.columns["name"].tolist() == words


@pytest.mark.parametrize(
    ("name", "codec_name"),
    [
        ("UTF-8", "utf-8"),
        ("UTF8\r\n", "utf-8"),
        ("\ufeffutf-8", "utf-8"),
        ("\xef\xbb\xbfUTF-8", "utf-8"),  # the mark of UTF-8, read byte by byte
        ("65001", "utf-8"),
        ("CP65001", "utf-8"),
        ("1256", "cp1256"),
        ("CP1256", "cp1256"),
        ("ANSI 1256", "cp1256"),
        ("windows-1256", "cp1256"),
        ("OEM 720", "cp720"),
        ("88596", "iso8859-6"),
        ("ISO 88596", "iso8859-6"),
        ("ISO-8859-6", "iso8859-6"),
        ("28596", "iso8859-6"),
        ("88591", "cp1252"),
        ("ISO 88591", "cp1252"),
        ("8859_1", "cp1252"),
        ("885915", "iso8859-15"),
        ("1251", "cp1251"),
        ("", None),
        ("base64", None),
        ("no such thing", None),
        ("\0", None),
        ("x" * 1000, None),
    ],
)
def test_names_of_encodings(name: str, codec_name: str | None) -> None:
    assert codec(name) == codec_name


@pytest.mark.parametrize("cpg", [None, "88596", "ISO 88596", "UTF-8", "1252", "1251", "1256"])
def test_arabic_is_told_from_persian(cpg: str | None) -> None:
    for encoding in ("iso8859-6", "cp1256"):
        table = decode_table({"name": [latin(word, encoding) for word in ARABIC]}, cpg=cpg)
        assert (table.encoding, table.columns["name"].tolist()) == (encoding, ARABIC)
        named = codec(cpg or "") == encoding
        assert table.guessed is not named


@pytest.mark.parametrize(
    ("encoding", "cpg", "words"),
    [
        ("cp1251", "1251", ["Город", "улица Ленина", "МОСКВА", "Нижний Новгород"]),
        ("cp866", "OEM 866", ["Город", "улица Ленина", "МОСКВА"]),
        ("koi8-r", "KOI8-R", ["Город", "улица Ленина", "МОСКВА"]),
        ("cp1253", "1253", ["Αθήνα", "οδός Ερμού", "Πειραιάς"]),
        ("cp1255", "1255", ["תל אביב", "רחוב הרצל"]),
        ("cp1254", "1254", ["İstanbul", "Çeşme", "Beyoğlu"]),
        ("cp1250", "1250", ["Łódź", "Gdańsk", "Kraków"]),
        ("cp720", "OEM 720", ARABIC),
        ("gbk", "936", ["北京市", "上海市", "光缆"]),
    ],
)
def test_other_encodings_stand_where_the_bytes_bear_them_out(
    encoding: str, cpg: str, words: list[str]
) -> None:
    table = decode_table({"name": [latin(word, encoding) for word in words]}, cpg=cpg)
    assert (table.encoding, table.guessed) == (encoding, False)
    assert table.columns["name"].tolist() == words
    # The same word on a table in Persian is belied.
    persian = [latin(arabic(word), "cp1256") for word in COUNTIES]
    assert decode_table({"name": persian}, cpg=cpg).encoding == "cp1256"


def test_witnesses_are_heard_and_doubted() -> None:
    persian = [latin(arabic(word), "cp1256") for word in COUNTIES]
    utf8 = [latin(word, "utf-8") for word in COUNTIES]
    assert not detect(persian, cpg="1256").guessed
    assert not detect(persian, cpg="windows-1256\n").guessed
    assert not detect(persian, language_byte=0x7E).guessed
    assert not detect(utf8, cpg="UTF-8").guessed
    assert detect(persian, declared="cp1252").encoding == "cp1252"  # a person's word stands
    for wrong in ("UTF-8", "ISO-8859-1", "1252"):
        found = detect(persian, cpg=wrong)
        assert (found.encoding, found.guessed) == ("cp1256", True)
        assert "the .cpg file says" in found.evidence.en
    assert detect(utf8, cpg="ANSI 1256").encoding == "utf-8"
    assert detect(persian, language_byte=0x57).encoding == "cp1256"  # what any program writes
    assert detect(["Ãîðîä", "óëèöà Ëåíèíà"], language_byte=0xC9).encoding == "cp1251"
    assert detect(["plain", None, 3]).encoding == "utf-8"
    assert not detect(["plain"]).guessed
    for odd in ("", "no such thing", "base64", "x" * 1000, "\0"):
        assert detect(persian, cpg=odd).encoding == "cp1256"


def test_a_text_cut_in_the_middle_of_a_character_is_utf8_still() -> None:
    raw = [latin("فرمانداری اصفهان", "utf-8")[:-1], latin("کاشان", "utf-8")]
    table = decode_table({"name": raw})
    assert table.encoding == "utf-8"
    assert table.columns["name"].tolist() == ["فرمانداری اصفها\ufffd", "کاشان"]


def test_two_files_put_together_are_read_each_in_its_encoding() -> None:
    raw = [latin(word, "utf-8") for word in COUNTIES] + [latin(arabic("سمیرم"), "cp1256")]
    assert decode_table({"name": raw}).columns["name"].tolist() == [*COUNTIES, arabic("سمیرم")]


@settings(deadline=None)
@given(
    st.lists(st.binary(max_size=30), max_size=8),
    st.sampled_from([None, "UTF-8", "1256", "?"]),
    st.integers(0, 255),
)
def test_any_bytes_are_decoded(rows: list[bytes], cpg: str | None, language_byte: int) -> None:
    raw = [row.decode("latin-1") for row in rows]
    table = decode_table({"name": np.array(raw, dtype=object)}, cpg=cpg, language_byte=language_byte)
    assert len(table.columns["name"]) == len(rows)
    assert all(isinstance(value, str) for value in table.columns["name"])


# --- Mojibake ---


def test_the_examples_of_the_field() -> None:
    # «کابل نوری» of a program that dropped the ی and the ک, which CP1256 has elsewhere.
    assert unmojibake("ÇÈá äæÑ") == "ابل نور"
    assert unmojibake("Ú©Ø§Ø¨Ù„") == "کابل"


@settings(deadline=None)
@given(st.sampled_from(WORDS))
def test_wrong_decodings_are_undone(word: str) -> None:
    utf8, dos = word.encode(), arabic(word).encode("cp1256")
    assert unmojibake(utf8.decode("latin-1")) == word
    assert unmojibake(utf8.decode("cp1256")) == word
    assert unmojibake(utf8.decode("latin-1").encode().decode("latin-1")) == word  # twice
    assert unmojibake(dos.decode("latin-1")) == arabic(word)
    assert unmojibake(on_screen(word.replace("‌", " ")).decode("latin-1")) == word.replace("‌", " ")


@settings(deadline=None)
@given(st.sampled_from(WORDS))
def test_windows_latin_is_undone_where_it_has_the_bytes(word: str) -> None:
    for data, says in ((word.encode(), word), (arabic(word).encode("cp1256"), arabic(word))):
        try:
            shown = data.decode("cp1252")
        except UnicodeDecodeError:
            continue
        assert unmojibake(shown) == says


@pytest.mark.parametrize(
    "text", [*WORDS, *map(arabic, WORDS), *WESTERN, "", "abc", "۱۲۳", "کابل G.652 – ۱۲°"]
)
def test_sound_text_is_left_alone(text: str) -> None:
    assert unmojibake(text) is None


@settings(deadline=None)
@given(st.text("ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیيكآئ \u200c۰۱۲", min_size=1, max_size=30))
def test_persian_text_is_never_taken_for_mojibake(text: str) -> None:
    assert unmojibake(text) is None


def test_a_column_is_undone_value_by_value() -> None:
    column = np.array(["Ú©Ø§Ø¨Ù„", "کابل", None, 7, "abc"], dtype=object)
    assert unmojibake(column).tolist() == ["کابل", None, None, None, None]
