"use strict";
// What all charts share: the numbers, the colours of strategies, axes, and a size that follows the page.

const charted = JSON.parse(document.getElementById("charted").textContent);
const strategies = charted.strategies;

const DASHES = [[], [9, 4], [2, 3]];
const OTHERS = 7;

{
  let ours = 0;
  let others = 0;
  for (const strategy of strategies) {
    const place = strategy.ours ? ours++ : others++;
    strategy.colour = strategy.ours ? "ours" : `other-${place % OTHERS}`;
    strategy.dash = DASHES[(strategy.ours ? place : Math.floor(place / OTHERS)) % DASHES.length];
  }
}

/** Charts that compare show at most so many times the reference's time. */
const MOST_SPANS = 4;

const steps = uPlot.paths.stepped({ align: 1 });

const place = (id) => document.getElementById(id);

/** What the others are compared with: the best of Paceline's, or the best of all. */
const reference = () => strategies.find((strategy) => strategy.ours) ?? strategies[0];

/** Bins up to the last one in which something arrived. */
const binsOf = (strategy) => strategy.offered.findLastIndex((count) => count > 0) + 1;
const secondsOf = (strategy) => (binsOf(strategy) * strategy.bin_ms) / 1000;

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

/** A dashed line across the chart at the limit, with its name unless `isBare`. */
function limitLine(isBare) {
  return (chart) => {
    const limit = charted.limit_per_s;
    if (limit === null || limit > chart.scales.y.max) return;
    const { left, top, width } = chart.bbox;
    const y = Math.round(chart.valToPos(limit, "y", true)) + 0.5;
    const ctx = chart.ctx;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = ink("limit");
    ctx.lineWidth = (isBare ? 1 : 1.5) * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    if (!isBare) {
      ctx.font = `600 ${12 * devicePixelRatio}px system-ui, sans-serif`;
      ctx.textAlign = "right";
      const isHigh = y - top < 20 * devicePixelRatio;
      ctx.textBaseline = isHigh ? "top" : "bottom";
      const at = [`limit ${figure(limit)}/s`, left + width - 4, y + (isHigh ? 4 : -4) * devicePixelRatio];
      ctx.setLineDash([]);
      ctx.lineWidth = 4 * devicePixelRatio;
      ctx.lineJoin = "round";
      ctx.strokeStyle = ink("sheet");
      ctx.strokeText(...at);
      ctx.fillText(...at);
    }
    ctx.restore();
  };
}

/** Calls `tell` with the place of the cursor among the values; with null when it leaves. */
function readout(tell) {
  return (chart) => tell(chart.cursor.idx ?? null);
}
