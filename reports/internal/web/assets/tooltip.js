// What is read off a plot at the crosshair: beside the pointer, and aloud for those who move it by keyboard.

class Readout {
  constructor(plot) {
    this.plot = plot;
    this.box = document.createElement("div");
    this.box.className = "readout";
    this.box.hidden = true;
    this.spoken = document.createElement("div");
    this.spoken.className = "unseen";
    this.spoken.setAttribute("aria-live", "polite");
  }

  hide() {
    this.box.hidden = true;
  }

  // show fills the box with what is under the crosshair and puts it beside it.
  show(u, isSpoken) {
    const lines = this.lines(u);
    if (!lines) return this.hide();
    const rows = lines.values.map(({ series, label, text }) => this.row(series, label, text));
    const at = document.createElement("div");
    at.className = "at";
    at.textContent = lines.at;
    this.box.replaceChildren(at, ...rows);
    this.box.hidden = false;
    this.place(u);
    if (isSpoken) this.spoken.textContent = [lines.at, ...lines.values.map((v) => v.label + " " + v.text)].join(", ");
  }

  row(series, label, text) {
    const row = document.createElement("div");
    row.className = "line";
    if (series) row.append(swatch(series, this.plot.colors));
    const value = document.createElement("b");
    value.textContent = text;
    row.append(label, value);
    return row;
  }

  lines(u) {
    const { spec } = this.plot;
    if (spec.heat) return this.heatLines(u);
    const at = u.cursor.idx;
    if (at === null || at === undefined) return null;
    const values = [];
    spec.series.forEach((series, i) => {
      const value = u.data[i + 1][at];
      if (!u.series[i + 1].show || value === null || value === undefined) return;
      const interval = series.low && series.low[at] !== null ? " [" + figure(series.low[at], spec.y.unit) + ", " + figure(series.high[at], spec.y.unit) + "]" : "";
      values.push({ series, label: series.label, text: figure(value, spec.y.unit) + interval });
    });
    const about = spec.about && spec.about[at] ? " · " + spec.about[at] : "";
    return { at: this.where(u.data[0][at]) + about, values };
  }

  heatLines(u) {
    const { spec } = this.plot;
    const x = u.posToVal(u.cursor.left, "x");
    const cell = heatAt(spec, x, u.posToVal(u.cursor.top, "y"));
    if (!cell) return null;
    const { edges } = spec.heat;
    const between = figure(edges[cell.bin], spec.y.unit) + " – " + figure(edges[cell.bin + 1], spec.y.unit);
    return { at: this.where(spec.at[cell.column]), values: [{ label: between, text: significant(cell.count) }] };
  }

  // where says where on the x axis something is, and in which bands.
  where(x) {
    const { spec } = this.plot;
    const inside = spec.bands.filter((b) => x >= b.from && x < b.until).map((b) => b.label);
    return [figure(x, spec.x.unit), ...inside].join(" · ");
  }

  place(u) {
    const pad = 12;
    const left = u.over.offsetLeft + u.cursor.left;
    const top = u.over.offsetTop + u.cursor.top;
    const room = this.plot.canvas.clientWidth;
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const isRight = left + pad + width <= room;
    this.box.style.left = Math.max(0, isRight ? left + pad : left - pad - width) + "px";
    this.box.style.top = Math.max(0, Math.min(top + pad, u.height - height)) + "px";
  }
}
