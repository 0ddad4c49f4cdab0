// Bytes of the files beside the page, and tiles from a PMTiles archive among them.
const Bytes = (() => {
  // Part of a file; a server that knows no ranges sends it whole.
  async function range(address, from, to, signal) {
    const answer = await fetch(address, { headers: { Range: `bytes=${from}-${to - 1}` }, signal });
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    const buffer = await answer.arrayBuffer();
    const part = answer.status === 206 ? buffer : buffer.slice(from, to);
    if (part.byteLength > to - from) throw new Error(`${address}: ${part.byteLength} bytes for ${to - from}`);
    return part;
  }

  const unzipped = buffer => new Response(new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();

  return { range, unzipped };
})();

// PMTiles version 3: a header, directories of tiles ordered along Hilbert's curve, and the tiles.
const Archive = (() => {
  const HEADER = 127, BEGINNING = 16384, GZIP = 2, MOST_STEPS = 4, MOST_LEAVES = 64;

  // The number of a tile: those of lower zooms come before it, then Hilbert's curve over its zoom.
  function tileId(z, x, y) {
    let id = (4 ** z - 1) / 3;
    for (let side = 2 ** (z - 1); side >= 1; side /= 2) {
      const right = (x & side) > 0 ? 1 : 0, down = (y & side) > 0 ? 1 : 0;
      id += side * side * ((3 * right) ^ down);
      if (down === 0) {
        if (right === 1) {
          x = side - 1 - (x & (side - 1));
          y = side - 1 - (y & (side - 1));
        }
        [x, y] = [y, x];
      }
    }
    return id;
  }

  // A directory: for each entry the first tile, for how many it stands (0: for a further directory), where it is.
  function directory(buffer) {
    const bytes = new Uint8Array(buffer);
    let at = 0;
    const varint = () => {
      let value = 0, unit = 1, byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * unit;
        unit *= 128;
      } while (byte & 128);
      return value;
    };
    const size = varint();
    const ids = new Float64Array(size), runs = new Float64Array(size), lengths = new Float64Array(size), offsets = new Float64Array(size);
    for (let i = 0, id = 0; i < size; i++) ids[i] = id += varint();
    for (let i = 0; i < size; i++) runs[i] = varint();
    for (let i = 0; i < size; i++) lengths[i] = varint();
    for (let i = 0; i < size; i++) {
      const offset = varint();
      offsets[i] = offset === 0 && i > 0 ? offsets[i - 1] + lengths[i - 1] : offset - 1;
    }
    return { ids, runs, lengths, offsets };
  }

  // The last entry that begins at a tile or before it.
  function entry({ ids }, id) {
    let low = 0, high = ids.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (ids[middle] <= id) low = middle + 1;
      else high = middle - 1;
    }
    return high;
  }

  function open(address) {
    let head = null;
    const leaves = new Map();

    async function begin() {
      const buffer = await Bytes.range(address, 0, BEGINNING);
      const view = new DataView(buffer);
      if (buffer.byteLength < HEADER || new TextDecoder().decode(buffer.slice(0, 7)) !== "PMTiles" || view.getUint8(7) !== 3) throw new Error(`${address}: no PMTiles archive of version 3`);
      const place = at => Number(view.getBigUint64(at, true));
      const packed = view.getUint8(97) === GZIP;
      const [root, length] = [place(8), place(16)];
      const listed = root + length <= buffer.byteLength ? buffer.slice(root, root + length) : await Bytes.range(address, root, root + length);
      return { packed, packedTiles: view.getUint8(98) === GZIP, leaves: place(40), tiles: place(56), root: directory(packed ? await Bytes.unzipped(listed) : listed) };
    }

    async function leaf({ packed, leaves: start }, offset, length) {
      if (!leaves.has(offset)) {
        if (leaves.size >= MOST_LEAVES) leaves.delete(leaves.keys().next().value);
        leaves.set(offset, Bytes.range(address, start + offset, start + offset + length)
          .then(buffer => (packed ? Bytes.unzipped(buffer) : buffer)).then(directory));
        leaves.get(offset).catch(() => leaves.delete(offset));
      }
      return leaves.get(offset);
    }

    // The contents of a tile; empty where the archive has none.
    async function tile(z, x, y, signal) {
      head ??= begin();
      const known = await head.catch(error => { head = null; throw error; });
      const id = tileId(z, x, y);
      let listed = known.root;
      for (let step = 0; step < MOST_STEPS; step++) {
        const at = entry(listed, id);
        if (at < 0) break;
        if (listed.runs[at] > 0) {
          if (id - listed.ids[at] >= listed.runs[at]) break;
          const from = known.tiles + listed.offsets[at];
          const contents = await Bytes.range(address, from, from + listed.lengths[at], signal);
          return known.packedTiles ? Bytes.unzipped(contents) : contents;
        }
        listed = await leaf(known, listed.offsets[at], listed.lengths[at]);
      }
      return new ArrayBuffer(0);
    }

    return { tile };
  }

  return { open, tileId };
})();
