// How figures are written: as the tables of the page have them, with three significant digits.

const NONE = "–";

function grouped(text) {
  const [whole, fraction] = text.split(".");
  const commas = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? commas : commas + "." + fraction;
}

// significant writes a number with so many digits, more before the point if it has them; trim leaves out zeros at the end.
function significant(value, digits = 3, trim = true) {
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  const text = value.toFixed(Math.max(0, digits - 1 - exponent));
  return grouped(trim && text.includes(".") ? text.replace(/\.?0+$/, "") : text);
}

function scaled(value, units, digits, trim) {
  const size = Math.abs(Number(value.toPrecision(digits)));
  const [unit, name] = units.find(([least]) => size >= least) || units[units.length - 1];
  return significant(value / unit, digits, trim) + "\u00a0" + name;
}

const DURATIONS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]];

function duration(ns, trim) {
  if (Math.abs(ns) >= 1e12) return significant(ns / 6e10, 3, trim) + "\u00a0min";
  if (Math.abs(ns) < 1e3) return Math.round(ns) + "\u00a0ns";
  return scaled(ns, DURATIONS, 3, trim);
}

// clock writes seconds into a run.
function clock(seconds) {
  const sign = seconds < 0 ? "-" : "";
  const s = Math.abs(seconds);
  if (s < 60) return sign + significant(s, s < 1 ? 2 : 4) + "\u00a0s";
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  const rest = significant(Math.round((s % 60) * 10) / 10, 3);
  const below = (s % 60 < 9.95 ? "0" : "") + rest;
  return s < 3600 ? sign + Math.floor(s / 60) + ":" + below : sign + Math.floor(s / 3600) + ":" + two((s / 60) % 60) + ":" + two(s % 60);
}

// percentile writes a place on an axis of 1/(1-q).
function percentile(x, digits = 0) {
  const decimals = Math.max(0, Math.ceil(Math.log10(x) - 1e-9) - 2) + digits;
  const text = (100 - 100 / x).toFixed(Math.min(decimals, 12));
  return (text.includes(".") ? text.replace(/\.?0+$/, "") : text) + "\u00a0%";
}

function date(unix, full) {
  const iso = new Date(unix * 1000).toISOString();
  return full ? iso.slice(0, 16).replace("T", " ") + " UTC" : iso.slice(0, 10);
}

function timeOfDay(unix, isExact) {
  return new Date(unix * 1000).toISOString().slice(11, isExact ? 19 : 16);
}

const SIZES = [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]];

// figure writes a value in full, tick as short as an axis needs it.
const UNITS = {
  "": { figure: (v) => significant(v), tick: (v) => significant(v) },
  ns: { figure: (v) => duration(v, false), tick: (v) => (v === 0 ? "0" : duration(v, true)) },
  s: { figure: clock, tick: clock },
  date: { figure: (v) => date(v, true), tick: (v) => date(v, false) },
  percentile: { figure: (v) => percentile(v, 1), tick: (v) => percentile(v) },
  B: { figure: (v) => scaled(v, SIZES, 3), tick: (v) => (v === 0 ? "0" : scaled(v, SIZES, 3)) },
  "/s": { figure: (v) => significant(v) + "/s", tick: (v) => (v === 0 ? "0" : significant(v) + "/s") },
  cores: { figure: (v) => v.toFixed(2), tick: (v) => significant(v) },
};

function figure(value, unit) {
  return value === null || value === undefined || !Number.isFinite(value) ? NONE : (UNITS[unit] || UNITS[""]).figure(value);
}

function tick(value, unit) {
  return (UNITS[unit] || UNITS[""]).tick(value);
}
