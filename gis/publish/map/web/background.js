// A background from an archive of tiles: in the page, or beside it.
const Background = (() => {
  const SIDE = 256, DEEPER = 8;

  const Tiles = L.GridLayer.extend({
    local: true,

    // What gives a tile's image: its address or nothing, at once or later.
    initialize(content, image) {
      const [first, last] = content.zooms;
      this.content = content;
      this._image = image;
      L.GridLayer.prototype.initialize.call(this, { minZoom: first, maxZoom: 21, maxNativeZoom: last, tileSize: SIDE });
    },

    createTile(coords, done) {
      const tile = el("div");
      tile.style.overflow = "hidden";
      this._fill(tile, coords).then(() => done(null, tile), error => done(error, tile));
      return tile;
    },

    // Where the archive has no tile so deep, the part of the one above it that has.
    async _fill(tile, { x, y, z }) {
      for (let up = 0; z - up >= this.content.zooms[0] && up <= DEEPER; up++) {
        const address = await this._image(z - up, x >> up, y >> up);
        if (!address) continue;
        const times = 2 ** up, image = el("img", { alt: "", src: address });
        Object.assign(image.style, {
          position: "absolute", width: `${SIDE * times}px`, height: `${SIDE * times}px`, maxWidth: "none",
          left: `${-SIDE * (x % times)}px`, top: `${-SIDE * (y % times)}px`,
        });
        // Decoded before it is shown: no frame waits for it.
        await image.decode().catch(() => undefined);
        tile.append(image);
        if (address.startsWith("blob:")) URL.revokeObjectURL(address);
        return;
      }
    },

    // What the archive's file is called and says of itself is text, and Leaflet reads markup.
    getAttribution() {
      const { name, attribution, zooms, cut } = this.content;
      const said = Words.word("background", {
        first: Words.integer(zooms[0]), last: Words.integer(zooms[1]), name: `\u2068${Words.plain(name)}\u2069`,
      });
      const parts = [said, cut && Words.word("background_cut"), attribution && Words.plain(attribution)];
      return el("span", { class: "local-tiles", dir: Words.lang === "fa" ? "rtl" : "ltr" }, parts.filter(Boolean).join(" · ")).outerHTML;
    },

    onRemove(map) {
      this.unsay(map.attributionControl);
      L.GridLayer.prototype.onRemove.call(this, map);
    },

    // The control counts what it was given by its wording, and the wording changes with the language.
    unsay(control) {
      if (!control) return;
      for (const said of Object.keys(control._attributions)) if (said.includes('class="local-tiles"')) delete control._attributions[said];
      control._update();
    },

    translate() {
      if (!this._map?.attributionControl) return;
      this.unsay(this._map.attributionControl);
      this._map.attributionControl.addAttribution(this.getAttribution());
    },
  });

  const embedded = ({ tiles, images }) => (z, x, y) => images[tiles[`${z}/${x}/${y}`]];

  function build(source = embedded) {
    const content = JSON.parse(document.querySelector("#fibre-tiles").textContent);
    return new Tiles(content, source(content));
  }

  return { build };
})();
