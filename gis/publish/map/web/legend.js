// The legend, which is the layer switch too.
const Legend = (() => {
  function build(app) {
    const { survey, state, root } = app;
    const list = root.querySelector("#legend-layers");
    const { routes, manholes, offices, fittings, findings } = survey.layers;

    // What a line of the legend is about: group, wording, how many, sample, and the classes below it.
    function lines() {
      const count = (layer, wanted) => {
        let n = 0;
        for (let row = 0; row < layer.size; row++) if (wanted(row)) n++;
        return n;
      };
      const codes = (schema, column) => survey.schemas[schema].columns.find(one => one.name === column).codes;
      const ducts = count(routes, row => Symbols.isDuct(routes, row));
      const exchanges = count(manholes, row => Symbols.isExchange(manholes, row));
      const classes = (layer, names, wording) => names
        .map(name => ({ name, n: count(layer, row => Symbols.pointClass[layer.name](layer, row) === name) }))
        .filter(one => one.n > 0)
        .map(one => ({ sample: () => Symbols.pointSample(one.name), label: () => wording(one.name), n: one.n }));
      const connection = codes("offices", "connection"), kind = codes("manholes", "kind"), fitting = codes("fittings", "kind");
      return [
        {
          group: "offices", label: () => Words.word("offices"), n: offices.size,
          below: classes(offices, Symbols.CONNECTIONS.map(one => `office-${one}`), name => Words.of(connection[name.slice(7)])),
        },
        { group: "cables", label: () => Words.word("cables"), n: routes.size - ducts, sample: () => Symbols.lineSample(routeColour(app, "cable"), "cable") },
        { group: "ducts", label: () => Words.word("ducts"), n: ducts, sample: () => Symbols.lineSample(routeColour(app, "duct"), "duct") },
        {
          group: "manholes", label: () => Words.word("manholes"), n: manholes.size - exchanges,
          below: classes(manholes, Symbols.MANHOLES, name => Words.of(kind[name])),
        },
        { group: "exchanges", label: () => Words.word("exchanges"), n: exchanges, sample: () => Symbols.pointSample("exchange") },
        {
          group: "fittings", label: () => Words.word("fittings"), n: fittings.size,
          below: classes(fittings, Symbols.FITTINGS, name => Words.of(fitting[name.slice(8)]) || Words.word("kind_not_given")),
        },
        {
          group: "findings", label: () => Words.word("findings"), n: findings.size,
          below: classes(findings, Symbols.SEVERITIES, name => Words.word(name)),
        },
      ].filter(one => one.n > 0);
    }

    const shown = lines();

    function render() {
      const focused = document.activeElement && list.contains(document.activeElement) ? document.activeElement.id : null;
      list.replaceChildren(...shown.map(line => row(line)), ...background(), scale());
      if (focused) document.getElementById(focused)?.focus();
      root.querySelector("#colour-by").replaceChildren(...["status", "kind", "installation", "county"].map(
        by => el("option", { value: by, selected: by === state.by }, Words.word(`by_${by}`))));
    }

    function row(line) {
      const single = line.below && line.below.length === 1 ? line.below[0] : line;
      return el("li", { class: app.shows(line.group) ? null : "off" },
        el("label", { class: "layer" },
          toggle(line.group),
          single.sample ? single.sample() : el("span", { class: "sample" }),
          el("span", { class: "layer-name" }, line.label()),
          el("span", { class: "count" }, Words.integer(line.n))),
        line.below && line.below.length > 1 && el("ul", { class: "classes" }, line.below.map(one => el("li", {},
          one.sample(), el("span", {}, one.label()), el("span", { class: "count" }, Words.integer(one.n))))));
    }

    function toggle(group) {
      return el("input", {
        type: "checkbox", id: `layer-${group}`, checked: app.shows(group),
        onchange: event => app.show(group, event.target.checked),
      });
    }

    function background() {
      const names = ["names", ...(survey.areas.size ? ["counties"] : []), "graticule", ...(app.basemap ? ["basemap"] : [])];
      return [el("li", { class: "background" }, names.map(name => el("label", { class: "layer" },
        toggle(name), el("span", { class: "layer-name" }, Words.word(name === "basemap" && app.basemap.local ? "layer_basemap_local" : `layer_${name}`)))),
      el("label", { class: "layer" },
        el("input", { type: "checkbox", id: "layer-lengths", checked: state.lengths, onchange: event => app.set({ lengths: event.target.checked }) }),
        el("span", { class: "layer-name" }, Words.word("layer_lengths"))))];
    }

    // The colours of the routes.
    function scale() {
      const { classes } = app.view.scheme;
      if (!classes.length) return el("li");
      return el("li", { class: "scheme" }, el("p", { class: "scheme-head" }, Words.word("routes_by"), " ", Words.word(`by_${state.by}`)),
        el("ul", { class: classes.length > 6 ? "classes many" : "classes" }, classes.map(one => el("li", {},
          Symbols.lineSample(one.colour, one.key === "duct" ? "duct" : "cable", one.key),
          el("bdi", {}, shortened(Words.plain(one.label()), 30))))));
    }

    return { render };
  }

  // A route's colour where all are of one class; else the ink, for what the colours mean stands below.
  function routeColour(app, kind) {
    const { by, classes } = app.view.scheme;
    if (by === "kind") return `kind-${kind}`;
    return classes.length === 1 ? classes[0].colour : "legend-line";
  }

  return { build };
})();
