// Search: offices by name in either language, counties, and any feature by its id.
const Search = (() => {
  const MOST = 8;

  function build(app) {
    const { survey, root } = app;
    const input = root.querySelector("#search"), list = root.querySelector("#search-results");
    const { offices, routes, manholes, fittings } = survey.layers;
    let results = [], active = -1, entries = null;

    // What can be found, folded; read when first asked for.
    function index(wanted) {
      if (survey.candidates) return entries = survey.candidates(wanted);
      if (entries) return entries;
      entries = [];
      for (let row = 0; row < offices.size; row++) {
        const names = ["name_fa", "name_en", "county", "county_en", "office_id"].map(column => offices.value(column, row));
        const english = survey.counties[offices.value("county", row)];
        entries.push({ layer: offices, row, keys: [...names, english].filter(Boolean).map(name => Words.fold(String(name))) });
      }
      for (const layer of [routes, manholes, fittings]) {
        for (let row = 0; row < layer.size; row++) entries.push({ layer, row, keys: [Words.fold(String(layer.id(row)))] });
      }
      return entries;
    }

    // The best matches: names that begin with the words come first, and offices before all else.
    function find(text) {
      const wanted = Words.fold(text);
      if (!wanted) return [];
      const ranked = [];
      for (const entry of index(wanted)) {
        let best = Infinity;
        for (const key of entry.keys) {
          const at = key.indexOf(wanted);
          if (at >= 0) best = Math.min(best, key === wanted ? 0 : at === 0 ? 1 : 2);
        }
        if (best < Infinity) ranked.push([best + (entry.layer === offices ? 0 : 3), entry]);
      }
      if (!ranked.length && wanted.length > 3) {
        for (const entry of entries) {
          if (entry.layer === offices && entry.keys.some(key => oneOff(key, wanted))) ranked.push([9, entry]);
        }
      }
      return ranked.sort((a, b) => a[0] - b[0]).slice(0, MOST).map(([, entry]) => entry);
    }

    // Whether a key begins with the words but for one letter: Esfahan for Isfahan.
    function oneOff(key, wanted) {
      for (const size of [wanted.length - 1, wanted.length, wanted.length + 1]) {
        const start = key.slice(0, size);
        let head = 0, tail = 0;
        const shorter = Math.min(start.length, wanted.length);
        while (head < shorter && start[head] === wanted[head]) head++;
        while (tail < shorter - head && start[start.length - 1 - tail] === wanted[wanted.length - 1 - tail]) tail++;
        if (Math.max(start.length, wanted.length) - head - tail <= 1) return true;
      }
      return false;
    }

    function show() {
      results = find(input.value);
      active = -1;
      const asked = input.value.trim() !== "";
      list.hidden = !asked;
      input.setAttribute("aria-expanded", asked && results.length > 0);
      input.removeAttribute("aria-activedescendant");
      list.replaceChildren(...(results.length ? results.map((entry, i) => option(entry, i))
        : [el("li", { class: "muted none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, Words.word("nothing_found"))]));
    }

    function option({ layer, row }, i) {
      return el("li", {
        role: "option", id: `result-${i}`, "aria-selected": "false",
        onmousedown: event => event.preventDefault(), onclick: () => choose(i),
      },
      layer === offices ? Symbols.pointSample(Symbols.pointClass.offices(layer, row))
        : layer === routes ? Symbols.lineSample(Symbols.isDuct(layer, row) ? "kind-duct" : "kind-cable", Symbols.isDuct(layer, row) ? "duct" : "cable")
          : Symbols.pointSample(Symbols.pointClass[layer.name](layer, row)),
      el("span", {}, value(shortened(Cards.title(survey, layer, row), 80)), el("small", {}, Cards.sort(survey, layer, row).map((part, n) => [n ? " · " : "", value(shortened(part, 40))]).flat())));
    }

    function mark(i) {
      active = (i + results.length) % results.length;
      [...list.children].forEach((node, at) => node.setAttribute("aria-selected", at === active));
      input.setAttribute("aria-activedescendant", `result-${active}`);
      list.children[active].scrollIntoView({ block: "nearest" });
    }

    function choose(i) {
      const { layer, row } = results[i];
      close();
      // Where Escape closes what opens, and the next Tab is in it.
      app.map.getContainer().focus({ preventScroll: true });
      if (layer === offices) app.goToOffice(row);
      else app.goTo(layer, row);
    }

    function close() {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    input.addEventListener("input", show);
    input.addEventListener("focus", () => input.value && show());
    input.addEventListener("blur", close);
    input.addEventListener("keydown", event => {
      if (event.key === "Escape") {
        if (list.hidden) input.value = "";
        close();
      } else if (event.key === "Enter" && results.length && !list.hidden) choose(Math.max(0, active));
      else if (event.key === "ArrowDown" && results.length) mark(active + 1);
      else if (event.key === "ArrowUp" && results.length) mark(active < 0 ? results.length - 1 : active - 1);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });

    return { find, show: () => !list.hidden && show() };
  }

  return { build };
})();
