// Words, numbers and dates in the language of the page, and text from the survey made fit to show.
const Words = (() => {
  let lang = "fa";
  const listeners = [];
  const persianDigits = text => text.replace(/[0-9]/g, digit => "۰۱۲۳۴۵۶۷۸۹"[digit]);

  // A wording of words.json, its {fields} filled; fields come as finished texts. {n:route|routes} bends to the number n, and
  // may have fields within.
  function word(key, fields = {}) {
    const wording = WORDS[key][lang];
    // Bent first: what is filled in may hold braces, and is letters.
    const bent = wording.replace(/\{(\w+):((?:[^{}|]|\{\w+\})*)\|((?:[^{}]|\{\w+\})*)\}/g, (all, name, one, many) =>
      name in fields ? (fields[name] === "1" ? one : many) : all
    );
    return bent.replace(/\{(\w+)\}/g, (all, name) => (name in fields ? fields[name] : all));
  }

  const of = text => (text ? text[lang] : "");

  function number(value, decimals = 0) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "—";
    const written = Math.abs(value).toLocaleString("en-US",
      { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    const negative = value < 0 && /[1-9]/.test(written);
    if (lang === "en") return (negative ? "\u2212" : "") + written;
    // The mark keeps the sign on the left of Persian digits.
    return (negative ? "\u200e\u2212" : "") + persianDigits(written).replaceAll(",", "٬").replaceAll(".", "٫");
  }

  const signed = (value, decimals) =>
    (value > 0 && /[1-9]/.test(value.toFixed(decimals)) ? (lang === "fa" ? "\u200e+" : "+") : "") + number(value, decimals);

  const integer = value => number(value, 0);

  // Metres as people say them: 843.2 m, 13.67 km.
  function length(metres, decimals = 1) {
    return `${number(metres, decimals)}\u00a0${word("m")}`;
  }

  function scale(metres) {
    return metres >= 1000 ? `${number(metres / 1000)}\u00a0${word("km")}` : `${number(metres)}\u00a0${word("m")}`;
  }

  const unit = name => (`unit_${name}` in WORDS ? word(`unit_${name}`) : plain(name));

  // A date as the survey has it (Gregorian, ISO): in the language's calendar.
  function date(iso) {
    const match = /^(\d{4})-(\d\d)-(\d\d)/.exec(iso);
    if (!match) return iso;
    return day(new Date(Date.UTC(+match[1], match[2] - 1, +match[3])), lang === "fa" ? "persian" : "gregory", "UTC");
  }

  function day(when, calendar, timeZone) {
    const locale = `${lang === "fa" ? "fa-IR" : "en-GB"}-u-ca-${calendar}-nu-${lang === "fa" ? "arabext" : "latn"}`;
    return new Intl.DateTimeFormat(locale, { year: "numeric", month: "long", day: "numeric", timeZone }).format(when);
  }

  // Letters and digits as one writes them or another: what is searched and what is searched for are folded alike.
  function fold(text) {
    return text.normalize("NFKD").toLowerCase()
      .replace(/[\u064b-\u065f\u0670\u0300-\u036f\u0640]/g, "") // vowel signs, hamza above, accents, tatweel
      .replace(/[يىئې]/g, "ی").replace(/[كڪ]/g, "ک").replace(/[ۀةھہە]/g, "ه").replace(/[ؤ]/g, "و").replace(/[أإآٱ]/g, "ا")
      .replace(/[۰-۹]/g, digit => digit.charCodeAt(0) - 0x6f0).replace(/[٠-٩]/g, digit => digit.charCodeAt(0) - 0x660)
      .replace(/[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\u00ad\-_'’ʻʿ.،,/]/g, "");
  }

  // Marks that turn the direction of all that follows are written out; the rest of the text stays as it is.
  const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;
  const spelled = mark => `[U+${mark.charCodeAt(0).toString(16).toUpperCase()}]`;
  const plain = value => String(value).replace(TURNING, spelled);

  // A message of ours has isolates of its own: they stay where each is closed again.
  function sentence(text) {
    let depth = 0, sound = !/[\u202a-\u202e]/.test(text);
    for (const mark of text.match(/[\u2066-\u2069]/g) || []) {
      depth += mark === "\u2069" ? -1 : 1;
      if (depth < 0) sound = false;
    }
    return sound && depth === 0 ? text : plain(text);
  }

  function use(next) {
    lang = next === "en" ? "en" : "fa";
    document.documentElement.lang = lang;
    document.documentElement.dir = lang === "fa" ? "rtl" : "ltr";
    for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
    for (const node of document.querySelectorAll("[data-name]")) {
      node.setAttribute("aria-label", word(node.dataset.name));
      if (node.matches("button")) node.title = word(node.dataset.name);
    }
    for (const node of document.querySelectorAll("[data-placeholder]")) node.placeholder = word(node.dataset.placeholder);
    listeners.forEach(listener => listener());
  }

  return {
    word, of, number, signed, integer, length, scale, unit, date, day, fold, plain, sentence, use,
    get lang() { return lang; },
    onChange: listener => listeners.push(listener),
  };
})();

// An element with attributes and children; a child that is no element becomes text, never markup.
function el(tag, attributes = {}, ...children) {
  const svg = ["svg", "path", "rect", "circle", "line", "g", "polygon", "text"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return node;
}

// A value from the survey: text of its own direction.
const value = text => el("bdi", {}, Words.plain(text));
