// Heat maps: how many values fell into each bin of each column, on a logarithmic scale of colors, so that one slow message is seen
// beside a thousand fast ones.

// most is the count at the end of the scale.
function mostOf(heat) {
  if (heat.most) return heat.most;
  let most = 1;
  for (const column of heat.columns) for (const n of column.counts) most = Math.max(most, n);
  return most;
}

function heatShare(count, most) {
  return most <= 1 ? 1 : 0.12 + (0.88 * Math.log(count)) / Math.log(most);
}

function drawHeat(u, spec, colors) {
  const heat = spec.heat;
  const most = mostOf(heat);
  const tops = heat.edges.map((e) => Math.round(u.valToPos(Math.max(e, u.scales.y.min), "y", true)));
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  heat.columns.forEach((column, i) => {
    const from = Math.round(u.valToPos(spec.at[i], "x", true));
    const until = Math.round(u.valToPos(columnEnd(spec, i), "x", true));
    column.counts.forEach((count, j) => {
      if (count === 0) return;
      const bin = column.first + j;
      u.ctx.fillStyle = blend(colors.heat, heatShare(count, most));
      u.ctx.fillRect(from, tops[bin + 1], Math.max(until - from, 1), Math.max(tops[bin] - tops[bin + 1], 1));
    });
  });
  u.ctx.restore();
}

// columnEnd is where a column ends: at the next one, but never further than its width, since time may have passed without any.
function columnEnd(spec, i) {
  const end = spec.at[i] + spec.heat.width;
  return i + 1 < spec.at.length ? Math.min(end, spec.at[i + 1]) : end;
}

// heatLimits are the outer edges of the bins that have any values.
function heatLimits(heat) {
  let first = heat.edges.length - 2;
  let last = 0;
  for (const column of heat.columns) {
    if (column.counts.length === 0) continue;
    first = Math.min(first, column.first);
    last = Math.max(last, column.first + column.counts.length - 1);
  }
  return first > last ? [1e3, 1e6] : [heat.edges[first], heat.edges[last + 1]];
}

// heatAt says what is drawn at a place.
function heatAt(spec, x, y) {
  const column = spec.at.findIndex((from, i) => x >= from && x < columnEnd(spec, i));
  const bin = spec.heat.edges.findIndex((edge, i) => y >= edge && y < spec.heat.edges[i + 1]);
  if (column < 0 || bin < 0) return null;
  const { first, counts } = spec.heat.columns[column];
  return { column, bin, count: counts[bin - first] || 0 };
}

// heatScale is the legend of a heat map.
function heatScale(spec, colors) {
  const scale = document.createElement("span");
  scale.className = "scale";
  const strip = document.createElement("i");
  const steps = [...Array(12).keys()].map((i) => blend(colors.heat, 0.12 + (0.88 * i) / 11));
  strip.style.background = "linear-gradient(to right, " + steps.join(", ") + ")";
  scale.append("1 message", strip, significant(mostOf(spec.heat)) + " in a cell");
  return scale;
}
