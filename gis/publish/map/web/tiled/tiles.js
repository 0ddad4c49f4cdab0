// Begins a tiled map: reads what the page holds in memory, says what a zoom leaves out, and minds what is read later.
const Tiles = (() => {
  const MOST_SAVED = 50000, NAMED = /[#&]at=(routes|manholes|fittings)(?:%2F|\/)/i;

  function status(key, fields) {
    const stage = document.querySelector("#stage"), node = stage.querySelector("#reading") || stage.appendChild(el("p", { id: "reading", class: "reading", role: "status" }));
    node.hidden = key === null;
    node.textContent = key === null ? "" : Words.word(key, fields);
    return node;
  }

  async function start(begin, { map, groups, basemap }) {
    Words.use(document.documentElement.lang);
    const data = JSON.parse(document.querySelector("#fibre-data").textContent);
    if (window.location.protocol === "file:") return void status("needs_serving");
    status("reading_survey");
    let app = null, waiting = null;
    const failed = error => { status("reading_failed", { why: Words.plain(error?.message || error) }); };
    // Several parts that arrive together are told once.
    const arrived = () => {
      waiting ??= setTimeout(() => {
        waiting = null;
        app?.refresh();
        app?.painter.redraw();
      }, 30);
    };
    let survey = null;
    try {
      const memory = await Bytes.range(data.store.address, 0, data.store.memory);
      survey = Tiled.read(data, memory, { arrived, failed });
      const [, name] = NAMED.exec(window.location.hash) || [];
      if (name) await survey.layers[name].loadIds();
    } catch (error) {
      return void failed(error);
    }
    // One step further back than the lowest tiles there is nothing to draw.
    map.setMinZoom(data.tiles.lowest + 1);
    const archive = Archive.open(data.tiles.address);
    let handle = null;
    try {
      handle = begin({
        map, groups, basemap, survey,
        paint: (view, made) => {
          app = made;
          app.failed = failed;
          return new Surface(survey, view, app, { levels: data.tiles, archive });
        },
      });
    } catch (error) {
      if (!/webgl/i.test(String(error?.message))) throw error;
      return void status("needs_webgl");
    }
    status(null);
    leftOut(app, data.tiles);
    if (app.isWhole()) app.home();
    savings(app);
    window.addEventListener("hashchange", event => named(survey, event), { capture: true });
    window.fibre = Object.create(handle, Object.getOwnPropertyDescriptors({
      tileId: Archive.tileId,
      get level() { return app.painter.level; },
      get leftOut() { return document.querySelector("#left-out").textContent; },
      rendered: () => app.painter.drawnRoutes(Infinity),
      gl: app.painter.gl,
      rowOf: (name, id) => survey.layers[name].rowOf(id),
      find: text => Promise.all(["routes", "manholes", "fittings"].map(name => survey.layers[name].loadIds())).then(() => handle.find(text)),
      vertices: (name, row) => Promise.resolve(survey.layers[name].load?.([row])).then(() => handle.vertices(name, row)),
    }));
    return window.fibre;
  }

  // --- what is not drawn -----------------------------------------------------------------------------------------
  function leftOut(app, { lowest, drawn, squares }) {
    const { map, state, root } = app;
    const body = el("details", { id: "left-out", class: "left-out", open: window.innerWidth >= 1000 });
    root.querySelector("#stage").append(body);

    function say() {
      const sums = {}, { level } = app.painter;
      for (const { group, code, severity, counts } of drawn) {
        if (!app.shows(group) || group === "findings" && (!state.severities.has(severity) || state.code && state.code !== code)) continue;
        const sum = sums[group === "cables" || group === "ducts" ? "routes" : group] ??= { shown: 0, all: 0 };
        sum.shown += counts[level - lowest];
        sum.all += counts.at(-1);
      }
      const parts = Object.entries(sums).filter(([, { shown, all }]) => shown < all)
        .map(([name, { shown, all }]) => Words.word(`${name}_drawn`, { n: Words.integer(shown), all: Words.integer(all) }));
      body.hidden = !parts.length;
      body.replaceChildren(...(parts.length ? [
        el("summary", {}, Words.word("drawn_here", { what: parts.join(Words.word("comma")) })),
        el("p", {}, Words.word("drawn_rule", { lines: Words.integer(squares[0]), points: Words.integer(squares[1]) }))] : []));
    }

    map.on("levelled layeradd layerremove painted", say);
    Words.onChange(say);
    say();
  }

  // An address that names a feature is followed once the names are known.
  function named(survey, event) {
    const [, name] = NAMED.exec(window.location.hash) || [];
    if (!name || survey.layers[name].named) return;
    event.stopImmediatePropagation();
    survey.layers[name].loadIds().then(() => window.dispatchEvent(new HashChangeEvent("hashchange")));
  }

  // --- saving what is in view ------------------------------------------------------------------------------------
  // Before a file is made, everything in view is read: also what is too small to be drawn.
  function savings(app) {
    for (const id of ["save-geojson", "save-csv"]) {
      const button = app.root.querySelector(`#${id}`);
      let ready = false;
      button.addEventListener("click", event => {
        if (ready) {
          ready = false;
          return;
        }
        event.stopImmediatePropagation();
        const shown = Files.shown(app);
        if (shown.length > MOST_SAVED) {
          const node = status("too_many_to_save", { n: Words.integer(shown.length), most: Words.integer(MOST_SAVED) });
          setTimeout(() => { node.hidden = true; }, 8000);
          return;
        }
        status("reading_survey");
        const byLayer = Map.groupBy ? Map.groupBy(shown, ([layer]) => layer) : grouped(shown);
        Promise.all([...byLayer].map(([layer, pairs]) => layer.load?.(pairs.map(([, row]) => row)))).then(() => {
          status(null);
          ready = true;
          button.click();
        });
      }, { capture: true });
    }
  }

  function grouped(pairs) {
    const groups = new Map();
    for (const pair of pairs) groups.set(pair[0], [...(groups.get(pair[0]) || []), pair]);
    return groups;
  }

  // A background of tiles is an archive beside the page, too.
  const background = () => Background.build(({ address }) => {
    const archive = Archive.open(address);
    return async (z, x, y) => {
      const image = await archive.tile(z, x, y);
      return image.byteLength ? URL.createObjectURL(new Blob([image])) : null;
    };
  });

  return { start, background };
})();
