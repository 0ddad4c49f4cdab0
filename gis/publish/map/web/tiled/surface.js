// Paints a tiled survey: ground and names on canvases as in every map, routes, manholes and findings by MapLibre between.
const SURFACE = new Set(["ducts", "cables", "fittings", "manholes", "exchanges", "findings"]);

const Ground = Painter.extend({
  _canvas() { return this.getPane("ground").appendChild(el("canvas", { class: "painter leaflet-zoom-animated", "aria-hidden": "true" })); },
  restyle() { this.redraw(); },
  * _paint(ctx, frame) {
    this._land(ctx, frame);
    if (this.view.shows("graticule")) this._graticule(ctx, frame);
    if (this.view.shows("counties")) this._counties(ctx, frame);
    yield;
    this._glow(ctx, frame);
  },
});

const Front = Painter.extend({
  initialize(survey, view, surface) {
    // What MapLibre draws is not drawn again.
    const rest = Object.create(view, { shows: { value: name => !SURFACE.has(name) && name !== "graticule" && view.shows(name) } });
    Painter.prototype.initialize.call(this, survey, rest);
    this._surface = surface;
    this._all = view;
  },
  restyle() { this.redraw(); },
  _land() {},
  _glow() {},
  _counties() {},
  // Lengths stand at the routes that are drawn, once their vertices are known.
  * _lengths(ctx, frame, taken) {
    const layer = this.survey.layers.routes, rows = this._surface.drawnRoutes(600);
    layer.load(rows.filter(row => !layer.known(row)));
    const some = Object.create(this, { _visible: { value: () => rows.filter(row => layer.known(row)) }, view: { value: { ...this.view, shows: this._all.shows, lengthColumn: this._all.lengthColumn } } });
    yield* Painter.prototype._lengths.call(some, ctx, frame, taken);
  },
});

const Surface = L.Layer.extend({
  options: { margin: 0.25 },

  initialize(survey, view, app, { levels, archive }) {
    this.survey = survey;
    this.view = view;
    this.app = app;
    this.levels = levels; // the lowest and the highest zoom of the tiles, and what is in them
    this._archive = archive;
    this._given = new Map();
    this._images = new Set();
  },

  onAdd(map) {
    this._map = map;
    for (const [name, order] of [["ground", 340], ["surface", 360]]) Object.assign(map.createPane(name).style, { zIndex: order, pointerEvents: "none" });
    this.ground = new Ground(this.survey, this.view);
    this.front = new Front(this.survey, this.view, this);
    this._box = map.getPane("surface").appendChild(el("div", { class: "surface leaflet-zoom-animated", "aria-hidden": "true" }));
    maplibregl.addProtocol("fibre", async ({ url }, { signal }) => {
      const [z, x, y] = url.slice("fibre://".length).split("/").map(Number);
      return { data: await this._archive.tile(z, x, y, signal) };
    });
    const { lowest, top } = this.levels;
    this._size();
    this.gl = new maplibregl.Map({
      container: this._box,
      style: { version: 8, transition: { duration: 0, delay: 0 }, sources: { survey: { type: "vector", tiles: ["fibre://{z}/{x}/{y}"], minzoom: lowest, maxzoom: top } }, layers: [] },
      ...this._where(), interactive: false, attributionControl: false, fadeDuration: 0, trackResize: false, maxZoom: 24, validateStyle: false,
      pixelRatio: this._ratio(), canvasContextAttributes: { preserveDrawingBuffer: true, antialias: true },
    });
    this.gl.on("error", ({ error }) => { if (error?.name !== "AbortError") this.app.failed(error); });
    this.gl.on("load", () => { this._loaded = true; this.redraw(); });
    // At rest is what MapLibre calls idle: between a change and its picture its own flags say that all is loaded.
    this.gl.on("render", () => { this._resting = false; });
    this.gl.on("idle", () => { this._resting = true; if (this.view.lengths) this.front.redraw(); map.fire("surfaced"); });
    this.ground.addTo(map);
    this.front.addTo(map);
    this._follow();
  },

  onRemove() {
    this.ground.remove();
    this.front.remove();
    this.gl.remove();
    this._box.remove();
  },

  getEvents() {
    return { viewreset: this._follow, moveend: this._follow, move: this._moved, resize: this._follow, zoomanim: this._animate };
  },

  // --- keeping with the map --------------------------------------------------------------------------------------
  _ratio() { return this._density || Math.min(2, window.devicePixelRatio || 1); },

  _size() {
    const size = this._map.getSize(), pad = size.multiplyBy(this.options.margin).round();
    const changed = !this._pad || !this._pad.equals(pad) || !this._was.equals(size);
    this._pad = pad;
    this._was = size;
    if (changed) {
      this._box.style.width = `${size.x + 2 * pad.x}px`;
      this._box.style.height = `${size.y + 2 * pad.y}px`;
    }
    return changed;
  },

  // MapLibre's zoom counts from tiles of 512 pixels.
  _where() {
    const center = this._map.getCenter();
    return { center: [center.lng, center.lat], zoom: this._map.getZoom() - 1 };
  },

  _follow() {
    if (!this.gl || !this._map._loaded || !this._map.getSize().x) return;
    if (this._size()) this.gl.resize();
    this._origin = this._map.containerPointToLayerPoint(this._pad.multiplyBy(-1));
    this._frame = { zoom: this._map.getZoom(), corner: this._map.layerPointToLatLng(this._origin) };
    L.DomUtil.setTransform(this._box, this._origin, 1);
    this._resting = false;
    this.gl.jumpTo(this._where());
    // At once, so that picture and place change together.
    if (this._loaded) this.gl.redraw();
    this._map.fire("levelled", { level: this.level });
  },

  // While the map is dragged, its picture goes with it until the margin is used up.
  _moved() {
    if (!this._frame || this._frame.zoom !== this._map.getZoom()) return;
    const used = this._map.containerPointToLayerPoint([0, 0]).subtract(this._origin).subtract(this._pad);
    if (Math.abs(used.x) > 0.7 * this._pad.x || Math.abs(used.y) > 0.7 * this._pad.y) this._follow();
  },

  _animate(event) {
    if (!this._frame) return;
    const scale = this._map.getZoomScale(event.zoom, this._frame.zoom);
    L.DomUtil.setTransform(this._box, this._map._latLngToNewLayerPoint(this._frame.corner, event.zoom, event.center), scale);
  },

  // --- how it looks ----------------------------------------------------------------------------------------------
  redraw() {
    if (!this.gl) return;
    this.ground.redraw();
    this.front.redraw();
    if (this._loaded) this._dress();
  },

  restyle() {
    if (this._density) {
      this._density = null;
      this._picture?.remove();
      this._picture = null;
      this.gl.setPixelRatio(this._ratio());
    }
    this.redraw();
  },

  // All at once, at a density of its own: what a printer takes.
  paintNow(density) {
    this._density = density;
    this.gl.setPixelRatio(density);
    this._follow();
    this.ground.paintNow(density);
    this.front.paintNow(density);
    this.still();
  },

  // What is drawn so far as a picture of its own: a browser may look at MapLibre's only when it has printed.
  still() {
    const drawn = this.gl.getCanvas();
    this._picture ??= this._box.appendChild(el("canvas", { class: "still" }));
    Object.assign(this._picture, { width: drawn.width, height: drawn.height });
    this._picture.getContext("2d", { willReadFrequently: true }).drawImage(drawn, 0, 0);
  },

  // Whether nothing is left to read or to paint.
  settled() { return Boolean(this._loaded) && this._resting && this.ground.settled() && this.front.settled() && this.gl.loaded() && this.gl.areTilesLoaded(); },

  // Bring MapLibre's layers to what the page shows: only what has changed is told.
  _dress() {
    const theme = document.documentElement.dataset.theme;
    this._paintImages(theme);
    for (const layer of Dress.layers(this.levels, this.app, this.view, theme)) {
      const { id, layout = {}, paint = {}, filter } = layer;
      if (!this.gl.getLayer(id)) this.gl.addLayer({ ...layer, source: "survey" });
      else {
        for (const [key, wanted] of Object.entries(layout)) if (this._changed(id, key, wanted)) this.gl.setLayoutProperty(id, key, wanted);
        for (const [key, wanted] of Object.entries(paint)) if (this._changed(id, key, wanted)) this.gl.setPaintProperty(id, key, wanted);
        if (filter && this._changed(id, "filter", filter)) this.gl.setFilter(id, filter);
        continue;
      }
      for (const [key, wanted] of Object.entries({ ...layout, ...paint, ...(filter ? { filter } : {}) })) this._changed(id, key, wanted);
    }
  },

  _changed(id, key, wanted) {
    const name = `${id} ${key}`, text = JSON.stringify(wanted);
    if (this._given.get(name) === text) return false;
    this._given.set(name, text);
    this._resting = false;
    return true;
  },

  _paintImages(theme) {
    const side = 2 * Dress.RADIUS + 6, density = 3;
    for (const name of ["exchange", ...Symbols.MANHOLES, ...Symbols.FITTINGS, ...Symbols.SEVERITIES]) {
      const key = `${name}-${theme}`;
      if (this._images.has(key)) continue;
      this._images.add(key);
      const canvas = el("canvas", { width: side * density, height: side * density }), ctx = canvas.getContext("2d");
      ctx.scale(density, density);
      Symbols.drawPoint(ctx, name, side / 2, side / 2, Dress.RADIUS);
      this.gl.addImage(key, ctx.getImageData(0, 0, side * density, side * density), { pixelRatio: density });
    }
  },

  // --- what is where ---------------------------------------------------------------------------------------------
  _found(point, reach, groups) {
    const at = L.point(point).add(this._pad);
    const ids = this.gl.getStyle().layers.filter(({ id }) => groups.has(Dress.groupOf(id)) && this.gl.getLayoutProperty(id, "visibility") !== "none").map(({ id }) => id);
    if (!ids.length) return [];
    return this.gl.queryRenderedFeatures([[at.x - reach, at.y - reach], [at.x + reach, at.y + reach]], { layers: ids });
  },

  // As the painter of every map gives it: uppermost first.
  hits(point, reach, most = 50) {
    const map = this._map, zoom = map.getZoom(), scale = 256 * 2 ** zoom, place = map.containerPointToLatLng(point);
    const x = Survey.worldX(place.lng), y = Survey.worldY(place.lat);
    const found = this._loaded ? this._found(point, Math.max(reach, 12), SURFACE) : [];
    const of = group => {
      const least = new Map(), aside = group === "findings" ? Symbols.aside(zoom) : [0, 0];
      const limit = Math.max(reach, (Symbols.SIZES[group] || (() => 0))(zoom) + 2);
      for (const feature of found) {
        if (Dress.groupOf(feature.layer.id) !== group) continue;
        const { row } = feature.properties, point = feature.geometry.type === "Point" || feature.geometry.type === "MultiPoint";
        const away = scale * distance(feature.geometry, x - (point ? aside[0] / scale : 0), y - (point ? aside[1] / scale : 0));
        if (away <= limit) least.set(row, Math.min(away, least.get(row) ?? Infinity));
      }
      const layer = this.survey.layers[{ findings: "findings", manholes: "manholes", exchanges: "manholes", fittings: "fittings" }[group] || "routes"];
      return [...least].sort((a, b) => a[1] - b[1]).map(([row]) => ({ layer, row }));
    };
    const hits = [...of("findings"), ...this.front.hits(point, reach, most).filter(({ layer }) => layer.name === "offices"), ...["exchanges", "manholes", "fittings", "cables", "ducts"].flatMap(of)].slice(0, most);
    // What is said of them is wanted soon.
    for (const { layer, row } of hits) if (layer.load) layer.load([row]);
    return hits;
  },

  // The rows of routes on the screen.
  drawnRoutes(most) {
    if (!this._loaded) return [];
    const size = this._map.getSize().divideBy(2);
    const ids = new Set(["cables", "ducts"].filter(name => this.view.shows(name)));
    const rows = new Set();
    for (const { properties } of this._found(size, Math.max(size.x, size.y), ids)) {
      rows.add(properties.row);
      if (rows.size >= most) break;
    }
    return [...rows].sort((a, b) => a - b);
  },
});

// Leaflet's way to make classes would read these once and for all.
Object.defineProperties(Surface.prototype, Object.getOwnPropertyDescriptors({
  // The zoom level of the tiles in view.
  get level() { return Math.max(this.levels.lowest, Math.min(this.levels.top, Math.floor(this.gl.getZoom()))); },

  get drawn() { return { ...this.front.drawn, level: this.level }; },
}));

// Distance in world coordinates from a place to a geometry in degrees.
function distance(geometry, x, y) {
  const lines = { Point: c => [[c]], MultiPoint: c => c.map(one => [one]), LineString: c => [c], MultiLineString: c => c }[geometry.type](geometry.coordinates);
  let least = Infinity;
  for (const line of lines) {
    let [ax, ay] = [Survey.worldX(line[0][0]), Survey.worldY(line[0][1])];
    if (line.length === 1) least = Math.min(least, Math.hypot(ax - x, ay - y));
    for (const [lon, lat] of line.slice(1)) {
      const bx = Survey.worldX(lon), by = Survey.worldY(lat), dx = bx - ax, dy = by - ay;
      const along = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
      least = Math.min(least, Math.hypot(x - ax - along * dx, y - ay - along * dy));
      [ax, ay] = [bx, by];
    }
  }
  return least;
}
