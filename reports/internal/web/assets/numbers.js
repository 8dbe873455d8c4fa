// The numbers of a plot as a table, made when somebody asks for them.

const MOST_ROWS = 1000;

function fillNumbers(plot) {
  const { spec } = plot;
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  const [columns, rows] = spec.heat ? heatNumbers(spec) : lineNumbers(spec);
  for (const text of columns) {
    const th = document.createElement("th");
    th.scope = "col";
    th.textContent = text;
    head.append(th);
  }
  const body = table.createTBody();
  for (const [first, ...others] of rows.slice(0, MOST_ROWS)) {
    const row = body.insertRow();
    const th = document.createElement("th");
    th.scope = "row";
    th.textContent = first;
    row.append(th);
    for (const text of others) row.insertCell().textContent = text;
  }
  const caption = table.createCaption();
  caption.className = "unseen";
  caption.textContent = spec.label;
  const parts = [table];
  if (rows.length > MOST_ROWS) {
    const more = document.createElement("p");
    more.className = "note quiet";
    more.textContent = "and " + significant(rows.length - MOST_ROWS) + " more in the result file";
    parts.push(more);
  }
  plot.numbers.querySelector(".scroll").replaceChildren(...parts);
}

function lineNumbers(spec) {
  const about = spec.about || [];
  const columns = [spec.x.label, ...spec.series.map((s) => s.label), ...(spec.about ? ["about"] : [])];
  const rows = spec.at.map((x, i) => [figure(x, spec.x.unit), ...spec.series.map((s) => figure(s.values[i], spec.y.unit)), ...about.slice(i, i + 1)]);
  return [columns, rows];
}

// heatNumbers lists the cells that have any values.
function heatNumbers(spec) {
  const rows = [];
  const { edges } = spec.heat;
  spec.heat.columns.forEach((column, i) => {
    column.counts.forEach((count, j) => {
      if (count === 0) return;
      const bin = column.first + j;
      rows.push([figure(spec.at[i], spec.x.unit), figure(edges[bin], spec.y.unit), figure(edges[bin + 1], spec.y.unit), significant(count)]);
    });
  });
  return [[spec.x.label, "from", "to", "messages"], rows];
}
