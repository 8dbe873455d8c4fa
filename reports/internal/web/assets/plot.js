// A plot: a figure of the page with what draws itself into it. It can be given newer data at any time.

const HEIGHT_PX = { small: 170, low: 220, tall: 330 };
const PAPER_WIDTH_PX = 640;

class Plot {
  constructor(element, spec) {
    spec = whole(spec);
    this.element = element;
    this.legend = element.querySelector(".legend");
    this.canvas = element.querySelector(".canvas");
    this.numbers = element.querySelector(".numbers");
    this.readout = new Readout(this);
    this.hidden = new Set(spec.series.filter((s) => s.hidden).map((s) => s.label));
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "group");
    this.canvas.addEventListener("keydown", (e) => this.key(e));
    this.canvas.addEventListener("blur", () => this.leave());
    this.numbers.addEventListener("toggle", () => this.numbers.open && fillNumbers(this));
    this.width = this.canvas.clientWidth;
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.canvas);
    this.show(spec);
  }

  // show draws a plot from nothing.
  show(spec) {
    this.spec = spec;
    this.draw();
  }

  // update goes on to newer data, without a flicker if only values have changed.
  update(spec) {
    spec = whole(spec);
    const isSame = shape(spec) === shape(this.spec);
    this.spec = spec;
    if (!isSame) return this.draw();
    const isZoomed = this.zoomed;
    const { min, max } = this.u.scales.x;
    this.u.batch(() => {
      this.u.setData(plotData(spec), !isZoomed);
      if (isZoomed) this.u.setScale("x", { min, max });
    });
    if (spec.heat) fillLegend(this);
    if (this.numbers.open) fillNumbers(this);
  }

  draw(width = this.width) {
    if (this.u) this.u.destroy();
    this.colors = palette();
    this.canvas.setAttribute("aria-label", this.spec.label + ". Arrow keys read values, Escape ends.");
    this.canvas.replaceChildren();
    this.u = new uPlot(this.options(Math.max(width, 1)), plotData(this.spec), this.canvas);
    this.canvas.append(this.readout.box, this.readout.spoken);
    fillLegend(this);
    if (this.numbers.open) fillNumbers(this);
  }

  // fit follows the room that the page leaves; on paper that is fixed.
  fit() {
    const width = this.canvas.clientWidth;
    if (width === this.width || width === 0 || onPaper()) return;
    this.width = width;
    this.u.setSize({ width, height: this.height() });
  }

  height() {
    if (this.spec.small) return HEIGHT_PX.small;
    return this.spec.tall ? HEIGHT_PX.tall : HEIGHT_PX.low;
  }

  get zoomed() {
    const all = sideways(this.spec, ...ends(this.spec.at));
    const { min, max } = this.u.scales.x;
    return min > all[0] || max < all[1];
  }

  options(width) {
    const { spec, colors } = this;
    return {
      width,
      height: this.height(),
      padding: [10, spec.x.log ? 34 : 18, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, distr: spec.x.log ? 3 : 1, range: (u, min, max) => this.across(min, max) },
        y: { distr: spec.y.log ? 3 : 1, range: (u, min, max) => this.upright(min, max) },
      },
      axes: [axisOptions(spec.x, colors, false), axisOptions(spec.y, colors, true)],
      series: [{}, ...spec.series.map((s) => this.line(s))].concat(spec.heat && spec.series.length === 0 ? [{ show: false }] : []),
      cursor: {
        sync: spec.sync ? { key: spec.sync, setSeries: false, scales: ["x", null] } : undefined,
        y: Boolean(spec.heat),
        drag: { x: true, y: false, dist: 5 },
        points: { size: 8, width: 2, fill: (u, i) => (i > 0 && spec.series[i - 1] ? colorOf(colors, spec.series[i - 1].color) : "transparent") },
      },
      hooks: {
        drawClear: [(u) => drawBands(u, this.spec, colors)],
        draw: [(u) => this.drawn(u)],
        setCursor: [(u) => this.moved(u)],
      },
    };
  }

  line(series) {
    return {
      label: series.label,
      show: !this.hidden.has(series.label),
      stroke: colorOf(this.colors, series.color),
      width: 1.75,
      dash: DASHES[(series.dash || 0) % DASHES.length],
      spanGaps: true,
      paths: series.scattered ? () => null : undefined,
      points: { show: !series.marker && this.spec.at.length === 1, size: 6 },
    };
  }

  drawn(u) {
    if (this.spec.heat) drawHeat(u, this.spec, this.colors);
    drawMarkers(u, this.spec, this.colors);
    drawMarks(u, this.spec, this.colors);
    nameBands(u, this.spec, this.colors);
  }

  across(min, max) {
    const [from, until] = ends(this.spec.at);
    if (from === until) return sideways(this.spec, from, until); // of one place uPlot makes a range of its own
    // uPlot gives the ends of the data, or those of the part that was zoomed in on.
    return min === from && max === until ? sideways(this.spec, min, max) : [min, max];
  }

  // upright makes room for marks that are not too far from the data.
  upright(min, max) {
    if (this.spec.heat) [min, max] = heatLimits(this.spec.heat);
    for (const mark of this.spec.marks) {
      if (mark.axis === "y" && max !== null && mark.at <= max * (this.spec.y.log ? 5 : 1.3)) max = Math.max(max, mark.at);
    }
    for (const series of this.spec.series) {
      if (series.high && !this.hidden.has(series.label)) max = Math.max(max, ...series.high.filter((v) => v !== null));
      if (series.low && !this.hidden.has(series.label)) min = Math.min(min, ...series.low.filter((v) => v !== null));
    }
    // Small plots have their marks' names over the data.
    const hasNames = this.spec.bands.length > 0 || (this.spec.small && this.spec.marks.some((m) => m.axis === "x"));
    return range(this.spec.y, min, max, hasNames);
  }

  moved(u) {
    const isHere = u.over.matches(":hover") || document.activeElement === this.canvas;
    if (u.cursor.left < 0 || !isHere) return this.readout.hide();
    this.readout.show(u, document.activeElement === this.canvas && !u.over.matches(":hover"));
  }

  leave() {
    this.readout.hide();
    this.u.setCursor({ left: -10, top: -10 });
  }

  // key moves the crosshair from value to value.
  key(event) {
    const last = this.spec.at.length - 1;
    const at = this.u.cursor.left < 0 ? -1 : this.u.cursor.idx;
    const next = { ArrowLeft: at < 0 ? last : Math.max(at - 1, 0), ArrowRight: Math.min(at + 1, last), Home: 0, End: last }[event.key];
    if (event.key === "Escape") return this.leave();
    if (next === undefined || last < 0) return;
    event.preventDefault();
    const half = this.spec.heat ? this.spec.heat.width / 2 : 0;
    this.u.setCursor({ left: this.u.valToPos(this.spec.at[next] + half, "x"), top: this.keyTop(next) });
  }

  // keyTop is the height at which the crosshair meets the most crowded bin of a heat map; plots of lines have one at any height.
  keyTop(at) {
    if (!this.spec.heat) return this.u.over.clientHeight / 4;
    const { first, counts } = this.spec.heat.columns[at];
    const bin = first + Math.max(counts.indexOf(Math.max(...counts)), 0);
    const { edges } = this.spec.heat;
    return this.u.valToPos(Math.sqrt(Math.max(edges[bin], this.u.scales.y.min) * edges[bin + 1]), "y");
  }
}

// whole has empty lists where the page left them out.
function whole(spec) {
  const heat = spec.heat && { ...spec.heat, columns: (spec.heat.columns || []).map((c) => ({ first: c.first, counts: c.counts || [] })) };
  return { ...spec, at: spec.at || [], series: spec.series || [], bands: spec.bands || [], marks: spec.marks || [], heat };
}

// shape is all of a plot that, when it changes, makes it another.
function shape(spec) {
  return JSON.stringify([spec.label, spec.x, spec.y, spec.tall, spec.small, spec.sync, Boolean(spec.heat), spec.series.map((s) => [s.label, s.color, s.dash, s.marker, s.scattered])]);
}

function plotData(spec) {
  const lines = spec.series.map((s) => (spec.y.log ? s.values.map((v) => (v > 0 ? v : null)) : s.values));
  if (spec.heat && lines.length === 0) lines.push(spec.at.map(() => null));
  return [spec.at, ...lines];
}

function ends(at) {
  return at.length === 0 ? [null, null] : [at[0], at[at.length - 1]];
}

function onPaper() {
  return "paper" in document.documentElement.dataset;
}
