"""The book of checks: a page each, for the terminal and for the documentation."""

from __future__ import annotations

import string
from pathlib import Path
from typing import TYPE_CHECKING

from gis.checks.examples import examples
from gis.checks.rates import Rates, published
from gis.checks.registry import FAMILIES, Page, pages
from gis.errors import ProjectError
from gis.glossary import word
from gis.language import Language, Text, number
from gis.rules import OWN
from gis.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FAMILY_TITLES = {
    "D": Text("Delivery", "تحویل"),
    "C": Text("Coordinates", "مختصات"),
    "G": Text("Geometry", "هندسه"),
    "N": Text("Network", "شبکه"),
    "A": Text("Attributes", "اطلاعات توصیفی"),
    "T": Text("Totals", "جمع‌ها"),
    OWN: Text("Rules of the project", "قاعده‌های پروژه"),
}
_FIXES = {
    "safe": Text("safe fix", "اصلاح ایمن"),
    "unsafe": Text("unsafe fix", "اصلاح ناامن"),
    None: Text("no fix", "بدون اصلاح خودکار"),
}
_SECTIONS = {
    "looks_for": Text("What it looks for", "چه چیزی را می‌جوید"),
    "matters": Text("Why it matters", "چرا مهم است"),
    "example": Text("Example", "نمونه"),
    "remedy": Text("How to put it right", "چگونه درست می‌شود"),
}
_SAYS = Text("Says", "پیام")
_NEEDS = Text("Needs", "نیاز دارد به")
_FOLDER = "images/checks"
_PICTURE = Text("Picture", "تصویر")
_SHOWS = Text("left what it finds, right what it does not", "چپ: آنچه می‌یابد؛ راست: آنچه نمی‌یابد")
_TITLE = Text("The checks", "بررسی‌ها")
_RATES = Text("How often they find something", "هر بررسی چند بار چیزی می‌یابد")
_RATES_SAY = Text(
    "On surveys as they are: how many findings, and in brackets how many a hundred routes. What a cause "
    "tells counts once, as its cause; “+ n” are the findings that it tells. 0: it ran and found nothing. "
    "—: it did not run, as the survey lacks what it needs. A file that is refused counts under its code. "
    "The samples have faults put in. `python docs/make_rates.py` counts again, and any other survey that "
    "it is given.",
    "روی برداشت‌های واقعی: تعداد یافته‌ها و در پرانتز تعداد در هر صد مسیر. "
    "آنچه یک علت می‌گوید یک بار شمرده می‌شود و "
    "«+ n» یافته‌هایی است که آن علت می‌گوید. ۰ یعنی اجرا شد و چیزی نیافت. — یعنی اجرا نشد، چون برداشت آنچه را لازم "
    "دارد ندارد. فایلی که پذیرفته نمی‌شود زیر کد خود شمرده می‌شود. در نمونه‌ها خطا گذاشته شده است. "
    "‎`python docs/make_rates.py`‎ دوباره می‌شمارد، هر برداشت دیگری را هم که به آن بدهند.",
)
_CHECK = Text("Check", "بررسی")
_ROUTES = Text("routes", "مسیرها")
_SEVERE = Text("errors and warnings a route", "خطا و هشدار در هر مسیر")
_INTRODUCTION = Text(
    "Each check has a code that never changes its meaning. `fibre check` lists what it finds, `fibre explain CODE` "
    "prints the page from here. Distances are metres on the ground. The tolerance of a feature is `snap_m` of the "
    "project file + 2·√2·`accuracy_m` of the feature, the radius that holds a surveyed position with 98 %; between two "
    "features the larger tolerance counts. Safe fixes are applied with `--fix`, the others only with "
    "`--unsafe-fixes`. No fix is kept that would make another finding.\n\n"
    "A fault with one cause is told once. Where a check measures how much (N302 and N310 how far an end is "
    "from its node, G209 how far apart vertices are) and 20 findings or more lie on a fifth or more of what "
    "one layer of one source has, their bulk is a cause: one warning with its count, share and range, what "
    "would settle it, and examples. Its single findings are notes that name it in the column `cause`. From "
    "its smallest amounts upwards the bulk ends where the next one is "
    "more than 3.5 standard deviations, taken from the median absolute deviation, above the median, in "
    "logarithms, though half as much again always belongs to it; and for ends "
    "at six tolerances, beyond which no accuracy explains them. What lies beyond is a finding of its own. An "
    "end in no such bulk is a warning up to five tolerances from its node and an error beyond, whichever of "
    "N302 and N310 tells it. No tolerance is changed by what was found: the message says which was used and "
    "which would do. A severity in `[checks.severity]` goes before all of this, and is the cause's, too.",
    "هر بررسی کدی دارد که معنای آن هرگز عوض نمی‌شود. ‎`fibre check`‎ یافته‌ها را فهرست می‌کند و ‎`fibre explain CODE`‎ "
    "همین صفحه را نشان می‌دهد. فاصله‌ها به متر و روی زمین هستند. رواداری هر عارضه برابر است با ‎`snap_m`‎ در فایل "
    "پروژه به‌علاوهٔ ‎2·√2·`accuracy_m`‎ آن عارضه، یعنی شعاعی که موقعیت برداشت‌شده را با احتمال ۹۸٪ در "
    "بر می‌گیرد؛ میان "
    "دو عارضه، رواداری بزرگ‌تر به کار می‌رود. اصلاح‌های ایمن با ‎`--fix`‎ و بقیه فقط با "
    "‎`--unsafe-fixes`‎ اجرا می‌شوند. "
    "اصلاحی که یافتهٔ دیگری پدید آورد نگه داشته نمی‌شود.\n\n"
    "عیبی که یک علت دارد یک بار گفته می‌شود. هرگاه بررسی اندازه بگیرد (N302 و N310 فاصلهٔ سر مسیر تا گره، "
    "G209 فاصلهٔ رأس‌ها) و ۲۰ یافته یا بیشتر روی یک‌پنجم یا بیشترِ عارضه‌های یک لایه از یک منبع باشد، تودهٔ "
    "آن‌ها یک علت است: یک هشدار با تعداد، سهم، بازه، راه حل و نمونه‌ها. یافته‌های تک‌تک آن نکته‌اند و نام علت "
    "در ستون ‎`cause`‎ آن‌ها هست. توده از کوچک‌ترین مقدار بالا می‌رود و جایی تمام می‌شود که مقدار بعدی، در "
    "مقیاس لگاریتمی، بیش از ۳٫۵ انحراف معیار (برگرفته از میانهٔ قدر مطلق انحراف‌ها) بالاتر از "
    "میانه باشد؛ تا یک‌ونیم برابر میانه همیشه "
    "جزء توده است و برای سر مسیرها مرز آن شش رواداری است که فراتر از آن هیچ دقتی توجیهش نمی‌کند. آنچه دورتر "
    "است یافته‌ای جداگانه است. سری که در چنین توده‌ای نیست تا پنج رواداری از گره هشدار و فراتر از آن خطاست، "
    "چه N302 آن را بگوید چه N310. هیچ رواداری‌ای خودبه‌خود عوض نمی‌شود: پیام می‌گوید کدام به کار رفت و کدام "
    "بس است. اهمیتی که در ‎`[checks.severity]`‎ نوشته شود بر همهٔ این‌ها مقدم است و اهمیت علت نیز همان است.",
)


def listing(lang: Language = "en", known: Mapping[str, Page] | None = None) -> str:
    """
    List all checks, a line each.

    Parameters
    ----------
    lang
        The language.
    known
        Code to page where a project has checks of its own; left out, those that there are.

    Returns
    -------
    str
        Code, name, severity and title, under the titles of the families.
    """
    lines: list[str] = []
    for letter, title in _FAMILY_TITLES.items():
        own = [page for page in (known or pages()).values() if page.code[0] == letter]
        if own:
            lines += ["", title.render(lang)]
        lines += [
            f"  {page.code}  {page.name:<22} {word(page.severity).render(lang):<8} {page.title.render(lang)}"
            for page in own
        ]
    return "\n".join(lines[1:]) + "\n"


def page_text(code: str, lang: Language = "en", known: Mapping[str, Page] | None = None) -> str:
    """
    Give a check's page as plain text.

    Parameters
    ----------
    code
        The check's code, or its name.
    lang
        The language.
    known
        Code to page where a project has checks of its own; left out, those that there are.

    Returns
    -------
    str
        The page.

    Raises
    ------
    ProjectError
        There is no such check.
    """
    wanted = code.strip()
    for page in (known or pages()).values():
        if wanted.upper() == page.code or wanted.lower() == page.name:
            text = _page(page, lang, "{}\n", "{}: {}\n").replace("`", "")
            if page.code not in examples():
                return text
            named = f"docs/{_FOLDER}/{page.code}.svg ({_SHOWS.render(lang)})"
            return f"{text}\n{_PICTURE.render(lang)}: {named}\n"
    raise ProjectError(
        Text(
            "there is no check {asked}; `fibre explain` lists them",
            "بررسی {asked} وجود ندارد؛ `fibre explain` فهرست آن‌ها را نشان می‌دهد",
        ),
        asked=wanted,
    )


def write(lang: Language = "en") -> str:
    """
    Write the whole book.

    Parameters
    ----------
    lang
        The language.

    Returns
    -------
    str
        Markdown: ``docs/checks.md``, or ``docs/checks.fa.md`` in Persian.
    """
    parts = [f"# {_TITLE.render(lang)}\n", _INTRODUCTION.render(lang) + "\n"]
    for letter in FAMILIES:
        parts.append(f"## {letter} — {_FAMILY_TITLES[letter].render(lang)}\n")
        parts += [
            _page(page, lang, "### {}\n", "**{}.** {}\n") + _pictured(page, lang)
            for page in pages().values()
            if page.code[0] == letter
        ]
    parts.append(_rates(published(), lang))
    book = "\n".join(parts)
    return f'<div dir="rtl">\n\n{book}\n</div>\n' if lang == "fa" else book


def _rates(surveys: Sequence[Rates], lang: Language) -> str:
    """Lay out how often each check finds something."""

    def cell(survey: Rates, code: str) -> str:
        if code not in survey.found:
            return "—"
        count, single = survey.found[code], survey.of_causes.get(code, 0)
        each = f" ({number(100 * count / survey.routes, ',.1f', lang)})" if count and survey.routes else ""
        return number(count, ",d", lang) + each + (f" + {number(single, ',d', lang)}" if single else "")

    def row(*cells: str) -> str:
        return f"| {' | '.join(cells)} |"

    lines = [
        row(_CHECK.render(lang), *(survey.name.render(lang) for survey in surveys)),
        row("---", *["---:"] * len(surveys)),
        row(_ROUTES.render(lang), *(number(survey.routes, ",d", lang) for survey in surveys)),
        row(
            _SEVERE.render(lang),
            *(number(survey.severe / max(survey.routes, 1), ",.2f", lang) for survey in surveys),
        ),
    ]
    lines += [
        row(f"{page.code} {page.title.render(lang)}", *(cell(survey, page.code) for survey in surveys))
        for page in pages().values()
    ]
    return f"## {_RATES.render(lang)}\n\n{_RATES_SAY.render(lang)}\n\n" + "\n".join(lines) + "\n"


def _pictured(page: Page, lang: Language) -> str:
    """Show the picture of a check's example, as `docs/make_pictures.py` draws it."""
    if page.code not in examples():
        return ""
    shows = f"{page.title.render(lang)}: {_SHOWS.render(lang)}"
    return f"\n![{shows}]({_FOLDER}/{page.code}.svg)\n"


def _page(page: Page, lang: Language, heading: str, section: str) -> str:
    title = f"{page.code} {page.name} — {page.title.render(lang)}"
    comma = "، " if lang == "fa" else ", "
    about = comma.join([word(page.severity).render(lang), _FIXES[page.fix].render(lang)])
    parts = [heading.format(title), about + "\n"]
    parts += [
        section.format(words.render(lang), _wording(getattr(page, name), lang))
        for name, words in _SECTIONS.items()
    ]
    parts.append(section.format(_SAYS.render(lang), _message(page.message, lang)))
    either = Text(" or ", " یا ").render(lang)
    needs = [
        either.join(SCHEMAS[name].label.render(lang) for name in needed.split("|"))  # type: ignore[index]
        for needed in page.layers
    ]
    needs += [column.replace("|", " / ") for column in page.columns]
    if needs:
        parts.append(section.format(_NEEDS.render(lang), comma.join(needs)))
    return "\n".join(parts)


def _wording(text: Text, lang: Language) -> str:
    """Give a text of a page as it stands: braces in it are part of an example."""
    return text.fa if lang == "fa" else text.en


def _message(message: Text, lang: Language) -> str:
    """Give a message with a sign for each of its fields."""
    wording = _wording(message, lang)
    return "".join(
        literal + ("" if name is None else f"⟨{name}⟩")
        for literal, name, _, _ in string.Formatter().parse(wording)
    )


def _rewrite() -> None:
    """Write ``docs/checks.md`` and ``docs/checks.fa.md`` again: ``python -m gis.checks.book``, in the repository."""
    for lang, file in (("en", "checks.md"), ("fa", "checks.fa.md")):
        Path("docs", file).write_text(write(lang), "utf-8")  # type: ignore[arg-type]


if __name__ == "__main__":
    _rewrite()
