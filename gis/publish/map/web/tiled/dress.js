// MapLibre's layers for a tiled survey: the same colours, widths and symbols as in every map.
const Dress = (() => {
  const RADIUS = 9;

  // A size that Symbols gives for a zoom of the map, as an expression.
  function grown(size, share = 1) {
    const zooms = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    return ["interpolate", ["linear"], ["zoom"], ...zooms.flatMap(zoom => [zoom - 1, size(zoom) * share])];
  }

  function colours({ column, classes }) {
    const other = Symbols.colour("other");
    if (!classes.length) return other;
    return ["match", ["get", column], ...classes.flatMap(one => [one.key, Symbols.colour(one.colour)]), other];
  }

  const severities = () => ["match", ["get", "severity"], ...Symbols.SEVERITIES.flatMap(name => [name, Symbols.colour(name)]), Symbols.colour("other")];

  // The group that a layer of MapLibre's belongs to is the beginning of its name.
  const groupOf = id => id.slice(0, id.indexOf(":"));

  // The lowest first.
  function layers({ tiles }, app, view, theme) {
    const visible = group => ({ visibility: app.shows(group) ? "visible" : "none" });
    const list = [], status = ["coalesce", ["get", "status"], ""];
    for (const [group, kind] of [["ducts", "duct"], ["cables", "cable"]]) {
      const duct = ["==", ["get", "kind"], "duct"], mine = kind === "duct" ? duct : ["!", duct];
      const width = grown(Symbols.SIZES[kind]), opacity = Symbols.LINES[kind].opacity, colour = colours(view.scheme);
      for (const name of tiles.dots) {
        list.push({ id: `${group}:${name}`, type: "circle", "source-layer": name, filter: mine, layout: visible(group),
          paint: { "circle-color": colour, "circle-opacity": opacity, "circle-radius": grown(zoom => Math.max(1.2, 0.5 * Symbols.SIZES[kind](zoom))) } });
      }
      for (const [at, dash] of Symbols.DASHES.entries()) {
        for (const name of tiles.lines) {
          list.push({ id: `${group}:${name}:${Symbols.DASHED[at - 1] ?? "through"}`, type: "line", "source-layer": name,
            filter: ["all", mine, at ? ["==", status, Symbols.DASHED[at - 1]] : ["!", ["in", status, ["literal", Symbols.DASHED]]]],
            layout: { ...visible(group), "line-cap": dash.length ? "butt" : "round", "line-join": "round" },
            paint: { "line-color": colour, "line-opacity": opacity, "line-width": width, ...(dash.length ? { "line-dasharray": dash } : {}) } });
        }
      }
    }
    const { severities: shown, code } = app.state;
    const wanted = ["all", ["in", ["get", "severity"], ["literal", [...shown]]], ...(code ? [["==", ["get", "code"], code]] : [])];
    const points = (group, name, property, more) => ({
      id: `${group}:${name}`, type: "symbol", "source-layer": name, ...more,
      layout: { ...visible(group), "icon-image": ["concat", ["get", property], `-${theme}`], "icon-size": grown(Symbols.SIZES[group], 1 / RADIUS), "icon-allow-overlap": true, "icon-ignore-placement": true, "icon-padding": 0, ...more.layout },
    });
    const exchange = ["==", ["get", "kind"], "exchange"];
    for (const name of tiles.fittings) list.push(points("fittings", name, "kind", {}));
    for (const name of tiles.manholes) list.push(points("manholes", name, "kind", { filter: ["!", exchange] }));
    for (const name of tiles.stretches) {
      list.push({ id: `findings:${name}`, type: "line", "source-layer": name, filter: wanted, layout: { ...visible("findings"), "line-cap": "round" },
        paint: { "line-color": severities(), "line-opacity": Symbols.LINES.stretch.opacity, "line-width": grown(Symbols.SIZES.stretch) } });
    }
    for (const name of tiles.manholes) list.push({ ...points("exchanges", name, "kind", { filter: exchange }) });
    const [right, down] = Symbols.aside(0);
    for (const name of tiles.findings) {
      list.push(points("findings", name, "severity", {
        filter: wanted,
        layout: { "symbol-sort-key": ["match", ["get", "severity"], ...Symbols.SEVERITIES.flatMap((name, at) => [name, -at]), -Symbols.SEVERITIES.length] },
        paint: { "icon-translate": ["step", ["zoom"], ["literal", [right, down]], 10, ["literal", [0, 0]]] },
      }));
    }
    return list;
  }

  return { layers, groupOf, RADIUS };
})();
