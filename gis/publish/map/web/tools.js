// Tools: measuring, coordinates, what is shown as a file, printing, the link to this view.
const Measure = (() => {
  // Clicks become the corners of a line; its geodesic length stands in the hint.
  function build(app) {
    const { map, root } = app;
    const button = root.querySelector("#measure"), bar = root.querySelector("#measure-bar"), text = root.querySelector("#measure-text");
    const cross = root.querySelector("#crosshair");
    const line = L.polyline([], { className: "measure-line", interactive: false, renderer: L.svg() });
    let points = [], on = false;

    const total = () => points.slice(1).reduce((sum, point, i) => sum + Geodesy.distance(points[i][0], points[i][1], point[0], point[1]), 0);

    function render() {
      button.setAttribute("aria-pressed", on);
      bar.hidden = !on;
      cross.hidden = !on;
      if (!on) return;
      line.setLatLngs(points.map(([lon, lat]) => [lat, lon]));
      if (points.length < 2) text.textContent = Words.word(points.length ? "measure_next" : "measure_first");
      else {
        const last = points.slice(-2), metres = total();
        text.replaceChildren(el("strong", {}, metres >= 100000 ? `${Words.number(metres / 1000, 3)}\u00a0${Words.word("km")}` : Words.length(metres, 3)),
          points.length > 2 ? ` · ${Words.word("last_leg")} ${Words.length(Geodesy.distance(...last[0], ...last[1]), 3)}` : "");
      }
    }

    function toggle(next = !on) {
      on = next;
      points = [];
      if (on) line.addTo(map);
      else line.remove();
      map.getContainer().classList.toggle("measuring", on);
      render();
      if (on) map.closePopup();
    }

    // A corner: the vertex of a feature within reach, or the place itself.
    function add(containerPoint) {
      points.push(app.snap(containerPoint, 9) || degrees(map.containerPointToLatLng(containerPoint)));
      render();
    }

    const degrees = place => [place.wrap().lng, place.lat];

    function undo() {
      points.pop();
      render();
    }

    button.addEventListener("click", () => toggle());
    root.querySelector("#measure-undo").addEventListener("click", undo);
    root.querySelector("#measure-end").addEventListener("click", () => { toggle(false); button.focus(); });

    return { toggle, add, undo, render, get on() { return on; }, get points() { return points; }, total };
  }

  return { build };
})();

const Files = (() => {
  const COORDINATE_DIGITS = 9;

  // The features in view on the layers that are shown: [layer, row].
  function shown(app) {
    const box = app.map.getBounds(), { routes, manholes, offices, fittings } = app.survey.layers;
    const west = Survey.worldX(box.getWest()), east = Survey.worldX(box.getEast());
    const north = Survey.worldY(Math.min(85, box.getNorth())), south = Survey.worldY(Math.max(-85, box.getSouth()));
    const groupOf = {
      routes: row => (Symbols.isDuct(routes, row) ? "ducts" : "cables"),
      manholes: row => (Symbols.isExchange(manholes, row) ? "exchanges" : "manholes"),
      offices: () => "offices",
      fittings: () => "fittings",
    };
    const found = [];
    for (const layer of [offices, routes, manholes, fittings]) {
      for (let row = 0; row < layer.size; row++) {
        const at = 4 * row, b = layer.box;
        if (b[at] <= east && b[at + 2] >= west && b[at + 1] <= south && b[at + 3] >= north && app.shows(groupOf[layer.name](row))) found.push([layer, row]);
      }
    }
    return found;
  }

  function geometry(layer, row) {
    const parts = [];
    layer.eachPart(row, (from, to) => {
      const part = [];
      for (let vertex = from; vertex < to; vertex++) part.push([+layer.lon(vertex).toFixed(COORDINATE_DIGITS), +layer.lat(vertex).toFixed(COORDINATE_DIGITS)]);
      parts.push(part);
    });
    if (!parts.length) return null;
    if (parts.every(part => part.length === 1)) {
      return parts.length === 1 ? { type: "Point", coordinates: parts[0][0] } : { type: "MultiPoint", coordinates: parts.map(part => part[0]) };
    }
    const lines = parts.filter(part => part.length > 1);
    return lines.length === 1 ? { type: "LineString", coordinates: lines[0] } : { type: "MultiLineString", coordinates: lines };
  }

  function geojson(app) {
    const features = shown(app).map(([layer, row]) => {
      const properties = { layer: layer.name };
      for (const column of Object.keys(layer.columns)) properties[column] = layer.value(column, row);
      return { type: "Feature", properties, geometry: geometry(layer, row) };
    });
    return JSON.stringify({ type: "FeatureCollection", features });
  }

  // A text that a spreadsheet would take for a formula begins with an apostrophe; a number stays one.
  function cell(raw) {
    if (raw === null || raw === undefined) return "";
    if (typeof raw === "number") return String(raw);
    const text = /^[=+\-@\t\r\n]/.test(raw) ? `'${raw}` : String(raw);
    return /[",;\r\n]/.test(text) ? `"${text.replaceAll("\"", "\"\"")}"` : text;
  }

  function csv(app) {
    const rows = shown(app), columns = [];
    for (const layer of new Set(rows.map(([one]) => one))) {
      for (const column of Object.keys(layer.columns)) if (!columns.includes(column)) columns.push(column);
    }
    const lines = [["layer", ...columns, "lon", "lat"].map(cell).join(",")];
    for (const [layer, row] of rows) {
      const place = layer.anchor(row) || [null, null];
      lines.push([layer.name, ...columns.map(column => layer.value(column, row)), ...place].map(cell).join(","));
    }
    // The mark tells spreadsheets that it is UTF-8.
    return `\ufeff${lines.join("\r\n")}\r\n`;
  }

  function save(name, type, text) {
    const address = URL.createObjectURL(new Blob([text], { type }));
    el("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  return { shown, geojson, csv, save };
})();

const Print = (() => {
  // On paper the page is one A4 sheet; the map is painted anew at a printer's density.
  const PATIENCE = 15000;

  function build(app) {
    const { map, root } = app;
    let before = null;

    function prepare() {
      if (before) return;
      // What is in view and clear of the legend goes onto the paper.
      const { paddingTopLeft, paddingBottomRight } = app.clear(0), corner = map.getSize().subtract(paddingBottomRight);
      const bounds = L.latLngBounds(map.containerPointToLatLng(paddingTopLeft), map.containerPointToLatLng(corner));
      before = { center: map.getCenter(), zoom: map.getZoom(), bounds };
      document.documentElement.classList.add("on-paper");
      const now = new Date();
      root.querySelector("#print-date").replaceChildren(
        el("bdi", {}, Words.day(now, "persian")), " · ", el("bdi", {}, Words.day(now, "gregory")));
      app.printing(true);
      map.invalidateSize({ animate: false, pan: false });
      const body = root.querySelector(".panel-body");
      root.classList.toggle("tight", body.scrollHeight > body.clientHeight + 1);
      map.fitBounds(before.bounds, { ...app.clear(4), animate: false });
      app.painter.paintNow(3);
      root.querySelector("#print-scale").textContent = Words.word("scale_ratio", { n: Words.integer(ratio()) });
    }

    // The scale as a ratio, to two digits: a CSS pixel is 1/96 inch on paper.
    function ratio() {
      const size = map.getSize(), y = size.y / 2;
      const a = map.containerPointToLatLng([size.x / 2 - 50, y]), b = map.containerPointToLatLng([size.x / 2 + 50, y]);
      const exact = Geodesy.distance(a.lng, a.lat, b.lng, b.lat) / (100 * 0.0254 / 96);
      const step = 10 ** Math.floor(Math.log10(exact) - 1);
      return Math.round(exact / step) * step;
    }

    function restore() {
      if (!before) return;
      document.documentElement.classList.remove("on-paper");
      app.printing(false);
      map.invalidateSize({ animate: false, pan: false });
      map.setView(before.center, before.zoom, { animate: false });
      before = null;
      app.painter.restyle();
    }

    // What is read piece by piece is waited for, which a browser's own printing does not do.
    function print() {
      prepare();
      const latest = performance.now() + PATIENCE;
      const ready = () => app.painter.settled() && !app.basemap?.isLoading();
      const look = () => {
        if (!ready() && performance.now() < latest) return setTimeout(look, 50);
        app.painter.still?.();
        return window.print();
      };
      look();
    }

    window.addEventListener("beforeprint", prepare);
    window.addEventListener("afterprint", restore);
    root.querySelector("#print").addEventListener("click", print);
    document.addEventListener("keydown", event => {
      if (event.code !== "KeyP" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      print();
    });
    return { prepare, restore };
  }

  return { build };
})();

const Link = (() => {
  // The view in the address: #map=8/32.65/51.67&lang=fa&…; what is as at first is left out.
  function write(app) {
    const { map, state } = app, center = map.getCenter(), parts = new URLSearchParams();
    parts.set("map", `${+map.getZoom().toFixed(2)}/${center.lat.toFixed(5)}/${center.lng.toFixed(5)}`);
    parts.set("lang", Words.lang);
    if (state.tab !== "answer") parts.set("tab", state.tab);
    if (state.theme !== "auto") parts.set("theme", state.theme);
    if (state.by !== "status") parts.set("by", state.by);
    if (state.lengths) parts.set("lengths", "1");
    const off = app.names.filter(name => !app.shows(name));
    if (off.length) parts.set("off", off.join(","));
    const quiet = Symbols.SEVERITIES.filter(name => !state.severities.has(name));
    if (quiet.length) parts.set("without", quiet.join(","));
    if (state.code) parts.set("code", state.code);
    if (app.selected) {
      const { layer, row } = app.selected, id = layer.name === "findings" ? String(row) : String(layer.id(row)).slice(0, 120);
      // Of several features that are called alike, an address names the one by its row, too; -1 is not known yet.
      const alike = layer.name !== "findings" && ![-1, row].includes(rowOf(layer, id));
      parts.set("at", `${layer.name}/${id}${alike ? `@${row}` : ""}`);
    }
    const hash = `#${parts.toString().replaceAll("%2F", "/").replaceAll("%2C", ",")}`;
    if (hash === window.location.hash) return;
    // A page inside a notebook has no address of its own.
    if (window.location.protocol !== "about:") window.history.replaceState(null, "", hash);
  }

  // What an address asks for, each part only where it is sound.
  function read(app) {
    const parts = new URLSearchParams(window.location.hash.slice(1)), asked = {};
    const view = /^(\d{1,2}(?:\.\d+)?)\/(-?\d{1,2}(?:\.\d+)?)\/(-?\d{1,3}(?:\.\d+)?)$/.exec(parts.get("map") || "");
    if (view) asked.view = view.slice(1).map(Number);
    const among = (name, allowed) => { if (allowed.includes(parts.get(name))) asked[name] = parts.get(name); };
    among("lang", ["fa", "en"]);
    among("tab", ["answer", "counties", "findings", "layers"]);
    among("theme", ["light", "dark"]);
    among("by", ["status", "kind", "installation", "county"]);
    asked.lengths = parts.get("lengths") === "1";
    asked.off = (parts.get("off") || "").split(",").filter(name => app.names.includes(name));
    asked.without = (parts.get("without") || "").split(",").filter(name => Symbols.SEVERITIES.includes(name));
    const { findings } = app.survey.layers;
    if (Symbols.distinct(findings, "code").includes(parts.get("code"))) asked.code = parts.get("code");
    const [, name, id] = /^(\w+)\/(.+)$/s.exec(parts.get("at") || "") || [];
    const layer = Object.hasOwn(app.survey.layers, name || "") ? app.survey.layers[name] : null;
    if (layer) {
      const [, called, at] = /^(.*)@(\d+)$/s.exec(id) || [];
      const exact = at !== undefined && Number(at) < layer.size && String(layer.id(Number(at))).slice(0, 120) === called;
      const row = layer === findings ? Number(id) : exact ? Number(at) : rowOf(layer, id);
      if (Number.isInteger(row) && row >= 0 && row < layer.size) asked.at = { layer, row };
    }
    return asked;
  }

  function rowOf(layer, id) {
    if (layer.rowOf) return layer.rowOf(id);
    for (let row = 0; row < layer.size; row++) if (String(layer.id(row)).slice(0, 120) === id) return row;
    return -1;
  }

  return { write, read };
})();
