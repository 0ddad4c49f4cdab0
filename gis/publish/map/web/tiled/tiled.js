// A survey that is not in the page: a few bytes of each feature in memory, the rest read when it is looked at.
const Tiled = (() => {
  const DEGREE = 1e7, VERTEX = 1e9, NOWHERE = -(2 ** 31), SEPARATOR = "\u0001", BLOCK = 20000, MOST = 8;
  const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f8: Float64Array };
  const NOTHING = { counts: [], deltas: [], owners: [] };

  class Layer {
    constructor(name, described, data, store) {
      const { memory, rows } = store;
      Object.assign(this, { name, size: described.size, unplaced: described.unplaced, schema: data.schemas[name] || null, _store: store, _rows: rows, _described: described });
      this.idColumn = this.schema ? this.schema.id : null;
      this.columns = {};
      for (const column of this.schema ? this.schema.columns : []) this.columns[column.name] = { values: [] };
      this._memory = {};
      for (const [column, { values, at, type }] of Object.entries(described.columns)) {
        const kept = new ARRAYS[type](memory, at, this.size);
        this._memory[column] = { values, kept };
        this.columns[column] = { values: values || [] };
      }
      this._boxes = new Int32Array(memory, described.boxes, 4 * this.size);
      this.box = new Float64Array(4 * this.size);
      for (let at = 0; at < this.box.length; at += 4) {
        const [west, south, east, north] = this._boxes.subarray(at, at + 4);
        if (west === NOWHERE) this.box.fill(NaN, at, at + 4);
        else {
          this.box[at] = Survey.worldX(west / DEGREE);
          this.box[at + 1] = Survey.worldY(north / DEGREE);
          this.box[at + 2] = Survey.worldX(east / DEGREE);
          this.box[at + 3] = Survey.worldY(south / DEGREE);
        }
      }
      // What has been read: parts by their number, and the vertices of all of them.
      this._parts = new Map();
      this.world = new Float64Array(0);
      this.degrees = new Float64Array(0);
      this._vertices = 0;
      this._ids = null;
    }

    // The value of a column in a row; null too while it is on its way.
    value(column, row) {
      const held = this._memory[column];
      if (held) {
        const kept = held.kept[row];
        if (held.values) return kept ? held.values[kept - 1] : null;
        return Number.isNaN(kept) ? null : kept;
      }
      const part = this._part(row);
      return part ? part.layer.value(column, row - part.first) : null;
    }

    id(row) {
      if (!this.idColumn) return `#${row + 1}`;
      if (this._ids) return this._ids[row];
      const part = this._part(row);
      if (!part) return "…";
      return part.layer.value(this.idColumn, row - part.first) ?? part.unnamed[row - part.first] ?? `#${row + 1}`;
    }

    // By the beginning of an id, as an address has it.
    rowOf(id) { return this._named() ? this._ids.findIndex(one => one.slice(0, 120) === id) : -1; }

    rows(column, wanted) {
      const held = this._memory[column], code = held?.values ? held.values.indexOf(wanted) + 1 : 0, found = [];
      if (code) for (let row = 0; row < this.size; row++) if (held.kept[row] === code) found.push(row);
      return found;
    }

    placed(row) { return this._boxes[4 * row] !== NOWHERE; }
    known(row) { return this._parts.get(Math.floor(row / this._rows))?.layer !== undefined; }
    lon(vertex) { return this.degrees[2 * vertex] / VERTEX; }
    lat(vertex) { return this.degrees[2 * vertex + 1] / VERTEX; }

    eachPart(row, callback) {
      const part = this._part(row);
      if (part) part.layer.eachPart(row - part.first, (from, to) => callback(from + part.vertex, to + part.vertex));
    }

    bounds(rows) {
      let west = Infinity, south = Infinity, east = -Infinity, north = -Infinity;
      const { _boxes: boxes } = this;
      for (const row of rows) {
        const at = 4 * row;
        if (boxes[at] === NOWHERE) continue;
        if (boxes[at] < west) west = boxes[at];
        if (boxes[at + 1] < south) south = boxes[at + 1];
        if (boxes[at + 2] > east) east = boxes[at + 2];
        if (boxes[at + 3] > north) north = boxes[at + 3];
      }
      return east < west ? null : [west, south, east, north].map(one => one / DEGREE);
    }

    // A vertex of the feature; the middle of its box until its vertices are known, which is the place of a point.
    anchor(row) {
      if (!this.placed(row)) return null;
      const at = this._middle(row), { _boxes: b } = this;
      return at < 0 ? [(b[4 * row] + b[4 * row + 2]) / 2 / DEGREE, (b[4 * row + 1] + b[4 * row + 3]) / 2 / DEGREE] : [this.lon(at), this.lat(at)];
    }

    anchorWorld(row) {
      const place = this.anchor(row);
      return place && [Survey.worldX(place[0]), Survey.worldY(place[1])];
    }

    _middle(row) {
      const part = this._part(row), at = part ? part.layer.middle(row - part.first) : -1;
      return at < 0 ? -1 : at + part.vertex;
    }

    // --- reading -------------------------------------------------------------------------------------------------
    _part(row) {
      const number = Math.floor(row / this._rows), part = this._parts.get(number);
      if (!part) this._fetch(number);
      return part?.layer ? part : null;
    }

    _fetch(number) {
      const { parts } = this._described;
      const part = { first: number * this._rows };
      part.coming = this._store.read(parts[number], parts[number + 1]).then(text => {
        this._take(part, JSON.parse(text));
        this._store.arrived();
      }).catch(error => { this._parts.delete(number); this._store.failed(error); });
      this._parts.set(number, part);
      return part;
    }

    _take(part, encoded) {
      const { schemas } = this._store;
      const layer = Survey.read({ layers: { [this.name]: encoded }, schemas, outline: NOTHING, areas: { ...NOTHING, names: [], labels: [] } }).layers[this.name];
      const count = layer.world.length, needed = 2 * this._vertices + count;
      if (needed > this.world.length) {
        const room = Math.max(needed, 2 * this.world.length, 65536);
        const world = new Float64Array(room), degrees = new Float64Array(room);
        world.set(this.world);
        degrees.set(this.degrees);
        this.world = world;
        this.degrees = degrees;
      }
      this.world.set(layer.world, 2 * this._vertices);
      this.degrees.set(layer.degrees, 2 * this._vertices);
      Object.assign(part, { layer, vertex: this._vertices, unnamed: encoded.unnamed || {} });
      this._vertices += count / 2;
      for (const [at, found] of Object.entries(encoded.findings || {})) this._store.found.set(`${this.name}|${part.first + Number(at)}`, found);
    }

    // Read what rows need: resolves when it is there.
    async load(rows) {
      const numbers = new Set(rows.map(row => Math.floor(row / this._rows)));
      await Promise.all([...numbers].map(number => (this._parts.get(number) || this._fetch(number)).coming));
    }

    // --- names ---------------------------------------------------------------------------------------------------
    get named() { return this._ids !== null; }

    _named() {
      if (!this._ids) this.loadIds();
      return this._ids !== null;
    }

    loadIds() {
      this._naming ??= this.size === 0 ? Promise.resolve(this._ids = []) : this._store.read(...this._span()).then(text => {
        this._ids = text.split(SEPARATOR);
        this._store.arrived();
      }).catch(error => { this._naming = null; this._store.failed(error); });
      return this._naming;
    }

    _span() { return [this._described.ids[0], this._described.ids[0] + this._described.ids[1]]; }

    // Rows whose folded id is, begins with, or has in it what is wanted; at most a few. The ids are folded when first asked for.
    search(wanted) {
      if (!this._named()) return [];
      this._folded ??= this._fold();
      const found = new Map();
      for (const wording of [SEPARATOR + wanted + SEPARATOR, SEPARATOR + wanted, wanted]) {
        for (let block = 0; block < this._folded.length && found.size < MOST; block++) {
          const text = this._folded[block];
          for (let at = text.indexOf(wording); at >= 0 && found.size < MOST; at = text.indexOf(wording, at + 1)) {
            const start = text[at] === SEPARATOR ? at : text.lastIndexOf(SEPARATOR, at);
            const row = block * BLOCK + count(text, start);
            if (!found.has(row)) found.set(row, text.slice(start + 1, text.indexOf(SEPARATOR, start + 1)));
          }
        }
      }
      return [...found].map(([row, key]) => ({ layer: this, row, keys: [key] }));
    }

    _fold() {
      const blocks = [];
      for (let row = 0; row < this.size; row += BLOCK) {
        blocks.push(SEPARATOR + Words.fold(this._ids.slice(row, row + BLOCK).join(SEPARATOR)) + SEPARATOR);
      }
      return blocks;
    }
  }

  // How many separators stand before a place.
  function count(text, before) {
    let n = 0;
    for (let at = text.indexOf(SEPARATOR); at >= 0 && at < before; at = text.indexOf(SEPARATOR, at + 1)) n++;
    return n;
  }

  // The survey: offices and background from the page, the other layers from the store.
  function read(data, memory, events) {
    const survey = Survey.read(data);
    const { offices } = survey.layers;
    const found = new Map();
    const store = {
      ...data.store, memory, schemas: data.schemas, found, ...events,
      read: async (from, to) => new TextDecoder().decode(await Bytes.unzipped(await Bytes.range(data.store.address, from, to))),
    };
    for (const [name, described] of Object.entries(data.store.layers)) survey.layers[name] = new Layer(name, described, data, store);
    // The panel and the legend go by this order.
    survey.layers = Object.fromEntries(["routes", "manholes", "offices", "fittings", "findings"].map(name => [name, survey.layers[name]]));
    survey.findingsOf = (layer, row) => found.get(`${layer}|${row}`) || [];

    let named = null;
    survey.candidates = wanted => {
      named ??= Array.from({ length: offices.size }, (_, row) => {
        const names = ["name_fa", "name_en", "county", "county_en", "office_id"].map(column => offices.value(column, row));
        return { layer: offices, row, keys: [...names, survey.counties[offices.value("county", row)]].filter(Boolean).map(name => Words.fold(String(name))) };
      });
      return [...named, ...survey.layers.routes.search(wanted), ...survey.layers.manholes.search(wanted), ...survey.layers.fittings.search(wanted)];
    };
    return survey;
  }

  return { read };
})();
