"use strict";
// What the lab's charts share: the numbers, the colours of strategies, and the line of the limit.

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

/** What the others are compared with: the best of Paceline's, or the best of all. */
const reference = () => strategies.find((strategy) => strategy.ours) ?? strategies[0];

/** Bins up to the last one in which something arrived. */
const binsOf = (strategy) => strategy.offered.findLastIndex((count) => count > 0) + 1;
const secondsOf = (strategy) => (binsOf(strategy) * strategy.bin_ms) / 1000;

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
