// Colors, dashes and markers. Colors come from the style sheet, which knows the theme; lines differ in dash or marker as well, for
// those who do not tell the colors apart.

const SERIES_COLORS = 8;
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];

function styled(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// palette reads the colors of the theme that is on now.
function palette() {
  const series = [];
  for (let i = 1; i <= SERIES_COLORS; i++) series.push(styled("--series-" + i));
  return {
    series,
    ink: styled("--ink"),
    muted: styled("--ink-2"),
    surface: styled("--surface"),
    grid: styled("--grid"),
    line: styled("--line-2"),
    band: styled("--band"),
    bandEdge: styled("--band-edge"),
    bandQuiet: styled("--band-quiet"),
    heat: styled("--heat").split(/\s+/).map(rgb),
    font: getComputedStyle(document.body).fontFamily,
  };
}

function colorOf(colors, index) {
  return colors.series[index % SERIES_COLORS];
}

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// blend is the color at a share, 0 to 1, of a scale.
function blend(scale, share) {
  const at = Math.min(Math.max(share, 0), 1) * (scale.length - 1);
  const below = Math.min(Math.floor(at), scale.length - 2);
  const mixed = scale[below].map((c, i) => Math.round(c + (scale[below + 1][i] - c) * (at - below)));
  return "rgb(" + mixed.join(" ") + ")";
}

// markerPath adds a marker of a radius around a point to a path of a canvas.
function markerPath(ctx, kind, x, y, r) {
  ctx.beginPath();
  switch (kind) {
    case 2:
      ctx.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
      break;
    case 3:
      ctx.moveTo(x, y - r * 1.2);
      ctx.lineTo(x + r * 1.1, y + r * 0.85);
      ctx.lineTo(x - r * 1.1, y + r * 0.85);
      ctx.closePath();
      break;
    case 4:
      ctx.moveTo(x, y - r * 1.3);
      ctx.lineTo(x + r * 1.3, y);
      ctx.lineTo(x, y + r * 1.3);
      ctx.lineTo(x - r * 1.3, y);
      ctx.closePath();
      break;
    default:
      ctx.arc(x, y, r, 0, 2 * Math.PI);
  }
}

const MARKER_SHAPES = [
  "",
  "M11 6a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
  "M11.5 2.5h7v7h-7z",
  "M15 1.5l4.5 8h-9z",
  "M15 1l5 5l-5 5l-5-5z",
];

// swatch is what a series looks like, for legends.
function swatch(series, colors) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 30 12");
  svg.setAttribute("aria-hidden", "true");
  const part = (d, attributes) => {
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("d", d);
    path.setAttribute("stroke", colorOf(colors, series.color));
    for (const [name, value] of Object.entries(attributes)) path.setAttribute(name, value);
    svg.append(path);
  };
  part("M0 6H30", { "stroke-dasharray": DASHES[(series.dash || 0) % DASHES.length].join(" ") });
  if (series.marker) part(MARKER_SHAPES[series.marker % MARKER_SHAPES.length] || MARKER_SHAPES[1], { fill: colors.surface });
  return svg;
}
