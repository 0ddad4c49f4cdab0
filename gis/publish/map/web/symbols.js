// How things look: colours of the theme, one symbol a class, and which class a feature is of.
const Symbols = (() => {
  const STATUS = ["existing", "new", "planned"], CONNECTIONS = ["new", "existing", "none"];
  const INSTALLATIONS = ["duct", "buried", "aerial", "indoor"], SEVERITIES = ["error", "warning", "info"];
  const MANHOLES = ["manhole", "handhole", "closure", "pole"];
  const HUES = 12;
  let colours = {};

  // The colours stand in the style sheet, once for each theme.
  function refresh() {
    const style = getComputedStyle(document.documentElement);
    colours = new Proxy({}, {
      get(known, name) {
        if (!(name in known)) known[name] = style.getPropertyValue(`--${name}`).trim();
        return known[name];
      },
    });
  }

  const colour = name => colours[name];

  // What routes may be coloured by: the classes that the survey has, each with a colour and a wording.
  function scheme(survey, by) {
    const routes = survey.layers.routes;
    if (by === "county") {
      const counties = distinct(routes, "county").sort((a, b) => a.localeCompare(b, "fa"));
      return {
        by, column: "county",
        classes: counties.map((county, i) => ({ key: county, colour: `hue-${i % HUES}`, label: () => countyName(survey, county) })),
      };
    }
    const keys = { kind: ["cable", "duct"], status: STATUS, installation: INSTALLATIONS }[by];
    const codes = survey.schemas.routes.columns.find(column => column.name === by).codes;
    const present = new Set(distinct(routes, by));
    return {
      by, column: by,
      classes: keys.filter(key => present.has(key)).map(key => ({ key, colour: `${by}-${key}`, label: () => Words.of(codes[key]) })),
    };
  }

  function distinct(layer, column) {
    const encoded = layer.columns[column];
    return encoded ? [...new Set(encoded.values)].filter(one => one !== null) : [];
  }

  const countyName = (survey, county) => (Words.lang === "en" && survey.counties[county]) || county;

  // Shapes, each a path around (x, y) with half its size r.
  const SHAPES = {
    circle(ctx, x, y, r) { ctx.moveTo(x + r, y); ctx.arc(x, y, r, 0, 2 * Math.PI); },
    square(ctx, x, y, r) { ctx.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76); },
    diamond(ctx, x, y, r) { polygon(ctx, [[x, y - r * 1.2], [x + r * 1.2, y], [x, y + r * 1.2], [x - r * 1.2, y]]); },
    triangle(ctx, x, y, r) { polygon(ctx, [[x, y - r * 1.2], [x + r * 1.15, y + r * 0.85], [x - r * 1.15, y + r * 0.85]]); },
    hexagon(ctx, x, y, r) {
      polygon(ctx, [0, 1, 2, 3, 4, 5].map(i => [x + r * 1.1 * Math.sin(i * Math.PI / 3), y - r * 1.1 * Math.cos(i * Math.PI / 3)]));
    },
  };

  function polygon(ctx, corners) {
    corners.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.closePath();
  }

  // A point symbol: shape, colour, whether filled, and the mark inside.
  const POINTS = {
    "office-new": { shape: "circle", colour: "office-new", dot: true },
    "office-existing": { shape: "square", colour: "office-existing", dot: true },
    "office-none": { shape: "circle", colour: "office-none", hollow: true, bar: true },
    exchange: { shape: "hexagon", colour: "exchange", dot: true },
    manhole: { shape: "square", colour: "manhole" },
    handhole: { shape: "square", colour: "manhole", hollow: true },
    closure: { shape: "circle", colour: "manhole" },
    pole: { shape: "triangle", colour: "manhole" },
    error: { shape: "triangle", colour: "error", sign: "!" },
    warning: { shape: "diamond", colour: "warning", sign: "!" },
    info: { shape: "circle", colour: "info", sign: "i" },
  };

  function drawPoint(ctx, name, x, y, r) {
    const symbol = POINTS[name];
    ctx.beginPath();
    SHAPES[symbol.shape](ctx, x, y, r);
    ctx.lineJoin = "round";
    if (r > 3) {
      ctx.lineWidth = symbol.hollow ? r * 0.9 + 2 : 3;
      ctx.strokeStyle = colour("halo");
      ctx.stroke();
    }
    ctx.fillStyle = symbol.hollow ? colour("halo") : colour(symbol.colour);
    ctx.fill();
    if (symbol.hollow) {
      ctx.lineWidth = Math.max(1.2, r * 0.34);
      ctx.strokeStyle = colour(symbol.colour);
      ctx.stroke();
    }
    if (symbol.dot && r > 3.5) {
      ctx.beginPath();
      ctx.arc(x, y, r * 0.34, 0, 2 * Math.PI);
      ctx.fillStyle = colour("halo");
      ctx.fill();
    }
    if (symbol.bar) {
      ctx.beginPath();
      ctx.moveTo(x - r * 0.55, y + r * 0.55);
      ctx.lineTo(x + r * 0.55, y - r * 0.55);
      ctx.stroke();
    }
    if (symbol.sign && r > 4.5) {
      ctx.fillStyle = colour("sign");
      ctx.font = `800 ${Math.round(r * 1.35)}px Vazirmatn, sans-serif`;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillText(symbol.sign, x, y + r * (symbol.shape === "triangle" ? 0.18 : 0.08));
    }
  }

  const LINES = { cable: 2.6, duct: 6.5 };

  // Half a symbol's size and a line's width in pixels at a zoom: less where the whole province is in view.
  const grown = (zoom, from, to, least, most) => least + (most - least) * Math.min(1, Math.max(0, (zoom - from) / (to - from)));
  const SIZES = {
    offices: zoom => grown(zoom, 6, 13, 5, 9),
    exchanges: zoom => grown(zoom, 9, 14, 2, 7),
    manholes: zoom => grown(zoom, 10, 15, 1.6, 5.5),
    findings: zoom => grown(zoom, 8, 14, 5, 8.5),
    cable: zoom => grown(zoom, 8, 15, 1.6, 3),
    duct: zoom => grown(zoom, 8, 15, 3, 8),
  };

  // Where the whole province is in view, a finding's symbol stands beside the office that it would cover.
  const aside = zoom => (zoom < 11 ? [8, -8] : [0, 0]);

  // The class of each feature that is drawn as a point.
  const pointClass = {
    offices: (layer, row) => {
      const connection = layer.value("connection", row);
      return `office-${CONNECTIONS.includes(connection) ? connection : "none"}`;
    },
    manholes: (layer, row) => {
      const kind = layer.value("kind", row);
      return kind === "exchange" ? "exchange" : MANHOLES.includes(kind) ? kind : "manhole";
    },
    findings: (layer, row) => layer.value("severity", row) || "info",
  };

  // Place of a finding's severity, the worst first.
  const rank = (layer, row) => SEVERITIES.indexOf(layer.value("severity", row));

  const isExchange = (layer, row) => layer.value("kind", row) === "exchange";
  const isDuct = (layer, row) => layer.value("kind", row) === "duct";

  // A sample of a symbol for the legend; drawn large enough to be printed.
  function sample(draw, width = 26, height = 18) {
    const canvas = el("canvas", { class: "sample", width: width * 3, height: height * 3, "aria-hidden": "true" });
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const ctx = canvas.getContext("2d");
    ctx.scale(3, 3);
    draw(ctx, width, height);
    return canvas;
  }

  const pointSample = (name, r = 6) => sample((ctx, w, h) => drawPoint(ctx, name, w / 2, h / 2, r));

  function lineSample(name, kind, planned = false) {
    return sample((ctx, w, h) => {
      ctx.lineCap = planned ? "butt" : "round";
      ctx.lineWidth = LINES[kind];
      ctx.strokeStyle = colour(name);
      ctx.globalAlpha = kind === "duct" ? 0.75 : 1;
      if (planned) ctx.setLineDash([5, 3]);
      ctx.beginPath();
      ctx.moveTo(4, h / 2);
      ctx.lineTo(w - 4, h / 2);
      ctx.stroke();
    });
  }

  return {
    refresh, colour, scheme, countyName, distinct, drawPoint, pointClass, isExchange, isDuct,
    rank, pointSample, lineSample, aside, SIZES, STATUS, CONNECTIONS, MANHOLES, SEVERITIES,
  };
})();
