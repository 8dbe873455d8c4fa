// What helps to read a plot: bands with names, lines across it, markers on lines, intervals around points.

const MARK_FONT_PX = 11;
const MARKER_RADIUS_PX = 3.6;
const FEW_POINTS = 60;

// drawBands shades the parts of the x axis that have a name.
function drawBands(u, spec, colors) {
  for (const band of spec.bands) {
    const box = bandBox(u, band);
    if (!box) continue;
    u.ctx.save();
    u.ctx.fillStyle = band.quiet ? colors.bandQuiet : colors.band;
    u.ctx.fillRect(box.left, u.bbox.top, band.bare ? uPlot.pxRatio : box.width, u.bbox.height);
    if (!band.quiet) {
      u.ctx.fillStyle = colors.bandEdge;
      u.ctx.fillRect(box.left, u.bbox.top, box.width, 2 * uPlot.pxRatio);
    }
    u.ctx.restore();
  }
}

// nameBands writes the names of bands into them, upright where they are too narrow. Names in each other's way go to lanes below
// each other, the loud ones first.
function nameBands(u, spec, colors) {
  const r = uPlot.pxRatio;
  const taken = [];
  const isFree = (lane, from, until) => taken.every((t) => t.lane !== lane || until < t.from || from > t.until);
  for (const band of [...spec.bands].sort((a, b) => Boolean(a.quiet) - Boolean(b.quiet))) {
    const box = bandBox(u, band);
    if (!box || box.width < 13 * r) continue;
    u.ctx.save();
    u.ctx.font = MARK_FONT_PX * r + "px " + colors.font;
    u.ctx.fillStyle = colors.muted;
    u.ctx.textBaseline = "top";
    u.ctx.textAlign = "left";
    const width = u.ctx.measureText(band.label).width;
    const isFlat = width + 8 * r <= box.width;
    const from = box.left;
    const until = box.left + (isFlat ? width + 8 * r : 14 * r);
    const lane = [0, 1, 2].find((l) => isFree(l, from, until));
    if (lane !== undefined && isFlat) {
      taken.push({ lane, from, until });
      haloed(u.ctx, band.label, box.left + 4 * r, u.bbox.top + (6 + 15 * lane) * r, colors.surface);
    } else if (lane === 0 && width + 12 * r <= u.bbox.height) {
      for (const l of [0, 1, 2]) taken.push({ lane: l, from, until });
      u.ctx.translate(box.left + 3 * r, u.bbox.top + 8 * r + width);
      u.ctx.rotate(-Math.PI / 2);
      haloed(u.ctx, band.label, 0, 0, colors.surface);
    }
    u.ctx.restore();
  }
}

// haloed writes text that can be read on top of lines.
function haloed(ctx, text, x, y, background) {
  ctx.save();
  ctx.setLineDash([]);
  ctx.lineJoin = "round";
  ctx.lineWidth = 3 * uPlot.pxRatio;
  ctx.strokeStyle = background;
  ctx.globalAlpha = 0.75;
  ctx.strokeText(text, x, y);
  ctx.globalAlpha = 1;
  ctx.fillText(text, x, y);
  ctx.restore();
}

function bandBox(u, band) {
  const { min, max } = u.scales.x;
  const from = Math.max(band.from, min);
  const until = Math.min(band.until, max);
  if (!(from < until)) return null;
  const left = u.valToPos(from, "x", true);
  return { left, width: u.valToPos(until, "x", true) - left };
}

// drawMarks draws lines across a plot.
function drawMarks(u, spec, colors) {
  const r = uPlot.pxRatio;
  const named = []; // where there are names already: one that has no room is left out
  for (const mark of spec.marks) {
    const scale = u.scales[mark.axis];
    if (mark.at < scale.min || mark.at > scale.max) continue;
    const at = Math.round(u.valToPos(mark.at, mark.axis, true)) + 0.5;
    const { left, top, width, height } = u.bbox;
    u.ctx.save();
    u.ctx.strokeStyle = u.ctx.fillStyle = mark.color ? colorOf(colors, mark.color - 1) : colors.muted;
    u.ctx.lineWidth = 1.25 * r;
    u.ctx.setLineDash([5 * r, 4 * r]);
    u.ctx.font = MARK_FONT_PX * r + "px " + colors.font;
    u.ctx.beginPath();
    if (mark.axis === "y") {
      u.ctx.moveTo(left, at);
      u.ctx.lineTo(left + width, at);
      u.ctx.textAlign = "right";
      u.ctx.textBaseline = at - top > 18 * r ? "bottom" : "top";
      haloed(u.ctx, mark.label, left + width - 4 * r, at + (at - top > 18 * r ? -3 : 3) * r, colors.surface);
    } else {
      const isLeft = at - left > width / 2;
      u.ctx.moveTo(at, top);
      u.ctx.lineTo(at, top + height);
      u.ctx.textAlign = isLeft ? "right" : "left";
      // Where x is a percentile or a load, lines rise to the right and leave the foot of a mark free; small plots have room above.
      u.ctx.textBaseline = spec.small ? "top" : "bottom";
      const room = u.ctx.measureText(mark.label).width + 11 * r;
      const [from, until] = isLeft ? [at - room, at] : [at, at + room];
      if (named.every(([a, b]) => until < a || from > b)) {
        named.push([from, until]);
        haloed(u.ctx, mark.label, at + (isLeft ? -5 : 5) * r, spec.small ? top + 5 * r : top + height - 5 * r, colors.surface);
      }
    }
    u.ctx.stroke();
    u.ctx.restore();
  }
}

// drawMarkers draws the markers and intervals of the series that are shown.
function drawMarkers(u, spec, colors) {
  spec.series.forEach((series, i) => {
    if (!u.series[i + 1].show) return;
    const color = colorOf(colors, series.color);
    if (series.low && series.high) (series.area ? drawArea : drawIntervals)(u, series, color);
    if (series.marker) drawPoints(u, series, color, colors.surface);
  });
}

function drawPoints(u, series, color, surface) {
  const r = uPlot.pxRatio;
  const all = series.marked && series.marked.length > 0 ? series.marked : u.data[0].length <= FEW_POINTS ? u.data[0].keys() : [];
  u.ctx.save();
  u.ctx.strokeStyle = color;
  u.ctx.fillStyle = surface;
  u.ctx.lineWidth = 1.75 * r;
  u.ctx.setLineDash([]); // the series' own are still on
  for (const at of all) {
    const value = series.values[at];
    if (value === null || value === undefined || !inside(u, u.data[0][at], value)) continue;
    markerPath(u.ctx, series.marker, u.valToPos(u.data[0][at], "x", true), u.valToPos(value, "y", true), MARKER_RADIUS_PX * r);
    u.ctx.fill();
    u.ctx.stroke();
  }
  u.ctx.restore();
}

function drawIntervals(u, series, color) {
  u.ctx.save();
  u.ctx.strokeStyle = color;
  u.ctx.lineWidth = 1.5 * uPlot.pxRatio;
  u.ctx.setLineDash([]);
  u.ctx.globalAlpha = 0.7;
  u.ctx.beginPath();
  u.data[0].forEach((x, at) => {
    const [low, high] = [series.low[at], series.high[at]];
    if (low === null || high === null || low === undefined || high === undefined || !inside(u, x, null)) return;
    const px = u.valToPos(x, "x", true);
    const cap = 3 * uPlot.pxRatio;
    const [below, above] = [low, high].map((v) => u.valToPos(Math.min(Math.max(v, u.scales.y.min), u.scales.y.max), "y", true));
    u.ctx.moveTo(px, below);
    u.ctx.lineTo(px, above);
    u.ctx.moveTo(px - cap, below);
    u.ctx.lineTo(px + cap, below);
    u.ctx.moveTo(px - cap, above);
    u.ctx.lineTo(px + cap, above);
  });
  u.ctx.stroke();
  u.ctx.restore();
}

// drawArea shades what lies between the ends of the intervals, from each that there is to the next.
function drawArea(u, series, color) {
  const both = (at) => Number.isFinite(series.low[at] ?? NaN) && Number.isFinite(series.high[at] ?? NaN);
  const there = [...u.data[0].keys()].filter(both);
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  u.ctx.fillStyle = color;
  u.ctx.globalAlpha = 0.16;
  u.ctx.beginPath();
  for (const at of there) u.ctx.lineTo(u.valToPos(u.data[0][at], "x", true), u.valToPos(series.high[at], "y", true));
  for (const at of there.reverse()) u.ctx.lineTo(u.valToPos(u.data[0][at], "x", true), u.valToPos(series.low[at], "y", true));
  u.ctx.fill();
  u.ctx.restore();
}

function inside(u, x, y) {
  const { x: across, y: up } = u.scales;
  return x >= across.min && x <= across.max && (y === null || (y >= up.min && y <= up.max));
}
