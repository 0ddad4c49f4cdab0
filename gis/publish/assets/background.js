// A background whose tiles are in the page.
const Background = (() => {
  const SIDE = 256;

  const Tiles = L.GridLayer.extend({
    local: true,

    initialize(content) {
      const [first, last] = content.zooms;
      this.content = content;
      L.GridLayer.prototype.initialize.call(this, { minZoom: first, maxZoom: 21, maxNativeZoom: last, tileSize: SIDE });
    },

    // Where the archive has no tile so deep, the part of the one above it that has.
    createTile({ x, y, z }) {
      const { tiles, images, zooms } = this.content;
      const tile = el("div");
      tile.style.overflow = "hidden";
      for (let up = 0; z - up >= zooms[0] && up <= 8; up++) {
        const at = tiles[`${z - up}/${x >> up}/${y >> up}`];
        if (at === undefined) continue;
        const times = 2 ** up, image = el("img", { alt: "", src: images[at] });
        Object.assign(image.style, {
          position: "absolute", width: `${SIDE * times}px`, height: `${SIDE * times}px`, maxWidth: "none",
          left: `${-SIDE * (x % times)}px`, top: `${-SIDE * (y % times)}px`,
        });
        tile.append(image);
        break;
      }
      return tile;
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

  return { build: () => new Tiles(JSON.parse(document.querySelector("#fibre-tiles").textContent)) };
})();
