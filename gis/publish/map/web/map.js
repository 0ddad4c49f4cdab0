// Puts it together: the state of the page, and what its parts ask of one another.
const REACH = matchMedia("(pointer: coarse)").matches ? 16 : 7;

// A scale bar in the language of the page.
const ScaleBar = L.Control.Scale.extend({
  _updateMetric(most) {
    const metres = this._getRoundNum(most);
    this._mScale.style.width = `${Math.round(this.options.maxWidth * metres / most)}px`;
    this._mScale.textContent = Words.scale(metres);
  },
});

// A survey that is not in the page brings itself and what paints it.
function start({ map, groups, basemap, survey = Survey.read(JSON.parse(document.querySelector("#fibre-data").textContent)), paint = view => new Painter(survey, view) }) {
  const root = document.querySelector("#app");
  const { routes, offices, findings } = survey.layers;
  const state = {
    theme: "auto", tab: "answer", by: "status", lengths: false, code: "", severities: new Set(Symbols.SEVERITIES),
  };
  const names = [...Object.keys(groups), ...(basemap ? ["basemap"] : [])];
  const layerOf = name => (name === "basemap" ? basemap : groups[name]);
  const shows = name => map.hasLayer(layerOf(name));
  const narrow = matchMedia("(max-width: 720px)"), dark = matchMedia("(prefers-color-scheme: dark)");

  const view = {
    shows, selected: [], findings: new Uint8Array(findings.size), lengthColumn: `${survey.project.length}_m`,
    get lengths() { return state.lengths; },
    tiles: () => Boolean(basemap) && shows("basemap"),
    officeLabel(row) {
      const county = offices.value("county", row);
      return Words.plain(county === null ? Cards.title(survey, offices, row) : Symbols.countyName(survey, county));
    },
  };
  const app = { map, survey, state, view, root, basemap, names, shows, selected: null, currentFinding: null };
  let popup = null, chosen = null, back = null, ready = false;

  // --- what is shown -------------------------------------------------------------------------------------------
  app.show = (name, on) => {
    if (on) layerOf(name).addTo(map);
    else layerOf(name).remove();
    painter.redraw();
    legend.render();
    link();
  };

  app.set = changes => {
    Object.assign(state, changes);
    if ("by" in changes) recolour();
    if ("severities" in changes || "code" in changes) filter();
    if ("tab" in changes) {
      if ("detail" in root.dataset) close();
      panel.choose(state.tab);
    }
    if ("theme" in changes) theme();
    if ("severities" in changes || "code" in changes || "lengths" in changes) painter.redraw();
    link();
  };

  function filter() {
    for (let row = 0; row < findings.size; row++) {
      view.findings[row] = state.severities.has(findings.value("severity", row)) && (!state.code || findings.value("code", row) === state.code) ? 1 : 0;
    }
    panel.findingsList();
  }

  function recolour() {
    view.scheme = Symbols.scheme(survey, state.by);
    painter.restyle();
    legend.render();
  }

  // Paper is light, whatever the system says while it prints.
  let printing = false;

  function theme() {
    const chosen = state.theme === "auto" ? (dark.matches ? "dark" : "light") : state.theme;
    document.documentElement.dataset.theme = printing ? "light" : chosen;
    root.querySelector("#theme").setAttribute("aria-pressed", chosen === "dark");
    Symbols.refresh();
    if (!ready) return;
    painter.redraw();
    legend.render();
    panel.render();
  }
  app.printing = on => {
    printing = on;
    theme();
    place();
  };

  // --- going somewhere -----------------------------------------------------------------------------------------
  const gentle = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;

  // Room around what is brought into view: more where the legend stands on the map.
  function clear(pad) {
    const over = legendBox.parentElement.id === "stage" && legendBox.classList.contains("open") ? legendBox.offsetWidth + 20 : 0;
    const stage = map.getSize(), room = stage.x - over > 420 ? over : 0, persian = Words.lang === "fa";
    const tools = 50; // their width, on the other side
    const above = [room ? null : ".search", "#left-out"].map(name => name && root.querySelector(name)).filter(node => node && !node.hidden);
    const top = Math.max(0, ...above.map(node => node.offsetTop + node.offsetHeight - 14));
    return {
      paddingTopLeft: [pad + (persian ? tools : room), pad + top],
      paddingBottomRight: [pad + (persian ? room : tools), pad + 16],
    };
  }

  app.clear = clear;

  function fit(box, most = 17) {
    if (!box) return;
    const [west, south, east, north] = box;
    map.fitBounds([[south, west], [north, east]], { ...clear(50), maxZoom: most, animate: gentle() && ready, duration: 0.5 });
  }

  function home() {
    close();
    const [west, south, east, north] = survey.bounds;
    map.once("moveend", () => { whole = here(); });
    map.fitBounds([[south, west], [north, east]], { ...clear(survey.outline.size ? 14 : 36), maxZoom: 17, animate: gentle() && ready });
  }

  // While the whole survey is in view, it stays clear of what lies on the map, which changes sides with the language.
  let whole;
  app.isWhole = () => whole === here();
  app.home = home;
  const here = () => [map.getCenter().lat, map.getCenter().lng, map.getZoom()].join();

  function select(hits, at, where) {
    const { layer, row } = hits[at];
    app.selected = { layer, row };
    view.selected = [{ layer, row }];
    chosen = [hits, at, where];
    const spot = where || (layer.anchor(row) && [layer.anchor(row)[1], layer.anchor(row)[0]]);
    painter.redraw();
    if (!spot) return link();
    const content = Cards.card(app, hits, at, {
      close: () => { close(); map.getContainer().focus(); },
      step: by => select(hits, (at + by + hits.length) % hits.length, where),
    });
    if (narrow.matches) return detail(content);
    const size = map.getSize();
    if (popup) {
      const old = popup;
      popup = null;
      map.closePopup(old);
    }
    popup = L.popup({
      closeButton: false, maxWidth: Math.min(330, size.x - 40), minWidth: Math.min(240, size.x - 40),
      maxHeight: Math.max(150, Math.min(430, size.y - 110)), autoPanPaddingTopLeft: L.point(clear(14).paddingTopLeft).add([0, 20]), autoPanPaddingBottomRight: clear(14).paddingBottomRight,
      offset: layer === routes ? [0, 4] : [0, -2],
    }).setLatLng(spot).setContent(content);
    popup.openOn(map);
    return link();
  }

  // On a phone there is no room on the map: what is said of a feature takes the place of the panel's text.
  function detail(content) {
    const section = root.querySelector("#detail");
    section.hidden = false;
    section.replaceChildren(content);
    root.dataset.detail = "";
    root.querySelector(".panel-body").scrollTop = 0;
    if (root.dataset.sheet === "low") sized("half");
    return link();
  }

  function close() {
    app.selected = chosen = null;
    view.selected = [];
    root.querySelector("#detail").hidden = true;
    delete root.dataset.detail;
    if (popup) map.closePopup(popup);
    painter.redraw();
    link();
  }

  map.on("popupclose", event => {
    if (event.popup !== popup) return;
    popup = chosen = null;
    app.selected = null;
    view.selected = [];
    painter.redraw();
    link();
  });

  // After the map has come to rest, or at once where it does not move.
  function arrived(then) {
    let done = false;
    const once = () => {
      if (done) return;
      done = true;
      map.off("moveend", once);
      then();
    };
    map.on("moveend", once);
    setTimeout(once, 900);
  }

  app.goTo = (layer, row) => {
    const box = layer.bounds([row]);
    if (!box) return select([{ layer, row }], 0, map.getCenter());
    fold();
    arrived(() => select([{ layer, row }], 0));
    fit(box, 17);
    return undefined;
  };

  app.goToOffice = row => {
    const id = offices.value("office_id", row);
    const mine = id === null ? [] : routes.rows("office_id", id);
    fold();
    const boxes = [offices.bounds([row]), routes.bounds(mine)].filter(Boolean);
    const box = boxes.length ? [0, 1, 2, 3].map(side => Math[side < 2 ? "min" : "max"](...boxes.map(one => one[side]))) : null;
    arrived(() => {
      select([{ layer: offices, row }], 0);
      view.selected = [...mine.map(route => ({ layer: routes, row: route })), { layer: offices, row }];
      painter.redraw();
    });
    fit(box, 17);
  };

  app.goToBounds = (layers, one) => {
    const boxes = [routes.bounds(one.routes), offices.bounds(one.offices)].filter(Boolean);
    close();
    if (boxes.length) fit([0, 1, 2, 3].map(side => Math[side < 2 ? "min" : "max"](...boxes.map(box => box[side]))));
  };

  app.goToFinding = row => {
    if (back === null) back = { center: map.getCenter(), zoom: map.getZoom() };
    app.currentFinding = row;
    if (state.tab !== "findings") app.set({ tab: "findings" });
    panel.findingsList();
    panel.reveal(row);
    root.querySelector(".finding.current .finding-go")?.focus({ preventScroll: true });
    if (!shows("findings")) app.show("findings", true);
    app.goTo(findings, row);
  };

  app.goBack = () => {
    const row = app.currentFinding;
    app.currentFinding = null;
    close();
    if (back) map.setView(back.center, back.zoom, { animate: gentle() });
    back = null;
    panel.findingsList();
    root.querySelector(`.finding[data-row="${row}"] .finding-go`)?.focus();
  };

  // The feature that a finding is about.
  app.target = row => {
    const layer = survey.layers[findings.value("layer", row)], at = findings.value("row", row);
    return !layer || layer === findings || at === null || at < 0 ? null : { layer, row: at };
  };

  let byFeature = null;
  app.findingsOf = survey.findingsOf || ((layer, at) => {
    if (!byFeature) {
      byFeature = new Map();
      for (let row = 0; row < findings.size; row++) {
        const key = `${findings.value("layer", row)}|${findings.value("row", row)}`;
        byFeature.set(key, [...(byFeature.get(key) || []), row]);
      }
    }
    return byFeature.get(`${layer}|${at}`) || [];
  });

  // Say anew what is said of features, more of which is known now.
  app.refresh = () => {
    panel.refresh();
    search.show();
    if (chosen) select(...chosen);
  };

  // The vertex of a shown feature within reach of a place on the screen, [lon, lat].
  app.snap = (containerPoint, reach) => {
    let best = null, least = reach;
    for (const { layer, row } of painter.hits(containerPoint, reach)) {
      if (layer === findings) continue;
      layer.eachPart(row, (from, to) => {
        for (let vertex = from; vertex < to; vertex++) {
          const away = map.latLngToContainerPoint([layer.lat(vertex), layer.lon(vertex)]).distanceTo(containerPoint);
          if (away < least) {
            least = away;
            best = [layer.lon(vertex), layer.lat(vertex)];
          }
        }
      });
    }
    return best;
  };

  app.copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No permission, or a page without a secure origin: the older way.
      const field = el("textarea", { class: "visually-hidden" });
      field.value = text;
      root.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    say(Words.word("copied"));
    button?.classList.add("done");
    setTimeout(() => button?.classList.remove("done"), 1200);
  };

  const say = text => { root.querySelector("#said").textContent = text; };

  // --- the pointer and the keys ---------------------------------------------------------------------------------
  const tooltip = L.tooltip({ direction: "top", offset: [0, -8], className: "hint", opacity: 1 });
  let waiting = null;

  map.on("click", event => {
    if (measure.on) return measure.add(event.containerPoint);
    const hits = painter.hits(event.containerPoint, REACH);
    if (hits.length) select(hits, 0, hits[0].layer === routes ? event.latlng : null);
    else close();
    return tooltip.remove();
  });
  map.on("contextmenu", event => coordinatesAt(event.latlng));
  map.on("mousemove", event => {
    if (waiting) cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      waiting = null;
      if (event.originalEvent.target.closest?.(".leaflet-popup")) return tooltip.remove();
      const hits = measure.on || map.dragging.moving() ? [] : painter.hits(event.containerPoint, REACH, 9);
      map.getContainer().classList.toggle("pointing", hits.length > 0);
      if (!hits.length) return tooltip.remove();
      return tooltip.setLatLng(event.latlng).setContent(Cards.hint(app, hits[0], hits.length - 1)).addTo(map);
    });
  });
  map.on("mouseout dragstart zoomstart", () => tooltip.remove());

  function coordinatesAt(latlng) {
    const spot = latlng.wrap();
    L.popup({ closeButton: false, minWidth: 240 }).setLatLng(latlng).setContent(el("div", { class: "card", role: "dialog", "aria-label": Words.word("coordinates"), lang: Words.lang, dir: Words.lang === "fa" ? "rtl" : "ltr" },
      el("div", { class: "card-head" }, el("h2", { class: "card-title" }, Words.word("coordinates")),
        el("button", { type: "button", class: "card-close", "aria-label": Words.word("close"), onclick: () => map.closePopup() }, "×")),
      Cards.coordinates(app, [spot.lng, spot.lat]))).openOn(map);
  }

  const middle = () => map.getSize().divideBy(2);
  map.getContainer().addEventListener("keydown", event => {
    if (event.target !== map.getContainer() || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "enter" || key === " ") {
      if (measure.on) measure.add(middle());
      else {
        const hits = painter.hits(middle(), 24);
        if (hits.length) select(hits, 0);
      }
    } else if (key === "m" || event.code === "KeyM") measure.toggle();
    else if (key === "c" || event.code === "KeyC") coordinatesAt(map.getCenter());
    else if (key === "backspace" && measure.on) measure.undo();
    else if (key === "escape" && measure.on) measure.toggle(false);
    else if (key === "home" || key === "0") home();
    else return;
    event.preventDefault();
  });
  const keyed = on => { root.querySelector("#crosshair").classList.toggle("keyed", on); };
  map.getContainer().addEventListener("focus", () => keyed(map.getContainer().matches(":focus-visible")));
  map.getContainer().addEventListener("blur", () => keyed(false));
  document.addEventListener("keydown", event => {
    if (event.key === "Escape" && (popup || "detail" in root.dataset)) {
      close();
      map.getContainer().focus();
    } else if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      root.querySelector("#search").focus();
      event.preventDefault();
    }
  });

  // --- buttons -------------------------------------------------------------------------------------------------
  const on = (selector, action) => root.querySelector(selector).addEventListener("click", action);
  on("#zoom-in", () => map.zoomIn());
  on("#zoom-out", () => map.zoomOut());
  on("#home", home);
  on("#place", () => coordinatesAt(map.getCenter()));
  on("#language", () => {
    const all = app.isWhole();
    Words.use(Words.lang === "fa" ? "en" : "fa");
    if (all) home();
    link();
  });
  on("#theme", () => app.set({ theme: document.documentElement.dataset.theme === "dark" ? "light" : "dark" }));
  on("#save-geojson", () => Files.save("survey.geojson", "application/geo+json", Files.geojson(app)));
  on("#save-csv", () => Files.save("survey.csv", "text/csv;charset=utf-8", Files.csv(app)));
  on("#copy-link", event => { Link.write(app); app.copy(window.location.href, event.currentTarget); });
  root.querySelector("#colour-by").addEventListener("change", event => app.set({ by: event.target.value }));
  const legendBox = root.querySelector("#legend"), legendButton = root.querySelector("#legend-toggle");
  on("#legend-toggle", () => legendButton.setAttribute("aria-expanded", legendBox.classList.toggle("open")));

  // On a phone the panel is a sheet: it opens, closes, and makes way for the map.
  const sheet = root.querySelector("#sheet"), sizes = ["low", "half", "high"];
  function sized(size) {
    root.dataset.sheet = size;
    sheet.setAttribute("aria-expanded", size !== "low");
    map.invalidateSize({ animate: false });
  }
  on("#sheet", () => sized(sizes[(sizes.indexOf(root.dataset.sheet) + 1) % 3]));
  let grip = null;
  sheet.addEventListener("pointerdown", event => { grip = event.clientY; });
  sheet.addEventListener("pointerup", event => {
    const moved = grip === null ? 0 : event.clientY - grip;
    grip = null;
    if (Math.abs(moved) < 20) return;
    sheet.addEventListener("click", click => click.stopImmediatePropagation(), { capture: true, once: true });
    sized(sizes[Math.min(2, Math.max(0, sizes.indexOf(root.dataset.sheet) + (moved < 0 ? 1 : -1)))]);
  });
  const fold = () => { if (narrow.matches && root.dataset.sheet === "high") sized("half"); };

  // The legend stands on the map, or among the tabs of a phone.
  function place() {
    const phone = narrow.matches && !document.documentElement.classList.contains("on-paper");
    (phone ? root.querySelector("#tab-layers") : root.querySelector("#stage")).append(legendBox);
    const wide = window.innerWidth >= 1000;
    legendBox.classList.toggle("open", phone || wide);
    legendButton.setAttribute("aria-expanded", phone || wide);
    if (!narrow.matches && state.tab === "layers") app.set({ tab: "answer" });
    scale.setPosition(Words.lang === "fa" ? "bottomleft" : "bottomright");
    map.invalidateSize({ animate: false });
  }

  // --- the link ------------------------------------------------------------------------------------------------
  function link() {
    if (ready) Link.write(app);
  }

  function follow() {
    const asked = Link.read(app);
    Object.assign(state, {
      tab: asked.tab || state.tab, theme: asked.theme || state.theme, by: asked.by || state.by, lengths: asked.lengths, code: asked.code || "",
      severities: new Set(Symbols.SEVERITIES.filter(name => !asked.without.includes(name))),
    });
    for (const name of names) {
      if (asked.off.includes(name)) layerOf(name).remove();
      else layerOf(name).addTo(map);
    }
    return asked;
  }

  // --- beginning -----------------------------------------------------------------------------------------------
  map.getContainer().tabIndex = 0;
  map.getContainer().setAttribute("role", "application");
  map.keyboard.enable();
  Symbols.refresh();
  const painter = paint(view, app);
  app.painter = painter;
  const scale = new ScaleBar({ imperial: false, maxWidth: 120 }).addTo(map);
  if (basemap) L.control.attribution({ prefix: false, position: "bottomleft" }).addTo(map);
  const asked = follow();
  view.scheme = Symbols.scheme(survey, state.by);
  const panel = Panel.build(app), legend = Legend.build(app), search = Search.build(app), measure = Measure.build(app);
  app.search = search;
  app.measure = measure;
  const print = Print.build(app);

  function translate() {
    const title = survey.project.name[Words.lang];
    root.querySelector("#title").textContent = Words.plain(title);
    root.querySelector("#print-title").textContent = Words.plain(title);
    document.title = Words.plain(title);
    root.querySelector("#language").textContent = Words.lang === "fa" ? "English" : "فارسی";
    root.querySelector("#language").lang = Words.lang === "fa" ? "en" : "fa";
    map.getContainer().setAttribute("aria-label", Words.word("map_name"));
    panel.render();
    legend.render();
    search.show();
    measure.render();
    place();
    basemap?.translate?.();
    if (basemap) map.attributionControl?.setPosition(Words.lang === "fa" ? "bottomright" : "bottomleft");
    scale._update();
    painter.redraw();
    if (chosen) select(...chosen);
  }

  sized(narrow.matches ? "half" : "high");
  theme();
  filter();
  Words.onChange(translate);
  panel.choose(state.tab);
  painter.addTo(map);
  Words.use(asked.lang || document.documentElement.lang);
  if (asked.view) map.setView([asked.view[1], asked.view[2]], asked.view[0], { animate: false });
  else home();
  ready = true;
  if (asked.at) app.goTo(asked.at.layer, asked.at.row);
  map.on("moveend", link);
  narrow.addEventListener("change", () => { sized(narrow.matches ? "half" : "high"); place(); });
  dark.addEventListener("change", () => theme());
  window.addEventListener("hashchange", () => {
    const next = follow();
    theme();
    recolour();
    filter();
    panel.choose(state.tab);
    if (next.lang) Words.use(next.lang);
    if (next.view) map.setView([next.view[1], next.view[2]], next.view[0], { animate: false });
    if (next.at) app.goTo(next.at.layer, next.at.row);
  });
  // Labels were measured before the font of the page was there.
  document.fonts.ready.then(() => { painter.redraw(); legend.render(); });

  return handle({ app, print });
}

// What tests and other scripts may use; docs/map.md says what each is.
function handle({ app, print }) {
  const { map, survey, painter } = app;
  return {
    map,
    get idle() { return painter.settled(); },
    get drawn() { return { ...painter.drawn }; },
    get painted() { return painter.firstPainted; },
    get language() { return Words.lang; },
    sizes: Object.fromEntries(Object.entries(survey.layers).map(([name, layer]) => [name, layer.size])),
    distance: Geodesy.distance,
    utm: Geodesy.utm,
    fold: Words.fold,
    find: text => app.search.find(text).map(({ layer, row }) => [layer.name, String(layer.id(row))]),
    use: Words.use,
    go: (name, row) => (name === "offices" ? app.goToOffice(row) : name === "findings" ? app.goToFinding(row) : app.goTo(survey.layers[name], row)),
    vertices: (name, row) => {
      const layer = survey.layers[name], vertices = [];
      layer.eachPart(row, (from, to) => {
        for (let vertex = from; vertex < to; vertex++) vertices.push([layer.lon(vertex), layer.lat(vertex)]);
      });
      return vertices;
    },
    geojson: () => Files.geojson(app),
    csv: () => Files.csv(app),
    measured: () => app.measure.total(),
    print,
  };
}

return { start, background: () => Background.build() };
