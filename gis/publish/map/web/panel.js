// The panel beside the map: the answer, the counties and the findings.
const Panel = (() => {
  // So many findings of a check show what they are like; so many more come at a time.
  const WORST = 3, PAGE = 100;

  function build(app) {
    const { survey, state, root } = app;
    const { routes, offices, findings } = survey.layers;
    const tabs = [...root.querySelectorAll("[role=tab]")];
    const shownOf = new Map(), openCauses = new Map();
    let shownParts = 20, open = null;

    function choose(tab, focus = false) {
      for (const one of tabs) {
        const on = one.dataset.tab === tab;
        one.setAttribute("aria-selected", on);
        one.tabIndex = on ? 0 : -1;
        root.querySelector(`#tab-${one.dataset.tab}`).hidden = !on;
        if (on && focus) one.focus();
      }
      root.querySelector(".panel-body").scrollTop = 0;
    }
    for (const tab of tabs) {
      tab.addEventListener("click", () => app.set({ tab: tab.dataset.tab }));
      tab.addEventListener("keydown", event => {
        const visible = tabs.filter(one => one.offsetParent !== null), here = visible.indexOf(tab);
        const forward = Words.lang === "fa" ? "ArrowLeft" : "ArrowRight", backward = Words.lang === "fa" ? "ArrowRight" : "ArrowLeft";
        const next = { [forward]: here + 1, [backward]: here - 1, Home: 0, End: visible.length - 1 }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        app.set({ tab: visible[(next + visible.length) % visible.length].dataset.tab });
        visible[(next + visible.length) % visible.length].focus();
      });
    }

    const listed = parts => (parts.length < 2 ? parts.join("") : parts.slice(0, -1).join(Words.word("comma")) + Words.word("and") + parts.at(-1));

    function notice() {
      const { illustrative, assumptions } = survey;
      const parts = ["routes", "manholes", "offices", "fittings"].filter(name => illustrative[name] > 0)
        .map(name => Words.word(`n_${name}`, { n: Words.integer(illustrative[name]) }));
      const node = root.querySelector("#notice");
      node.hidden = !parts.length && !assumptions.length;
      node.replaceChildren(
        parts.length ? el("p", {}, el("strong", {}, Words.word("illustrative")), " ", Words.word("illustrative_all", { what: listed(parts) })) : "",
        ...assumptions.map(one => el("p", {}, value(Words.of(one)))));
      root.querySelector("#illustrative-tag").hidden = !parts.length;
      const unplaced = Object.values(survey.layers).reduce((sum, layer) => sum + (layer.name === "findings" ? 0 : layer.unplaced), 0);
      const left = root.querySelector("#unplaced");
      left.hidden = unplaced === 0;
      left.textContent = unplaced ? Words.word("unplaced", { n: Words.integer(unplaced) }) : "";
    }

    const oneSource = survey.totals.length > 0 && survey.totals.every(total => total.source && total.source === survey.totals[0].source);

    // The answer: each recorded figure, what was measured, and the verdict.
    function answer() {
      const { totals } = survey;
      const worst = ["differs", "undecided", "agrees"].find(verdict => totals.some(total => total.verdict === verdict));
      const agreeing = totals.filter(total => total.verdict === "agrees").length;
      const hero = totals.length
        ? el("div", { class: `hero ${worst}` }, el("span", { class: "hero-mark" }, icon(worst)), el("p", {},
          Words.word(agreeing === totals.length ? "all_agree" : "some_agree", { n: Words.integer(agreeing), all: Words.integer(totals.length) })))
        : el("p", { class: "muted" }, Words.word("no_totals"));
      root.querySelector("#tab-answer").replaceChildren(
        el("h2", { class: "visually-hidden" }, Words.word("tab_answer")), hero,
        el("ul", { class: "totals" }, totals.map(total => totalCard(total))),
        totals.some(total => total.measure !== "count") ? el("p", { class: "total-source" }, value(Words.of(survey.rule))) : "",
        oneSource ? el("p", { class: "total-source" }, `${Words.word("sources")}: `, value(totals[0].source)) : "",
        measuredTable(),
        survey.unmeasured ? el("p", { class: "total-source", id: "unmeasured" }, Words.word("unmeasured", { n: Words.integer(survey.unmeasured) })) : "",
        leftOut());
    }

    // What was delivered and no figure counts.
    function leftOut() {
      const parts = survey.left_out;
      if (!parts.length) return "";
      return el("section", { class: "not-counted", id: "not-counted" },
        el("h3", {}, Words.word("left_out")), el("p", { class: "muted" }, Words.word("left_out_means")),
        el("ul", {}, parts.slice(0, shownParts).map(part => el("li", {},
          el("strong", {}, Words.integer(part.count), " ", value(Words.of(part.what))),
          el("span", { class: "total-source" }, value(part.source), part.layer && [" · ", value(part.layer)]),
          el("span", {}, value(Words.of(part.why)))))),
        parts.length > shownParts && el("button", { type: "button", class: "wide", id: "more-left-out", onclick: () => { shownParts += PAGE; answer(); } }, Words.word("show_more")));
    }

    function totalCard(total) {
      const decimals = total.measure === "count" ? 0 : total.unit === "km" ? 3 : 1;
      const unit = total.unit ? `\u00a0${Words.unit(total.unit)}` : "";
      const figure = (amount, digits) => el("span", { class: "figure" }, Words.number(amount, digits), el("small", {}, unit));
      const asRecorded = Math.min(3, (String(total.recorded).split(".")[1] || "").length);
      const details = total.measure === "count" && total.difference === 0 && total.tolerance === 0 ? null : el("p", { class: "total-details" },
        `${Words.word("difference")} `, el("b", {}, Words.signed(total.difference, decimals)),
        ` · ${Words.word("tolerance")} `, el("b", {}, `±${Words.number(total.tolerance, decimals)}`),
        total.measure === "count" ? null : [
          ` · ${Words.word("uncertainty")} `, el("b", {}, `±${Words.number(total.std, 2)}`),
          ` · ${Words.word("bias")} `, el("b", {}, Words.number(total.bias, 2)),
          ` · ${Words.word("really_between")} `, el("b", {}, between(total, decimals))]);
      return el("li", { class: `total ${total.verdict}` },
        el("div", { class: "total-head" }, el("h3", {}, value(Words.of(total.item))),
          el("span", { class: "verdict" }, icon(total.verdict), Words.of(survey.verdicts[total.verdict]))),
        el("dl", { class: "pair" },
          el("div", {}, el("dt", {}, Words.word("recorded")), el("dd", {}, figure(total.recorded, asRecorded))),
          el("div", {}, el("dt", {}, Words.word("measured")), el("dd", {}, figure(total.measured, decimals)))),
        total.tolerance > 0 && gauge(total), details,
        total.remarks.map(remark => el("p", { class: "total-details" }, value(Words.of(remark)))),
        !oneSource && total.source && el("p", { class: "total-source" }, `${Words.word("source")}: `, value(total.source)));
    }

    // An upper end that is null is open: something could not be measured.
    function between(total, decimals) {
      const low = Words.signed(total.low, decimals);
      return total.high === null ? Words.word("at_least", { low }) : `${low} … ${Words.signed(total.high, decimals)}`;
    }

    // Where what was really built may lie, in the band that is tolerated.
    function gauge(total) {
      const span = Math.max(total.tolerance * 1.6, Math.abs(total.low) * 1.15, Math.abs(total.high ?? total.difference) * 1.15);
      const x = figure => 50 + 48 * Math.max(-1, Math.min(1, figure / span));
      return el("svg", { class: "gauge", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
        el("line", { x1: 1, x2: 99, y1: 4, y2: 4, class: "gauge-axis" }),
        el("rect", { x: x(-total.tolerance), width: x(total.tolerance) - x(-total.tolerance), y: 1.5, height: 5, rx: 1, class: "gauge-band" }),
        el("line", { x1: 50, x2: 50, y1: 0.5, y2: 7.5, class: "gauge-zero" }),
        el("line", { x1: x(total.low), x2: x(total.high ?? span), y1: 4, y2: 4, class: "gauge-spread" }),
        el("rect", { x: x(total.difference) - 0.7, width: 1.4, y: 0.5, height: 7, rx: 0.7, class: "gauge-mark" }));
    }

    const byKind = new Map(), statuses = Symbols.routeCodes(survey, "status");
    for (let row = 0; row < routes.size; row++) {
      const key = Symbols.isDuct(routes, row) ? "duct" : "cable", status = routes.value("status", row);
      const at = `${key}|${Object.hasOwn(statuses, status) ? status : ""}`;
      const sum = byKind.get(at) || { key, status, n: 0, metres: 0 };
      sum.n++;
      sum.metres += routes.value(app.view.lengthColumn, row) || 0;
      byKind.set(at, sum);
    }

    // What was measured: routes and metres by kind and status.
    function measuredTable() {
      if (!byKind.size) return "";
      const codes = name => survey.schemas.routes.columns.find(column => column.name === name).codes;
      const rows = [...byKind.values()].sort((a, b) => (a.key + a.status).localeCompare(b.key + b.status));
      return el("table", { class: "sums" },
        el("caption", {}, Words.word("measured_lengths"), " ", el("span", { class: "muted" }, Words.word(`length_${survey.project.length}`))),
        el("thead", {}, el("tr", {}, ["layer", "routes", "length"].map(name => el("th", { scope: "col" }, Words.word(name))))),
        el("tbody", {}, rows.map(sum => el("tr", {},
          el("th", { scope: "row" }, Words.of(codes("kind")[sum.key]), " ", Words.of(codes("status")[sum.status])),
          el("td", {}, Words.integer(sum.n)), el("td", {}, Words.length(sum.metres))))));
    }

    const sums = new Map();
    const county = name => {
      if (!sums.has(name)) sums.set(name, { county: name, cable: 0, duct: 0, routes: [], offices: [] });
      return sums.get(name);
    };
    for (let row = 0; row < routes.size; row++) {
      const one = county(routes.value("county", row));
      one[Symbols.isDuct(routes, row) ? "duct" : "cable"] += routes.value(app.view.lengthColumn, row) || 0;
      one.routes.push(row);
    }
    for (let row = 0; row < offices.size; row++) county(offices.value("county", row)).offices.push(row);
    const byLength = [...sums.values()].sort((a, b) => b.cable + b.duct - a.cable - a.duct);

    // Lengths by county as bars; a county opens to its office and its routes.
    function counties() {
      const most = Math.max(1, ...byLength.map(one => one.cable + one.duct));
      root.querySelector("#tab-counties").replaceChildren(
        el("h2", {}, Words.word("length_by_county")),
        el("p", { class: "chart-key" }, Symbols.lineSample("kind-cable", "duct"), Words.word("cables"), Symbols.lineSample("kind-duct", "duct"), Words.word("ducts")),
        el("ul", { class: "bars" }, byLength.slice(0, 500).map(one => bar(one, most))));
    }

    function bar(one, most) {
      const name = one.county === null ? Words.word("no_county") : Symbols.countyName(survey, one.county);
      const shownLength = Words.length(one.cable + one.duct, 0), share = metres => `${(100 * metres / most).toFixed(2)}%`;
      const expanded = open === one;
      const button = el("button", {
        type: "button", class: "county", "aria-expanded": expanded,
        onclick: () => {
          open = expanded ? null : one;
          counties();
          if (open) app.goToBounds(survey.layers, one);
          root.querySelector("#tab-counties [aria-expanded=true]")?.focus();
        },
      },
      el("span", { class: "bar-name" }, value(shortened(name, 60))), el("span", { class: "bar-figure" }, shownLength),
      el("span", { class: "bar-track", "aria-hidden": "true" }, styled("span", "cable", share(one.cable)), styled("span", "duct", share(one.duct))));
      return el("li", {}, button, expanded && el("ul", { class: "members" },
        one.offices.slice(0, 20).map(row => member(offices, row, () => app.goToOffice(row), "")),
        one.routes.slice(0, 100).map(row => member(routes, row, () => app.goTo(routes, row), Words.length(routes.value(app.view.lengthColumn, row) ?? NaN))),
        one.routes.length > 100 && el("li", { class: "muted" }, Words.word("and_more", { n: Words.integer(one.routes.length - 100) }))));
    }

    function styled(tag, name, width) {
      const node = el(tag, { class: name });
      node.style.inlineSize = width;
      return node;
    }

    const member = (layer, row, onclick, figure) => el("li", {}, el("button", { type: "button", class: "member", onclick },
      el("span", {}, value(shortened(Cards.title(survey, layer, row), 60)), el("small", {}, Cards.sort(survey, layer, row).map((part, i) => [i ? " · " : "", value(part)]).flat())),
      el("span", { class: "bar-figure" }, figure)));

    // Findings: filters, then the list, a page at a time.
    function findingsList() {
      const counts = Object.fromEntries(Symbols.SEVERITIES.map(name => [name, 0]));
      const codes = new Map();
      for (let row = 0; row < findings.size; row++) {
        const severity = findings.value("severity", row), code = findings.value("code", row);
        counts[severity] = (counts[severity] || 0) + 1;
        codes.set(code, (codes.get(code) || 0) + 1);
      }
      const chips = Symbols.SEVERITIES.filter(name => counts[name]).map(name => el("button", {
        type: "button", class: `chip ${name}`, "aria-pressed": state.severities.has(name), id: `chip-${name}`,
        onclick: () => {
          const next = new Set(state.severities);
          next.has(name) ? next.delete(name) : next.add(name);
          app.set({ severities: next });
          document.getElementById(`chip-${name}`).focus();
        },
      }, Symbols.pointSample(name, 5.5), Words.word(`${name}s`), el("span", { class: "count" }, Words.integer(counts[name]))));
      const select = el("select", { id: "finding-code", "aria-label": Words.word("filter_code"), onchange: event => { app.set({ code: event.target.value }); document.getElementById("finding-code").focus(); } },
        el("option", { value: "" }, Words.word("all_checks")),
        [...codes].sort().map(([code, n]) => el("option", { value: code, selected: code === state.code }, `${code} ${Words.of(survey.pages[code]?.title) || ""} (${Words.integer(n)})`)));
      const groups = new Map(), members = new Map();
      let n = 0;
      for (let row = 0; row < findings.size; row++) {
        const cause = findings.value("cause", row);
        if (cause && !members.has(cause)) members.set(cause, []);
        if (cause) members.get(cause).push(row);
        if (!app.view.findings[row]) continue;
        n++;
        const code = findings.value("code", row);
        if (!groups.has(code)) groups.set(code, { code, n: 0, causes: [], own: [], ofCause: 0 });
        const group = groups.get(code);
        if (findings.value("tells", row)) group.causes.push(row);
        else if (cause) group.ofCause++;
        else group.own.push(row);
      }
      const order = new Map(survey.checks.map(({ code }, at) => [code, at]));
      const listed = [...groups.values()].sort((a, b) => order.get(a.code) - order.get(b.code));
      root.querySelector("#tab-findings").replaceChildren(
        el("h2", {}, Words.word("tab_findings")),
        ...(findings.size ? [
          el("div", { class: "filters" }, el("div", { class: "chips", role: "group", "aria-label": Words.word("filter_severity") }, chips), select),
          state.code && survey.pages[state.code] ? el("button", { type: "button", class: "link", onclick: () => Cards.openPage(app, state.code) }, Words.word("about_check")) : "",
          el("p", { class: "muted", role: "status" }, Words.word("n_findings", { n: Words.integer(n), all: Words.integer(findings.size) })),
          el("ul", { class: "checks" }, listed.map(group => check(group, members))),
        ] : [el("p", { class: "muted" }, Words.word("no_findings"))]));
    }

    // Of a check first what it is and where most of it is, then its causes, then the worst of the rest.
    function check(group, members) {
      const { code, causes, own, ofCause } = group, { where } = survey.checks.find(one => one.code === code);
      own.sort((a, b) => Symbols.rank(findings, a) - Symbols.rank(findings, b) || (findings.value("amount", b) ?? -1) - (findings.value("amount", a) ?? -1) || a - b);
      const worst = [...causes, ...own][0], severity = worst === undefined ? "info" : findings.value("severity", worst);
      let most = state.code === code ? Math.max(PAGE, shownOf.get(code) || 0) : shownOf.get(code) || WORST;
      if (own.indexOf(app.currentFinding) >= most) most = own.indexOf(app.currentFinding) + 1;
      return el("li", { class: "check", "data-code": code },
        el("div", { class: "check-head" }, Symbols.pointSample(severity, 6),
          el("h3", {}, el("span", { class: "code" }, code), " ", Words.of(survey.pages[code]?.title) || value(code)),
          el("span", { class: "bar-figure" }, Words.integer(own.length + ofCause || causes.length)),
          el("p", { class: "muted" }, Words.word("most_in", { where: "\u2068" + Words.plain(Words.of(where)) + "\u2069" }), ofCause ? ` · ${Words.word("of_a_cause", { n: Words.integer(ofCause) })}` : "")),
        el("ul", { class: "findings" }, causes.map(row => cause(row, members.get(findings.value("tells", row)) || [])), own.slice(0, most).map(row => finding(row))),
        own.length > most && more(`more-${code}`, own.length - most, () => shownOf.set(code, most + PAGE)));
    }

    // What many findings have in common, which opens to them.
    function cause(row, rows) {
      const key = findings.value("tells", row), at = rows.indexOf(app.currentFinding);
      if (at >= 0) openCauses.set(key, Math.max(openCauses.get(key) || PAGE, at + 1));
      const most = openCauses.get(key), node = finding(row), id = `cause-${row}`;
      node.classList.add("cause");
      if (rows.length) {
        node.append(el("button", {
          type: "button", class: "link", id, "aria-expanded": String(Boolean(most)), onclick: () => {
            if (most) openCauses.delete(key);
            else openCauses.set(key, PAGE);
            again(id);
          },
        }, most ? Words.word("hide_of_cause") : Words.word("show_of_cause", { n: Words.integer(rows.length) })));
      }
      if (most) {
        rows.sort((a, b) => (findings.value("amount", b) ?? -1) - (findings.value("amount", a) ?? -1) || a - b);
        node.append(el("ul", { class: "findings" }, rows.slice(0, most).map(one => finding(one))));
        if (rows.length > most) node.append(more(`more-${id}`, rows.length - most, () => openCauses.set(key, most + PAGE)));
      }
      return node;
    }

    const more = (id, n, onclick) => el("button", { type: "button", class: "wide", id, onclick: () => { onclick(); again(id); } }, Words.word("show_more"), ` (${Words.word("n_more", { n: Words.integer(n) })})`);

    function again(id) {
      findingsList();
      document.getElementById(id)?.focus({ preventScroll: true });
    }

    function finding(row) {
      const severity = findings.value("severity", row) || "info", current = app.currentFinding === row;
      return el("li", { class: current ? "finding current" : "finding", "data-row": row },
        el("button", { type: "button", class: "finding-go", "aria-current": current, onclick: () => app.goToFinding(row) },
          Symbols.pointSample(severity, 6),
          el("span", {},
            el("span", { class: "finding-head" }, el("span", { class: "code" }, value(findings.value("code", row))), " ", el("strong", {}, value(shortened(findings.value("feature", row) || Cards.title(survey, findings, row), 60))), el("span", { class: "visually-hidden" }, ` ${Words.word(severity)}`)),
            el("span", { class: "finding-text" }, el("bdi", {}, Words.sentence(Cards.message(findings, row)))))),
        current && el("button", { type: "button", class: "link", id: "finding-back", onclick: () => app.goBack() }, icon("back"), Words.word("back_to_view")));
    }

    function render() {
      notice();
      answer();
      counties();
      findingsList();
      root.querySelector("#count-findings").textContent = findings.size ? Words.integer(findings.size) : "";
    }

    // What has come to be known of counties' routes and of findings is said, and the focus stays where it is.
    function refresh() {
      const at = document.activeElement, row = at?.closest(".finding")?.dataset.row, inCounty = at?.matches("#tab-counties [aria-expanded=true]");
      if (open) counties();
      findingsList();
      if (inCounty) root.querySelector("#tab-counties [aria-expanded=true]")?.focus({ preventScroll: true });
      else if (row) root.querySelector(`.finding[data-row="${row}"] .finding-go`)?.focus({ preventScroll: true });
      else if (at?.id && !at.isConnected) document.getElementById(at.id)?.focus({ preventScroll: true });
    }

    return { render, refresh, choose, findingsList, reveal: row => root.querySelector(`.finding[data-row="${row}"]`)?.scrollIntoView({ block: "center" }) };
  }

  return { build };
})();
