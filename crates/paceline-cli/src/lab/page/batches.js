"use strict";
// The finish time by batch size, with its interval as whiskers.

if (charted.batches.length > 0) {
  const points = charted.batches.filter(([, mean]) => mean !== null);
  const sizes = points.map(([size]) => size);
  const values = [sizes, points.map(([, mean]) => mean)];
  const highest = Math.max(1e-3, ...points.map(([, mean, , high]) => high ?? mean));
  const best = points.length ? points.reduce((a, b) => (b[1] < a[1] ? b : a)) : null;

  const whiskers = (chart) => {
    const ctx = chart.ctx;
    const half = 4 * devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ink("text");
    ctx.lineWidth = 1.25 * devicePixelRatio;
    ctx.beginPath();
    for (const [size, , low, high] of points) {
      if (low === null || high === null) continue;
      const x = chart.valToPos(size, "x", true);
      const [top, bottom] = [chart.valToPos(high, "y", true), chart.valToPos(low, "y", true)];
      ctx.moveTo(x, top);
      ctx.lineTo(x, bottom);
      for (const y of [top, bottom]) {
        ctx.moveTo(x - half, y);
        ctx.lineTo(x + half, y);
      }
    }
    ctx.stroke();
    ctx.restore();
  };

  const told = best ? `Finish time by batch size; the shortest, ${figure(best[1])} s, with ${best[0]} records in a call` : "Finish time by batch size";
  draw(document.getElementById("batches"), 300, told, {
    series: [{}, { stroke: () => ink("ours"), width: 2, points: { show: true, size: 8, fill: () => ink("ours") } }],
    axes: [
      axis({ splits: () => sizes, filter: (_, splits) => splits, values: (_, splits) => splits.map(figure), size: 30, label: "records in a call", labelGap: 0 }),
      amountAxis(" s"),
    ],
    scales: { x: { time: false, distr: 3, log: 2, range: [Math.min(...sizes, 1) * 0.85, Math.max(...sizes, 2) * 1.18] }, y: { range: [0, highest * 1.08] } },
    cursor: { show: false },
    hooks: { draw: [whiskers] },
  }, values);
}
