// The survey in the page: its layers as typed arrays, read once.
const Survey = (() => {
  const DEGREE = 1e9;

  class Layer {
    constructor(name, encoded, schema) {
      this.name = name;
      this.unplaced = encoded.unplaced || 0;
      this.columns = encoded.columns || {};
      this.schema = schema;
      this.idColumn = schema ? schema.id : null;
      Object.assign(this, decode(encoded));
    }

    // The value of a column in a row: text, number or null.
    value(column, row) {
      const encoded = this.columns[column];
      if (!encoded) return null;
      if (!encoded.at) return encoded.values[row];
      const at = encoded.at[row];
      return at < 0 ? null : encoded.values[at];
    }

    // How a feature is called: two may be called alike, and none is known again by it.
    id(row) { return (this.idColumn && this.value(this.idColumn, row)) ?? `#${this.value("record", row) ?? row + 1}`; }

    // The first row whose column has a value; -1 for none.
    find(column, wanted) {
      const encoded = this.columns[column];
      if (!encoded) return -1;
      if (!encoded.at) return encoded.values.indexOf(wanted);
      const at = encoded.values.indexOf(wanted);
      return at < 0 ? -1 : encoded.at.indexOf(at);
    }

    rows(column, wanted) {
      const found = [];
      const encoded = this.columns[column];
      if (!encoded) return found;
      const key = encoded.at ? encoded.values.indexOf(wanted) : wanted;
      const among = encoded.at || encoded.values;
      if (encoded.at && key < 0) return found;
      for (let row = 0; row < this.size; row++) if (among[row] === key) found.push(row);
      return found;
    }

    // Vertex range of a row's parts: calls back with the first vertex and the one after the last.
    eachPart(row, callback) {
      for (let part = this.partOf[row]; part < this.partOf[row + 1]; part++) callback(this.start[part], this.start[part + 1]);
    }

    placed(row) { return this.partOf[row + 1] > this.partOf[row]; }
    lon(vertex) { return this.degrees[2 * vertex] / DEGREE; }
    lat(vertex) { return this.degrees[2 * vertex + 1] / DEGREE; }

    // [west, south, east, north] of rows, or null where none has a place.
    bounds(rows) {
      let box = null;
      for (const row of rows) {
        this.eachPart(row, (from, to) => {
          for (let vertex = from; vertex < to; vertex++) {
            const lon = this.lon(vertex), lat = this.lat(vertex);
            if (!box) box = [lon, lat, lon, lat];
            else box = [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)];
          }
        });
      }
      return box;
    }

    // [lon, lat] to point at: a point, or the vertex in the middle of a line's first part.
    anchor(row) {
      const at = this.middle(row);
      return at < 0 ? null : [this.lon(at), this.lat(at)];
    }

    // The same in world coordinates.
    anchorWorld(row) {
      const at = this.middle(row);
      return at < 0 ? null : [this.world[2 * at], this.world[2 * at + 1]];
    }

    middle(row) {
      if (!this.placed(row)) return -1;
      const part = this.partOf[row], vertex = (this.start[part] + this.start[part + 1]) >> 1;
      return Math.min(vertex, this.start[part + 1] - 1);
    }
  }

  // World coordinates: the Web Mercator square from 0 to 1, west to east and north to south.
  const worldX = lon => lon / 360 + 0.5;
  function worldY(lat) {
    const sine = Math.sin(lat * Math.PI / 180);
    return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
  }

  function decode(encoded) {
    const { counts, deltas, owners, size } = encoded;
    const vertices = deltas.length / 2;
    const degrees = new Float64Array(2 * vertices), world = new Float64Array(2 * vertices);
    let x = 0, y = 0;
    for (let i = 0; i < vertices; i++) {
      x += deltas[2 * i];
      y += deltas[2 * i + 1];
      degrees[2 * i] = x;
      degrees[2 * i + 1] = y;
      world[2 * i] = worldX(x / DEGREE);
      world[2 * i + 1] = worldY(y / DEGREE);
    }
    const parts = counts.length;
    const start = new Uint32Array(parts + 1);
    for (let part = 0; part < parts; part++) start[part + 1] = start[part] + counts[part];
    const features = size ?? (owners && owners.length ? Math.max(...owners) + 1 : parts);
    const partOf = new Uint32Array(features + 1);
    if (owners) {
      for (const owner of owners) partOf[owner + 1]++;
      for (let row = 0; row < features; row++) partOf[row + 1] += partOf[row];
    } else {
      for (let row = 0; row <= features; row++) partOf[row] = Math.min(row, parts);
    }
    const box = new Float64Array(4 * features);
    for (let row = 0; row < features; row++) {
      let west = Infinity, north = Infinity, east = -Infinity, south = -Infinity;
      for (let vertex = start[partOf[row]]; vertex < start[partOf[row + 1]]; vertex++) {
        const wx = world[2 * vertex], wy = world[2 * vertex + 1];
        if (wx < west) west = wx;
        if (wx > east) east = wx;
        if (wy < north) north = wy;
        if (wy > south) south = wy;
      }
      box.set([west, north, east, south], 4 * row);
    }
    return { size: features, degrees, world, start, partOf, box };
  }

  function read(data) {
    const layers = {};
    for (const [name, encoded] of Object.entries(data.layers)) layers[name] = new Layer(name, encoded, data.schemas[name]);
    return {
      ...data,
      layers,
      outline: new Layer("outline", { ...data.outline, size: undefined }, null),
      areas: new Layer("areas", { ...data.areas, size: data.areas.names.length }, null),
      areaNames: data.areas.names,
      areaLabels: data.areas.labels,
    };
  }

  return { read, worldX, worldY };
})();
