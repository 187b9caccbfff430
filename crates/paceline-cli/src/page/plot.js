"use strict";
// What every page with charts needs: axes in the page's colours, a size that follows the page, numbers as text.

const steps = uPlot.paths.stepped({ align: 1 });

const place = (id) => document.getElementById(id);

/** An element with a text. */
function named(element, text) {
  const made = document.createElement(element);
  made.textContent = text;
  made.dir = "auto";
  return made;
}

/** A number with about three figures, as in the tables. */
function figure(number) {
  if (!Number.isFinite(number)) return "–";
  const size = Math.abs(number);
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.0995 ? 2 : 3;
  return number.toLocaleString("en", { maximumFractionDigits: digits });
}

/** What an axis writes at a split; nothing where it was filtered out. */
function amount(split, unit) {
  return split === null ? null : `${figure(split)}${unit}`;
}

/** An axis in the page's colours. */
function axis(more) {
  return {
    stroke: () => ink("muted"),
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
    labelSize: 18,
    grid: { stroke: () => ink("grid"), width: 1 },
    ticks: { show: false },
    ...more,
  };
}

/** An axis of seconds from the start. */
function timeAxis() {
  return axis({ values: (_, splits) => splits.map((split) => amount(split, " s")), size: 30, space: 60 });
}

/** An axis of amounts; `unit` follows each. */
function amountAxis(unit) {
  return axis({ values: (_, splits) => splits.map((split) => amount(split, unit)), size: 62, space: 36 });
}

/** Draws a chart into `place`, which `told` describes to those who do not see it. */
function draw(place, height, told, options, values) {
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", told);
  const width = () => Math.max(place.clientWidth, 40);
  const chart = new uPlot({ width: width(), height, legend: { show: false }, ...options }, values, place);
  const sized = new ResizeObserver(() => {
    if (chart.width !== width()) chart.setSize({ width: width(), height });
  });
  sized.observe(place);
  const redraw = () => chart.redraw(false);
  whenThemed.push(redraw);
  chart.end = () => {
    sized.disconnect();
    whenThemed.splice(whenThemed.indexOf(redraw), 1);
    chart.destroy();
  };
  return chart;
}

/** Calls `tell` with the place of the cursor among the values; with null when it leaves. */
function readout(tell) {
  return (chart) => tell(chart.cursor.idx ?? null);
}
