// The legend of a plot: what each line looks like, and a button to take it away and bring it back.

function fillLegend(plot) {
  const { spec, colors } = plot;
  if (spec.small) return;
  const parts = spec.heat ? [heatScale(spec, colors)] : spec.series.map((series, i) => legendButton(plot, series, i));
  plot.legend.replaceChildren(...parts);
}

function legendButton(plot, series, i) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-pressed", String(!plot.hidden.has(series.label)));
  button.title = "Show or hide";
  button.append(swatch(series, plot.colors), series.label);
  button.addEventListener("click", () => {
    const show = plot.hidden.has(series.label);
    if (show) plot.hidden.delete(series.label);
    else plot.hidden.add(series.label);
    button.setAttribute("aria-pressed", String(show));
    plot.u.setSeries(i + 1, { show });
  });
  return button;
}
