// What is said of one feature: the contents of popups and tooltips, and the page of a check.
const Cards = (() => {
  const LENGTHS = ["geodesic_m", "grid_m", "ground_m", "slope_m"];
  const FIRST = new Set([...LENGTHS, "county", "office_id", "installation", "fibre_count", "recorded_length_m", "slack_m", "depth_m"]);
  const HIDDEN = new Set(["std_m", "name_fa", "name_en", "county_en", "assumption", "assumption_fa", "note", "note_fa"]);

  function title(survey, layer, row) {
    if (layer.name === "offices") return layer.value(`name_${Words.lang}`, row) || layer.value("name_fa", row) || layer.value("name_en", row) || layer.id(row);
    if (layer.name === "findings") return Words.of(survey.pages[layer.value("code", row)]?.title) || layer.value("name", row) || layer.value("code", row);
    return layer.id(row);
  }

  // The kind of a feature in words: "new cable".
  function sort(survey, layer, row) {
    if (layer.name === "findings") return [layer.value("code", row), Words.word(layer.value("severity", row))];
    const parts = [layer.name === "offices" ? Words.word("office") : coded(survey, layer, "kind", row) || Words.of(layer.schema.label)];
    return [...parts, coded(survey, layer, layer.name === "offices" ? "connection" : "status", row)].filter(Boolean);
  }

  function coded(survey, layer, column, row) {
    const code = layer.value(column, row);
    if (code === null) return null;
    const { codes } = layer.schema.columns.find(one => one.name === column);
    return code in codes ? Words.of(codes[code]) : code;
  }

  function message(layer, row) {
    return (Words.lang === "fa" && layer.value("message_fa", row)) || layer.value("message", row) || "";
  }

  // The text of a value: coded, counted or dated as its column is.
  function written(survey, layer, column, row) {
    const raw = layer.value(column.name, row);
    if (raw === null || raw === "") return null;
    if (column.name === "office_id" && layer.name === "offices") return String(raw);
    if (column.name === "county") return Symbols.countyName(survey, raw);
    if (raw in column.codes) return Words.of(column.codes[raw]);
    if (column.kind === "integer") return Words.integer(raw);
    if (column.kind === "number") {
      const decimals = LENGTHS.includes(column.name) ? 3 : Math.min(3, (String(raw).split(".")[1] || "").length);
      return `${Words.number(raw, decimals)}${column.unit ? `\u00a0${Words.unit(column.unit)}` : ""}`;
    }
    return column.kind === "date" ? Words.date(raw) : String(raw);
  }

  function facts(app, layer, row) {
    const { survey } = app;
    const rows = [];
    for (const column of layer.schema.columns) {
      if (HIDDEN.has(column.name) || column.name === layer.idColumn && layer.name !== "offices" || column.name === "provenance" && layer.value("provenance", row) === "illustrative") continue;
      if (["kind", "status", "connection"].includes(column.name)) continue; // they head the card
      const text = written(survey, layer, column, row);
      if (text !== null) rows.push([column, text]);
    }
    const order = column => (LENGTHS.includes(column.name) ? 0 : 1);
    return rows.sort((a, b) => order(a[0]) - order(b[0]));
  }

  const list = (app, layer, row, rows) => el("dl", { class: "facts" }, rows.map(([column, text]) => el("div", {},
    el("dt", {}, value(Words.of(column.label))), el("dd", {}, link(app, column, layer, row, text)))));

  // An office's routes: how many, and how long together.
  function reached(app, row) {
    const { routes } = app.survey.layers, id = app.survey.layers.offices.value("office_id", row);
    const mine = id === null ? [] : routes.rows("office_id", id);
    if (!mine.length) return null;
    const kinds = [["n_cables", false], ["n_ducts", true]].map(([key, duct]) => {
      const some = mine.filter(route => Symbols.isDuct(routes, route) === duct);
      const metres = some.reduce((sum, route) => sum + (routes.value(app.view.lengthColumn, route) || 0), 0);
      return some.length ? el("div", {}, Words.word("n_of_length", { n: Words.word(key, { n: Words.integer(some.length) }), length: Words.length(metres, 2) })) : null;
    });
    return el("dl", { class: "facts" }, el("div", {}, el("dt", {}, Words.word("routes_to_office")), el("dd", {}, kinds)));
  }

  function card(app, hits, at, handlers) {
    const { survey } = app;
    const { layer, row } = hits[at];
    const nodes = [
      el("div", { class: "card-head" },
        el("div", { class: "card-sort" }, sort(survey, layer, row).map((part, i) => [i ? " · " : "", value(part)]).flat()),
        el("button", { type: "button", class: "card-close", "aria-label": Words.word("close"), onclick: handlers.close }, "×")),
      el("h2", { class: "card-title" }, value(title(survey, layer, row))),
    ];
    if (layer.name === "findings") nodes.push(...findingBody(app, layer, row));
    else nodes.push(...featureBody(app, layer, row));
    const place = layer.name === "routes" ? null : layer.anchor(row);
    if (place) nodes.push(coordinates(app, place));
    if (hits.length > 1) {
      nodes.push(el("div", { class: "card-steps" },
        el("button", { type: "button", "aria-label": Words.word("previous"), onclick: () => handlers.step(-1) }, Words.lang === "fa" ? "›" : "‹"),
        el("span", {}, Words.word("nth_of", { nth: Words.integer(at + 1), all: Words.integer(hits.length) })),
        el("button", { type: "button", "aria-label": Words.word("next"), onclick: () => handlers.step(1) }, Words.lang === "fa" ? "‹" : "›")));
    }
    return el("div", { class: "card", role: "dialog", "aria-label": shortened(Words.plain(title(survey, layer, row)), 80), lang: Words.lang, dir: Words.lang === "fa" ? "rtl" : "ltr" }, nodes);
  }

  function featureBody(app, layer, row) {
    const nodes = [];
    if (layer.value("provenance", row) === "illustrative") nodes.push(el("p", { class: "tag" }, Words.word("illustrative_feature")));
    const assumption = (Words.lang === "fa" && layer.value("assumption_fa", row)) || layer.value("assumption", row);
    if (assumption) nodes.push(el("p", { class: "tag" }, value(assumption)));
    if (layer.name === "routes") {
      const metres = layer.value(app.view.lengthColumn, row), std = layer.value("std_m", row);
      if (metres !== null) {
        nodes.push(el("p", { class: "card-figure" }, el("strong", {}, Words.length(metres, 2)),
          std !== null && el("span", {}, ` ±\u00a0${Words.length(std, 2)}`)));
      }
    }
    if (layer.name === "offices") nodes.push(reached(app, row));
    const rows = facts(app, layer, row), first = rows.filter(([column]) => FIRST.has(column.name)), rest = rows.filter(([column]) => !FIRST.has(column.name));
    if (first.length) nodes.push(list(app, layer, row, first));
    if (rest.length) nodes.push(el("details", {}, el("summary", {}, Words.word("more")), list(app, layer, row, rest)));
    const found = app.findingsOf(layer.name, row);
    if (found.length) {
      nodes.push(el("ul", { class: "card-findings" }, found.slice(0, 5).map(one => el("li", {},
        el("button", { type: "button", class: "finding-link", onclick: () => app.goToFinding(one) },
          Symbols.pointSample(app.survey.layers.findings.value("severity", one) || "info", 5),
          el("span", {}, value(app.survey.layers.findings.value("code", one)), " ", value(title(app.survey, app.survey.layers.findings, one))))))));
    }
    return nodes;
  }

  // A value that names another feature leads to it.
  function link(app, column, layer, row, text) {
    const shown = value(text);
    if (column.name === "office_id" && layer.name === "routes") {
      const { offices } = app.survey.layers, office = offices.find("office_id", layer.value("office_id", row));
      if (office >= 0) return el("button", { type: "button", class: "link", onclick: () => app.goToOffice(office) }, value(title(app.survey, offices, office)));
    }
    // One of several that are called alike may not be the one that is meant.
    const named = layer.name === "fittings" && { route_id: "routes", manhole_id: "manholes" }[column.name];
    if (named) {
      const target = app.survey.layers[named], rows = target.rows(column.name, layer.value(column.name, row));
      if (rows.length === 1) return el("button", { type: "button", class: "link", onclick: () => app.goTo(target, rows[0]) }, shown);
    }
    return shown;
  }

  function findingBody(app, layer, row) {
    const { survey } = app, code = layer.value("code", row);
    const target = app.target(row);
    return [
      el("p", { class: "card-message" }, el("bdi", {}, Words.sentence(message(layer, row)))),
      el("dl", { class: "facts" }, el("div", {}, el("dt", {}, Words.word("feature")), el("dd", {}, target
        ? el("button", { type: "button", class: "link", onclick: () => app.goTo(target.layer, target.row) }, value(layer.value("feature", row)))
        : value(layer.value("feature", row) || "—")))),
      survey.pages[code] && el("button", { type: "button", class: "link", onclick: () => openPage(app, code) }, Words.word("about_check")),
    ];
  }

  function coordinates(app, [lon, lat]) {
    const degrees = `${lat.toFixed(7)}, ${lon.toFixed(7)}`, utm = Geodesy.utm(lon, lat);
    const rows = [[Words.word("degrees"), degrees]];
    if (utm) rows.push([`UTM ${utm.zone}${utm.north ? "N" : "S"}`, `${utm.easting.toFixed(2)} ${utm.northing.toFixed(2)}`]);
    return el("dl", { class: "places" }, rows.map(([name, text]) => el("div", {},
      el("dt", {}, name), el("dd", { dir: "ltr" }, text),
      el("button", { type: "button", class: "copy", "aria-label": Words.word("copy_what", { what: name }), title: Words.word("copy"), onclick: event => app.copy(text, event.currentTarget) }, icon("copy")))));
  }

  // What appears under the pointer: the name, and a length.
  function hint(app, { layer, row }, more) {
    const { survey } = app, lines = [el("strong", {}, value(shortened(title(survey, layer, row), 60)))];
    if (layer.name === "routes") {
      const metres = layer.value(app.view.lengthColumn, row);
      lines.push(el("span", {}, sort(survey, layer, row).map((part, i) => [i ? " · " : "", value(shortened(part, 40))]).flat(), metres === null ? "" : ` · ${Words.length(metres)}`));
    } else lines.push(el("span", {}, sort(survey, layer, row).map((part, i) => [i ? " · " : "", value(shortened(part, 40))]).flat()));
    if (more) lines.push(el("span", { class: "more" }, Words.word("and_more", { n: Words.integer(more) })));
    return el("div", { class: "hint-body", dir: Words.lang === "fa" ? "rtl" : "ltr" }, lines);
  }

  function openPage(app, code) {
    const page = app.survey.pages[code], dialog = app.root.querySelector("#check-page");
    const paragraphs = text => text.split(/\n{2,}/).map(part => el("p", {}, part));
    dialog.replaceChildren(
      el("div", { class: "dialog-head" },
        el("div", {}, el("span", { class: "code" }, code), " ", el("span", { class: "muted", dir: "ltr" }, page.name)),
        el("button", { type: "button", class: "card-close", "aria-label": Words.word("close"), onclick: () => dialog.close() }, "×")),
      el("h2", { id: "check-title" }, Words.of(page.title)),
      ...["looks_for", "matters", "example", "remedy"].flatMap(part => [el("h3", {}, Words.word(part)), ...paragraphs(Words.of(page[part]))]),
      page.fix ? el("p", { class: "tag" }, Words.word(`fix_${page.fix}`)) : "");
    dialog.showModal();
  }

  return { card, hint, title, sort, message, coordinates, openPage };
})();

// A drawing of the page's own, by its name.
function icon(name) {
  const paths = {
    copy: "M8 8V5a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-3M5 8h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1z",
    agrees: "M5 12.5l4.5 4.5L19 7.5",
    differs: "M5 9h14M5 15h14M16 5L8 19",
    undecided: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.6v.2",
    back: "M10 6l-6 6 6 6M4 12h16",
  };
  return el("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, el("path", { d: paths[name] }));
}
