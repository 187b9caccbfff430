"use strict";
// The herd: attempts in each tenth of a second, of the chosen strategy and of Paceline.

const herds = [];

/** Shows a strategy beside the reference, on the same scale. */
function showHerd(strategy) {
  for (const chart of herds.splice(0)) chart.end();
  const ours = reference();
  const pair = [[strategy, "chosen"], [ours, "ours"]];
  const span = Math.min(Math.max(secondsOf(strategy), secondsOf(ours)), MOST_SPANS * (secondsOf(ours) || Infinity)) || 1;
  const longest = Math.max(strategy.bin_ms, ours.bin_ms);
  place("herd-bin").textContent = longest > 100 ? `100 ms, as a mean over ${figure(longest)} ms` : "100 ms";
  const bins = pair.map(([each]) => {
    const end = binsOf(each);
    return [Array.from({ length: end + 1 }, (_, bin) => (bin * each.bin_ms) / 1000), [...each.offered.slice(0, end).map((count) => (count * 100) / each.bin_ms), 0]];
  });
  const peaks = bins.map(([, counts]) => Math.max(...counts));
  const highest = Math.max(1, ...peaks) * 1.05;
  const tell = (index) => {
    place("herd-readout").textContent = index === null ? `At most: ${pair.map(([each], at) => `${each.name} ${figure(peaks[at])}`).join(", ")}.`
      : `At ${figure(bins[0][0][index] ?? bins[1][0][index])} s: ${pair.map(([each], at) => `${each.name} ${figure(bins[at][1][index] ?? 0)}`).join(", ")}.`;
  };
  pair.forEach(([each, id], at) => {
    place(`herd-${id}-name`).textContent = each.name;
    const colour = each.ours ? "ours" : "refused";
    herds.push(draw(place(`herd-${id}`), 240, `Attempts of ${each.name} over time`, {
      series: [{}, { stroke: () => ink(colour), fill: () => ink(each.ours ? "admitted-area" : "refused-area"), width: 1, paths: steps, points: { show: false } }],
      axes: [timeAxis(), amountAxis("")],
      scales: { x: { time: false, range: (_, low, high) => [low ?? 0, high === bins[at][0].at(-1) ? span : high ?? span] }, y: { range: [0, highest] } },
      cursor: { y: false, points: { show: false }, sync: { key: "herd", scales: ["x", null] } },
      hooks: { setCursor: [readout(tell)] },
    }, bins[at]));
  });
  tell(null);
}
