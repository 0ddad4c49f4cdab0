// How things look: colours of the theme, one symbol a class, and which class a feature is of. What they look like is in
// symbols.toml, which the page has as SYMBOLS and as variables of its style sheet.
const Symbols = (() => {
  const { lines: LINES } = SYMBOLS;
  // Dash and gap of a line by the place that `dashed` gives its status; the first is drawn through.
  const DASHES = [[], ...Object.values(SYMBOLS.dashes)], DASHED = Object.keys(SYMBOLS.dashes);
  // A fitting and a manhole may both be called a closure.
  const OWN = { offices: "office-", fittings: "fitting-" };
  const className = (group, code) => (OWN[group] || "") + code;
  const [CONNECTIONS, MANHOLES, SEVERITIES] = ["offices", "manholes", "findings"].map(group => Object.keys(SYMBOLS.points[group]));
  const FITTINGS = Object.keys(SYMBOLS.points.fittings).map(code => className("fittings", code));
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
        classes: counties.map((county, i) => ({ key: county, colour: `hue-${i % SYMBOLS.hues}`, label: () => countyName(survey, county) })),
      };
    }
    const codes = routeCodes(survey, by);
    const present = new Set(distinct(routes, by));
    return {
      by, column: by,
      classes: Object.keys(codes).filter(key => present.has(key)).map(key => ({ key, colour: `${by}-${key}`, label: () => Words.of(codes[key]) })),
    };
  }

  // The code list of a column of the routes, with each code's words.
  const routeCodes = (survey, name) => survey.schemas.routes.columns.find(column => column.name === name).codes;

  function distinct(layer, column) {
    const encoded = layer.columns[column];
    return encoded ? [...new Set(encoded.values)].filter(one => one !== null) : [];
  }

  const countyName = (survey, county) => (Words.lang === "en" && survey.counties[county]) || county;

  // A shape is a path around (x, y) with half its size r.
  function outline(ctx, shape, x, y, r) {
    const corners = SYMBOLS.shapes[shape];
    if (corners.length) {
      corners.forEach(([dx, dy], i) => (i ? ctx.lineTo(x + r * dx, y + r * dy) : ctx.moveTo(x + r * dx, y + r * dy)));
      ctx.closePath();
    } else {
      ctx.moveTo(x + r, y);
      ctx.arc(x, y, r, 0, 2 * Math.PI);
    }
  }

  // Point symbols by the class of a feature.
  const POINTS = Object.fromEntries(Object.entries(SYMBOLS.points).flatMap(
    ([group, points]) => Object.entries(points).map(([code, point]) => [className(group, code), point])));

  function drawPoint(ctx, name, x, y, r) {
    const symbol = POINTS[name];
    ctx.beginPath();
    outline(ctx, symbol.shape, x, y, r);
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
    if (symbol.mark === "dot" && r > 3.5) {
      ctx.beginPath();
      ctx.arc(x, y, r * 0.34, 0, 2 * Math.PI);
      ctx.fillStyle = colour("halo");
      ctx.fill();
    }
    if (symbol.mark === "bar") {
      ctx.beginPath();
      ctx.moveTo(x - r * 0.55, y + r * 0.55);
      ctx.lineTo(x + r * 0.55, y - r * 0.55);
      ctx.stroke();
    }
    if (symbol.mark.length === 1 && r > 4.5) {
      ctx.fillStyle = colour("sign");
      ctx.font = `800 ${Math.round(r * 1.35)}px Vazirmatn, sans-serif`;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillText(symbol.mark, x, y + r * (symbol.shape === "triangle" ? 0.18 : 0.08));
    }
  }

  // Half a symbol's size and a line's width in pixels at a zoom: less where the whole province is in view.
  const grown = ({ zooms: [from, to], pixels: [least, most] }) => zoom =>
    least + (most - least) * Math.min(1, Math.max(0, (zoom - from) / (to - from)));
  const SIZES = Object.fromEntries([...Object.entries(SYMBOLS.sizes), ...Object.entries(LINES)].map(([name, size]) => [name, grown(size)]));

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
    fittings: (layer, row) => {
      const name = className("fittings", layer.value("kind", row));
      return FITTINGS.includes(name) ? name : "fitting-unknown";
    },
    findings: (layer, row) => layer.value("severity", row) || "info",
  };

  const dashed = status => DASHED.indexOf(status) + 1;

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

  function lineSample(name, kind, status = null) {
    // There is room for two dashes of a line that is 2 pixels wide.
    const dash = DASHES[dashed(status)].map(one => 2 * one);
    return sample((ctx, w, h) => {
      ctx.lineCap = dash.length ? "butt" : "round";
      ctx.lineWidth = LINES[kind].legend;
      ctx.strokeStyle = colour(name);
      ctx.globalAlpha = LINES[kind].opacity;
      ctx.setLineDash(dash);
      ctx.beginPath();
      ctx.moveTo(4, h / 2);
      ctx.lineTo(w - 4, h / 2);
      ctx.stroke();
    });
  }

  return {
    refresh, colour, scheme, routeCodes, countyName, distinct, dashed, drawPoint, pointClass, isExchange, isDuct,
    rank, pointSample, lineSample, aside, LINES, DASHES, DASHED, SIZES, CONNECTIONS, MANHOLES, FITTINGS, SEVERITIES,
  };
})();
