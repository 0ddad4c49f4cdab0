// Draws the survey: one canvas that follows the map, painted in slices so that no frame waits for it.
const Painter = L.Layer.extend({
  options: { margin: 0.25, slice: 12 },

  initialize(survey, view) {
    this.survey = survey;
    this.view = view; // shows(name), scheme, lengths, findings (a mask), selected
    this.drawn = {};
  },

  onAdd(map) {
    this._map = map;
    this._front = this._canvas();
    this._back = this._canvas();
    this._back.hidden = true;
    this.restyle();
  },

  onRemove() {
    cancelAnimationFrame(this._frame);
    this._front.remove();
    this._back.remove();
  },

  getEvents() {
    return { viewreset: this._start, moveend: this._start, move: this._moved, resize: this._start, zoomanim: this._animate };
  },

  _canvas() {
    return this.getPane("overlayPane").appendChild(
      el("canvas", { class: "painter leaflet-zoom-animated", "aria-hidden": "true" }));
  },

  // To be called when colours or classes have changed.
  restyle() {
    const routes = this.survey.layers.routes, scheme = this.view.scheme;
    const index = new Map(scheme.classes.map((one, i) => [one.key, i]));
    this._classOf = new Int16Array(routes.size);
    for (let row = 0; row < routes.size; row++) {
      this._classOf[row] = index.get(routes.value(scheme.column, row)) ?? -1;
    }
    this.redraw();
  },

  // Paint anew, soon: several changes at once are one painting.
  redraw() {
    if (this._map) this._start();
  },

  // Paint all at once, at a density of its own: what a printer takes.
  paintNow(density) {
    this._density = density;
    this._start();
    while (this._job) this._work(Infinity);
    this._density = null;
  },

  // Whether nothing is left to paint.
  settled() { return !this._job && Boolean(this._front.frame); },

  _animate(event) {
    const front = this._front.frame;
    if (!front) return;
    cancelAnimationFrame(this._frame);
    this._job = null;
    const scale = this._map.getZoomScale(event.zoom, front.zoom);
    const offset = this._map._latLngToNewLayerPoint(front.corner, event.zoom, event.center);
    L.DomUtil.setTransform(this._front, offset, scale);
  },

  // While the map is dragged, painting starts again once the margin is used up.
  _moved() {
    const frame = this._front.frame;
    if (!frame || this._job || frame.zoom !== this._map.getZoom()) return;
    const size = this._map.getSize(), at = this._map.containerPointToLayerPoint([0, 0]);
    const spare = size.multiplyBy(this.options.margin * 0.3);
    const used = at.subtract(frame.origin);
    if (used.x < spare.x || used.y < spare.y || used.x + size.x > frame.width - spare.x || used.y + size.y > frame.height - spare.y) {
      this._start();
    }
  },

  _start() {
    const map = this._map;
    if (!map || !map._loaded) return;
    cancelAnimationFrame(this._frame);
    const size = map.getSize();
    if (!size.x || !size.y) return;
    const origin = map.containerPointToLayerPoint(size.multiplyBy(-this.options.margin)).round();
    const width = Math.ceil(size.x * (1 + 2 * this.options.margin)), height = Math.ceil(size.y * (1 + 2 * this.options.margin));
    const zoom = map.getZoom();
    const scale = 256 * 2 ** zoom;
    const pixelOrigin = map.getPixelOrigin();
    const ratio = this._density || Math.min(2, window.devicePixelRatio || 1);
    const frame = {
      origin, width, height, zoom, scale, ratio,
      corner: map.layerPointToLatLng(origin),
      dx: -(origin.x + pixelOrigin.x), dy: -(origin.y + pixelOrigin.y),
      // The part in view, in the canvas's pixels.
      window: [size.x * this.options.margin, size.y * this.options.margin, size.x * (1 + this.options.margin), size.y * (1 + this.options.margin)],
    };
    const canvas = this._back;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const ctx = canvas.getContext("2d", { willReadFrequently: true });
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    this._job = { frame, ctx, steps: this._paint(ctx, frame), drawn: {} };
    // The first slice at once: a small survey never flickers.
    this._work(this.options.slice);
  },

  _work(milliseconds) {
    // Whoever goes on with the painting takes over the slice that waits for the next frame.
    cancelAnimationFrame(this._frame);
    const job = this._job, until = performance.now() + milliseconds;
    for (;;) {
      if (job.steps.next().done) break;
      // Reading a pixel puts on the canvas what was drawn so far, so that its time counts here and not all at the end.
      job.ctx.getImageData(0, 0, 1, 1);
      if (performance.now() > until) {
        this._frame = requestAnimationFrame(() => this._work(this.options.slice));
        return;
      }
    }
    const canvas = this._back;
    canvas.frame = job.frame;
    L.DomUtil.setTransform(canvas, job.frame.origin, 1);
    canvas.hidden = false;
    this._front.hidden = true;
    this._back = this._front;
    this._front = canvas;
    this.drawn = job.drawn;
    this.firstPainted ??= performance.now();
    this._job = null;
    this._map.fire("painted");
  },

  * _paint(ctx, frame) {
    const { view } = this;
    const { layers } = this.survey;
    this._land(ctx, frame);
    if (view.shows("graticule")) this._graticule(ctx, frame);
    if (view.shows("counties")) this._counties(ctx, frame);
    yield;
    this._glow(ctx, frame);
    for (const group of ["ducts", "cables"]) {
      if (view.shows(group)) yield* this._lines(ctx, frame, group);
    }
    if (layers.fittings.size && view.shows("fittings")) yield* this._points(ctx, frame, "fittings", layers.fittings, () => true);
    if (view.shows("manholes")) yield* this._points(ctx, frame, "manholes", layers.manholes, row => !Symbols.isExchange(layers.manholes, row));
    if (view.shows("findings")) yield* this._stretches(ctx, frame);
    if (view.shows("exchanges")) yield* this._points(ctx, frame, "exchanges", layers.manholes, row => Symbols.isExchange(layers.manholes, row));
    if (view.shows("offices")) yield* this._points(ctx, frame, "offices", layers.offices, () => true);
    if (view.shows("findings")) yield* this._points(ctx, frame, "findings", layers.findings, row => view.findings[row] === 1);
    const taken = [];
    this._rings(ctx, frame);
    if (view.shows("names")) this._names(ctx, frame, taken);
    if (view.lengths) yield* this._lengths(ctx, frame, taken);
  },

  _x(frame, world) { return world * frame.scale + frame.dx; },

  // The rows whose box meets the canvas, less those that a filter leaves out.
  _visible(layer, frame, wanted) {
    const pad = 20 / frame.scale;
    const west = -frame.dx / frame.scale - pad, north = -frame.dy / frame.scale - pad;
    const east = (frame.width - frame.dx) / frame.scale + pad, south = (frame.height - frame.dy) / frame.scale + pad;
    const { box } = layer, rows = [];
    for (let row = 0; row < layer.size; row++) {
      const at = 4 * row;
      if (box[at] <= east && box[at + 2] >= west && box[at + 1] <= south && box[at + 3] >= north && wanted(row)) rows.push(row);
    }
    return rows;
  },

  // Add a row to the current path; vertices less than a pixel from the one before are left out.
  _trace(ctx, frame, layer, row, close = false) {
    const { world } = layer, { scale, dx, dy } = frame;
    let traced = 0;
    layer.eachPart(row, (from, to) => {
      let lastX = world[2 * from] * scale + dx, lastY = world[2 * from + 1] * scale + dy;
      ctx.moveTo(lastX, lastY);
      if (to - from === 1) ctx.lineTo(lastX + 0.01, lastY);
      for (let vertex = from + 1; vertex < to; vertex++) {
        const x = world[2 * vertex] * scale + dx, y = world[2 * vertex + 1] * scale + dy;
        if (vertex === to - 1 || Math.abs(x - lastX) + Math.abs(y - lastY) > 1) {
          ctx.lineTo(x, y);
          lastX = x;
          lastY = y;
          traced++;
        }
      }
      if (close) ctx.closePath();
    });
    return traced;
  },

  _land(ctx, frame) {
    const { outline } = this.survey;
    if (!outline.size) return;
    ctx.beginPath();
    for (let row = 0; row < outline.size; row++) this._trace(ctx, frame, outline, row, true);
    if (!this.view.tiles()) {
      ctx.fillStyle = Symbols.colour("land");
      ctx.fill("evenodd");
      ctx.lineWidth = 7;
      ctx.strokeStyle = Symbols.colour("land-glow");
      ctx.stroke();
    }
    ctx.lineWidth = 1.4;
    ctx.strokeStyle = Symbols.colour("land-edge");
    ctx.stroke();
  },

  _counties(ctx, frame) {
    const { areas } = this.survey;
    if (!areas.size) return;
    ctx.beginPath();
    for (const row of this._visible(areas, frame, () => true)) this._trace(ctx, frame, areas, row, true);
    ctx.lineWidth = 1;
    ctx.strokeStyle = Symbols.colour("county-edge");
    ctx.setLineDash([6, 3, 1, 3]);
    ctx.stroke();
    ctx.setLineDash([]);
  },

  _graticule(ctx, frame) {
    const map = this._map;
    const northWest = map.layerPointToLatLng(frame.origin);
    const southEast = map.layerPointToLatLng(frame.origin.add([frame.width, frame.height]));
    const span = (southEast.lng - northWest.lng) / (1 + 2 * this.options.margin);
    const step = [30, 10, 5, 2, 1, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001].find(one => span / one >= 3) || 0.0005;
    const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)) + (step === 0.25 ? 1 : 0);
    const [left, top, right, bottom] = frame.window;
    ctx.lineWidth = 1;
    ctx.strokeStyle = Symbols.colour("graticule");
    ctx.fillStyle = Symbols.colour("graticule-ink");
    ctx.font = "500 11px Vazirmatn, sans-serif";
    ctx.direction = "ltr";
    ctx.beginPath();
    for (let lon = Math.ceil(northWest.lng / step) * step; lon <= southEast.lng; lon += step) {
      const x = Math.round(this._x(frame, Survey.worldX(lon))) + 0.5;
      ctx.moveTo(x, 0);
      ctx.lineTo(x, frame.height);
      if (x > left + 70 && x < right - 20) {
        ctx.textAlign = "center";
        ctx.textBaseline = "bottom";
        ctx.fillText(`${Words.number(lon, decimals)}°`, x, bottom - 3);
      }
    }
    for (let lat = Math.ceil(southEast.lat / step) * step; lat <= northWest.lat; lat += step) {
      if (Math.abs(lat) > 85) continue;
      const y = Math.round(Survey.worldY(lat) * frame.scale + frame.dy) + 0.5;
      ctx.moveTo(0, y);
      ctx.lineTo(frame.width, y);
      if (y > top + 280 && y < bottom - 100) {
        const end = Words.lang === "en"; // the side where the legend is not
        ctx.textAlign = end ? "right" : "left";
        ctx.textBaseline = "middle";
        ctx.fillText(`${Words.number(lat, decimals)}°`, end ? right - 5 : left + 5, y - 8);
      }
    }
    ctx.stroke();
  },

  * _lines(ctx, frame, group) {
    const layer = this.survey.layers.routes, duct = group === "ducts", { classes } = this.view.scheme;
    const rows = this._visible(layer, frame, row => Symbols.isDuct(layer, row) === duct);
    this._job.drawn[group] = rows.length;
    const kind = duct ? "duct" : "cable";
    const width = Symbols.SIZES[kind](frame.zoom);
    ctx.globalAlpha = Symbols.LINES[kind].opacity;
    // A class and a dash are one number; a class that is not known is below 0.
    const styles = Symbols.DASHES.length;
    // What is smaller than a pixel is a dot, and one dot a pixel is enough.
    const dots = new Map(), batches = new Map();
    for (const row of rows) {
      const at = 4 * row, { box } = layer;
      const key = this._classOf[row] * styles + Symbols.dashed(layer.value("status", row));
      if ((box[at + 2] - box[at]) * frame.scale < 1.5 && (box[at + 3] - box[at + 1]) * frame.scale < 1.5) {
        const x = Math.round(box[at] * frame.scale + frame.dx), y = Math.round(box[at + 1] * frame.scale + frame.dy);
        dots.set(y * 32768 + x, [x, y, key]);
      } else if (batches.has(key)) batches.get(key).push(row);
      else batches.set(key, [row]);
    }
    yield;
    const colourOf = key => Symbols.colour(key < 0 ? "other" : classes[Math.floor(key / styles)].colour);
    ctx.lineJoin = "round";
    for (const [key, members] of [...batches].sort((a, b) => a[0] - b[0])) {
      ctx.strokeStyle = colourOf(key);
      ctx.lineWidth = width;
      const dash = Symbols.DASHES[(key + styles) % styles].map(one => one * width);
      ctx.lineCap = dash.length ? "butt" : "round";
      ctx.setLineDash(dash);
      let traced = 0;
      ctx.beginPath();
      for (const row of members) {
        traced += this._trace(ctx, frame, layer, row) + 3;
        if (traced > 400) {
          ctx.stroke();
          yield;
          ctx.beginPath();
          traced = 0;
        }
      }
      ctx.stroke();
      yield;
    }
    ctx.setLineDash([]);
    let count = 0;
    const side = Math.max(2, width * 0.8);
    for (const [x, y, key] of dots.values()) {
      ctx.fillStyle = colourOf(key);
      ctx.fillRect(x - side / 2, y - side / 2, side, side);
      if (++count % 2000 === 0) yield;
    }
    ctx.globalAlpha = 1;
  },

  * _points(ctx, frame, group, layer, wanted) {
    const rows = this._visible(layer, frame, wanted);
    this._job.drawn[group] = rows.length;
    // The worst finding on top.
    if (group === "findings") rows.sort((a, b) => Symbols.rank(layer, b) - Symbols.rank(layer, a));
    const r = Symbols.SIZES[group](frame.zoom);
    const classOf = Symbols.pointClass[layer.name];
    // Among very many, symbols that would cover one another all but wholly are drawn once.
    const cell = rows.length > 2000 ? Math.max(1, r * 0.5) : 0.25;
    const seen = new Set();
    let count = 0;
    const aside = group === "findings" ? Symbols.aside(frame.zoom) : [0, 0];
    for (const row of rows) {
      const place = layer.anchorWorld(row);
      const x = this._x(frame, place[0]) + aside[0], y = place[1] * frame.scale + frame.dy + aside[1];
      const name = classOf(layer, row);
      const covered = `${Math.round(x / cell)},${Math.round(y / cell)},${name}`;
      if (seen.has(covered)) continue;
      seen.add(covered);
      Symbols.drawPoint(ctx, name, x, y, r);
      if (++count % 150 === 0) yield;
    }
  },

  // Findings that are longer than a point: a band along the stretch.
  * _stretches(ctx, frame) {
    const layer = this.survey.layers.findings;
    const long = row => layer.box[4 * row + 2] > layer.box[4 * row] || layer.box[4 * row + 3] > layer.box[4 * row + 1];
    let count = 0;
    ctx.globalAlpha = Symbols.LINES.stretch.opacity;
    ctx.lineCap = "round";
    ctx.lineWidth = Symbols.SIZES.stretch(frame.zoom);
    for (const row of this._visible(layer, frame, one => this.view.findings[one] === 1 && long(one))) {
      ctx.strokeStyle = Symbols.colour(layer.value("severity", row) || "info");
      ctx.beginPath();
      this._trace(ctx, frame, layer, row);
      ctx.stroke();
      if (++count % 200 === 0) yield;
    }
    ctx.globalAlpha = 1;
  },

  // Selected routes stand on a band of light, selected points in a ring.
  _glow(ctx, frame) {
    const routes = this.view.selected.filter(({ layer }) => layer.name === "routes");
    ctx.lineCap = ctx.lineJoin = "round";
    ctx.strokeStyle = Symbols.colour("glow");
    ctx.lineWidth = Symbols.SIZES.duct(frame.zoom) + 12;
    for (const { layer, row } of routes) {
      ctx.beginPath();
      this._trace(ctx, frame, layer, row);
      ctx.stroke();
    }
  },

  _rings(ctx, frame) {
    for (const { layer, row } of this.view.selected) {
      const at = layer.name === "routes" ? null : layer.anchorWorld(row);
      if (!at) continue;
      const aside = layer.name === "findings" ? Symbols.aside(frame.zoom) : [0, 0];
      for (const [width, name] of [[7, "halo"], [3, "accent"]]) {
        ctx.lineWidth = width;
        ctx.strokeStyle = Symbols.colour(name);
        ctx.beginPath();
        ctx.arc(this._x(frame, at[0]) + aside[0], at[1] * frame.scale + frame.dy + aside[1], 15, 0, 2 * Math.PI);
        ctx.stroke();
      }
    }
  },

  _free(box, taken) {
    return taken.every(other => box[0] > other[2] || box[2] < other[0] || box[1] > other[3] || box[3] < other[1]);
  },

  _text(ctx, text, x, y) {
    ctx.lineJoin = "round";
    ctx.lineWidth = 3.5;
    ctx.strokeStyle = Symbols.colour("label-halo");
    ctx.strokeText(text, x, y);
    ctx.fillStyle = Symbols.colour("label");
    ctx.fillText(text, x, y);
  },

  // Names of counties and of offices, where one does not run into another.
  _names(ctx, frame, taken) {
    const { offices } = this.survey.layers, r = Symbols.SIZES.offices(frame.zoom);
    const [left, top, right, bottom] = frame.window;
    const place = row => [this._x(frame, offices.box[4 * row]), offices.box[4 * row + 1] * frame.scale + frame.dy];
    const rows = this._visible(offices, frame, () => true).slice(0, 1500);
    if (this.view.shows("offices")) {
      for (const row of rows) {
        const [x, y] = place(row);
        taken.push([x - r, y - r, x + r, y + r]);
      }
    }
    ctx.direction = Words.lang === "fa" ? "rtl" : "ltr";
    ctx.font = `600 ${frame.zoom < 7.5 ? 11.5 : 13}px Vazirmatn, sans-serif`;
    ctx.textBaseline = "middle";
    const first = new Set(this.view.selected.filter(one => one.layer === offices).map(one => one.row));
    for (const row of rows.sort((a, b) => first.has(b) - first.has(a))) {
      const [x, y] = place(row);
      const text = shortened(this.view.officeLabel(row), 40), width = ctx.measureText(text).width, gap = first.has(row) ? 21 : r + 5;
      const sides = [["left", x + gap, y, x + gap], ["right", x - gap, y, x - gap - width],
        ["center", x, y - gap - 6, x - width / 2], ["center", x, y + gap + 6, x - width / 2],
        ["left", x + r, y + r + 6, x + r], ["right", x - r, y + r + 6, x - r - width],
        ["left", x + r, y - r - 6, x + r], ["right", x - r, y - r - 6, x - r - width]];
      if (Words.lang === "fa") [sides[0], sides[1]] = [sides[1], sides[0]];
      for (const [align, atX, atY, from] of sides) {
        const box = [from - 2, atY - 8, from + width + 2, atY + 8];
        const within = x < left || x > right || y < top || y > bottom || (box[0] > left && box[2] < right);
        if (within && this._free(box, taken)) {
          ctx.textAlign = align;
          this._text(ctx, text, atX, atY);
          taken.push(box);
          break;
        }
      }
    }
    this._areaNames(ctx, frame, taken);
  },

  _areaNames(ctx, frame, taken) {
    const { areas } = this.survey;
    if (!this.view.shows("counties")) return;
    ctx.font = "500 12px Vazirmatn, sans-serif";
    ctx.textAlign = "center";
    ctx.globalAlpha = 0.6;
    for (let row = 0; row < areas.size; row++) {
      const [lon, lat] = this.survey.areaLabels[row];
      const text = shortened(Symbols.countyName(this.survey, this.survey.areaNames[row]), 40);
      const width = ctx.measureText(text).width;
      const x = this._x(frame, Survey.worldX(lon)), y = Survey.worldY(lat) * frame.scale + frame.dy;
      const box = [x - width / 2, y - 8, x + width / 2, y + 8];
      if ((areas.box[4 * row + 2] - areas.box[4 * row]) * frame.scale > width && this._free(box, taken)) {
        this._text(ctx, text, x, y);
        taken.push(box);
      }
    }
    ctx.globalAlpha = 1;
  },

  // Lengths along the routes, where a route is longer on the screen than its label.
  * _lengths(ctx, frame, taken) {
    const layer = this.survey.layers.routes;
    const wanted = row => this.view.shows(Symbols.isDuct(layer, row) ? "ducts" : "cables");
    ctx.font = "600 12px Vazirmatn, sans-serif";
    ctx.direction = Words.lang === "fa" ? "rtl" : "ltr";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    let count = 0;
    for (const row of this._visible(layer, frame, wanted)) {
      const at = 4 * row, metres = layer.value(this.view.lengthColumn, row);
      const across = Math.hypot(layer.box[at + 2] - layer.box[at], layer.box[at + 3] - layer.box[at + 1]) * frame.scale;
      if (metres === null || across < 60) continue;
      const [x, y] = this._middle(frame, layer, row);
      const text = Words.length(metres), width = ctx.measureText(text).width;
      const lift = Symbols.isDuct(layer, row) ? 14 : -14;
      const box = [x - width / 2 - 3, y + lift - 8, x + width / 2 + 3, y + lift + 8];
      if (this._free(box, taken)) {
        this._text(ctx, text, x, y + lift);
        taken.push(box);
        if (++count % 50 === 0) yield;
        if (count > 600) break;
      }
    }
  },

  // The place halfway along a route's longest part.
  _middle(frame, layer, row) {
    let best = [0, 0], longest = -1;
    layer.eachPart(row, (from, to) => {
      const lengths = [];
      let total = 0;
      for (let vertex = from + 1; vertex < to; vertex++) {
        const piece = Math.hypot(layer.world[2 * vertex] - layer.world[2 * vertex - 2], layer.world[2 * vertex + 1] - layer.world[2 * vertex - 1]);
        lengths.push(piece);
        total += piece;
      }
      if (total <= longest) return;
      longest = total;
      let left = total / 2, vertex = from;
      while (vertex - from < lengths.length && left > lengths[vertex - from]) left -= lengths[vertex++ - from];
      const share = lengths[vertex - from] ? left / lengths[vertex - from] : 0;
      const next = Math.min(vertex + 1, to - 1);
      best = [0, 1].map(axis => layer.world[2 * vertex + axis] + share * (layer.world[2 * next + axis] - layer.world[2 * vertex + axis]));
    });
    return [this._x(frame, best[0]), best[1] * frame.scale + frame.dy];
  },

  // What lies at a place of the map's container, uppermost first: [{layer, row}], at most `most`.
  hits(point, reach, most = 50) {
    const map = this._map, scale = 256 * 2 ** map.getZoom();
    const at = map.containerPointToLayerPoint(point).add(map.getPixelOrigin());
    const x = at.x / scale, y = at.y / scale;
    const { layers } = this.survey, { view } = this;
    const found = [];
    const zoom = map.getZoom();
    const near = (layer, wanted, distance, group) => {
      const limit = (group === "findings" ? 10 : 0) / scale + (group in Symbols.SIZES ? Math.max(reach, Symbols.SIZES[group](zoom) + 2) : reach) / scale;
      const hit = [];
      for (let row = 0; row < layer.size; row++) {
        const b = 4 * row, { box } = layer;
        if (x < box[b] - limit || x > box[b + 2] + limit || y < box[b + 1] - limit || y > box[b + 3] + limit || !wanted(row)) continue;
        const away = distance(layer, row);
        if (away <= limit) hit.push([away, row]);
      }
      hit.sort((a, b) => a[0] - b[0]);
      for (const [, row] of hit) if (found.length < most) found.push({ layer, row });
    };
    const toPoint = (layer, row) => {
      const place = layer.anchorWorld(row), aside = layer.name === "findings" ? Symbols.aside(zoom) : [0, 0];
      return Math.hypot(place[0] + aside[0] / scale - x, place[1] + aside[1] / scale - y);
    };
    const toLine = (layer, row) => {
      let least = Infinity;
      layer.eachPart(row, (from, to) => {
        for (let v = from; v < Math.max(from + 1, to - 1); v++) {
          const next = Math.min(v + 1, to - 1);
          const ax = layer.world[2 * v], ay = layer.world[2 * v + 1];
          const bx = layer.world[2 * next] - ax, by = layer.world[2 * next + 1] - ay;
          const along = Math.max(0, Math.min(1, ((x - ax) * bx + (y - ay) * by) / (bx * bx + by * by || 1)));
          least = Math.min(least, Math.hypot(x - ax - along * bx, y - ay - along * by));
        }
      });
      return least;
    };
    const { manholes, routes } = layers;
    if (view.shows("findings")) near(layers.findings, row => view.findings[row] === 1, (layer, row) => Math.min(toPoint(layer, row), toLine(layer, row)), "findings");
    if (view.shows("offices")) near(layers.offices, () => true, toPoint, "offices");
    if (view.shows("exchanges")) near(manholes, row => Symbols.isExchange(manholes, row), toPoint, "exchanges");
    if (view.shows("manholes")) near(manholes, row => !Symbols.isExchange(manholes, row), toPoint, "manholes");
    if (view.shows("fittings")) near(layers.fittings, () => true, toPoint, "fittings");
    if (view.shows("cables")) near(routes, row => !Symbols.isDuct(routes, row), toLine, "lines");
    if (view.shows("ducts")) near(routes, row => Symbols.isDuct(routes, row), toLine, "lines");
    return found;
  },
});

const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
