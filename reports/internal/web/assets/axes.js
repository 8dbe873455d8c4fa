// Axes: where their ticks are and what the ticks say.

const TIME_STEPS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
const DAY = 86400;
const DATE_STEPS = [1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 10800, 21600, 43200, ...[1, 2, 4, 7, 14, 28, 56, 91, 182, 365, 730, 1825].map((days) => days * DAY)];
const AXIS_FONT_PX = 12;
const LABEL_GAP_PX = 14;

// LOG_STEPS are the ticks of a decade, the most first.
const LOG_STEPS = [[1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]];

// logTicks are round numbers between two others, as many as there is room for; of a few decades, or many, only some.
function logTicks(min, max, room) {
  const tries = LOG_STEPS.map((steps) => decadeTicks(min, max, steps));
  const fitting = tries.find((ticks) => ticks.length <= room);
  if (fitting) return fitting;
  const decades = tries[tries.length - 1];
  return decades.filter((_, i) => i % Math.ceil(decades.length / Math.max(room, 1)) === 0);
}

function decadeTicks(min, max, steps) {
  const ticks = [];
  for (let e = Math.floor(Math.log10(min)); e <= Math.ceil(Math.log10(max)); e++) {
    for (const s of steps) {
      const at = Number((s * Math.pow(10, e)).toPrecision(3));
      if (at >= min * 0.9999 && at <= max * 1.0001) ticks.push(at);
    }
  }
  return ticks;
}

// percentileTicks are 0 %, 50 %, 90 %, 99 % and so on; on little room only some of the nines.
function percentileTicks(min, max, width) {
  const ticks = [];
  const room = width / Math.max(Math.log10(max / min), 1);
  for (let nines = 1; Math.pow(10, nines) <= max * 1.001; nines++) {
    if (room > 52 || nines % 2 === 1 || nines === 2) ticks.push(Math.pow(10, nines));
  }
  return (min < 1.5 && room > 130 ? [1] : []).concat(2, ticks);
}

// roundDown and roundUp go to the next number that begins with 1, 2 or 5, so that nothing is drawn on the frame.
function roundDown(v) {
  const e = Math.pow(10, Math.floor(Math.log10(v)));
  const m = v / e;
  return (m >= 5 ? 5 : m >= 2 ? 2 : 1) * e;
}

function roundUp(v) {
  const e = Math.pow(10, Math.floor(Math.log10(v)));
  const m = v / e;
  return (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10) * e;
}

// range is how far the upright axis goes, to show values from min to max and, above them, the names of bands.
function range(axis, min, max, hasNames) {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return axis.log ? [1, 10] : [0, 1];
  if (!axis.log) return [Math.min(0, min * 1.05), max > 0 ? max * (hasNames ? 1.2 : 1.08) : 1];
  const low = roundDown(min);
  const high = roundUp(max);
  return low < high ? [low, high] : [low / 2, high * 2];
}

// sideways is how far the other axis goes: as far as there is data.
function sideways(spec, min, max) {
  if (min === null || max === null) return spec.x.log ? [1, 10] : [0, 1];
  if (spec.heat) max = Math.max(max, spec.at[spec.at.length - 1] + spec.heat.width);
  if (spec.until) max = Math.max(max, spec.until);
  if (min < max) return [min, max];
  const half = spec.x.unit === "date" ? DAY / 2 : 0.5;
  return spec.x.log ? [min / 2, max * 2] : [min - half, max + half];
}

// axisOptions are uPlot's, for the axis of a plot.
function axisOptions(axis, colors, isUpright) {
  const options = {
    stroke: colors.muted,
    font: AXIS_FONT_PX + "px " + colors.font,
    grid: { stroke: colors.grid, width: 1 },
    ticks: { stroke: colors.line, width: 1, size: 5 },
    gap: 4,
    space: isUpright ? 34 : 64,
    values: (u, ticks) => ticks.map((t) => tick(t, axis.unit)),
    filter: (u, ticks) => ticks,
  };
  if (isUpright) options.size = (u, texts) => (texts ? Math.ceil(widest(u.ctx, texts, options.font)) + LABEL_GAP_PX : 50);
  else options.size = 32;
  if (axis.unit === "percentile") options.splits = (u, _, min, max) => percentileTicks(min, max, u.bbox.width / uPlot.pxRatio);
  else if (axis.log) options.splits = (u, _, min, max) => logTicks(min, max, roomFor(u, isUpright));
  else if (axis.unit === "s") options.incrs = TIME_STEPS;
  else if (axis.unit === "date") {
    options.incrs = DATE_STEPS;
    options.space = 76;
    options.values = (u, ticks, i, space, step) => ticks.map((t) => (step < DAY && t % DAY !== 0 ? timeOfDay(t, step < 60) : tick(t, axis.unit)));
  }
  return options;
}

// roomFor is how many ticks an axis has room for.
function roomFor(u, isUpright) {
  return Math.floor((isUpright ? u.bbox.height / 22 : u.bbox.width / 60) / uPlot.pxRatio) + 1;
}

function widest(ctx, texts, font) {
  ctx.save();
  ctx.font = font;
  const width = Math.max(0, ...texts.map((t) => (t === null ? 0 : ctx.measureText(t).width)));
  ctx.restore();
  return width;
}
