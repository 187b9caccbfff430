"use strict";
// The rate against the limit: one strategy at large, and all of them small, on one scale.

const MOST_STEPS = 240;
const MOST_LIMITS = 3;

/** Bins that are shown as one step, so that noise does not hide the rate. */
const binsInStep = (strategy, span) => {
  const bins = (span * 1000) / strategy.bin_ms;
  return [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => bins / size <= MOST_STEPS) ?? 1000;
};

/** Times and calls a second of each kind: admitted, what is below the top of the refused, offered. */
const rates = (strategy, size) => {
  const values = [[], [], [], []];
  const end = binsOf(strategy);
  const sum = (list, from) => {
    const to = Math.min(from + size, end);
    return (list.slice(from, to).reduce((all, count) => all + count, 0) * 1000) / ((to - from) * strategy.bin_ms);
  };
  for (let from = 0; from < end; from += size) {
    const admitted = sum(strategy.admitted, from);
    values[0].push((from * strategy.bin_ms) / 1000);
    values[1].push(admitted);
    values[2].push(admitted + sum(strategy.refused, from));
    values[3].push(sum(strategy.offered, from));
  }
  values[0].push((end * strategy.bin_ms) / 1000);
  for (const list of values.slice(1)) list.push(list.at(-1) ?? 0);
  return values;
};

const layers = (width) => [
  {},
  { stroke: () => ink("admitted"), fill: () => ink("admitted-area"), width, paths: steps, points: { show: false } },
  { stroke: () => ink("refused"), width: width * 0.75, paths: steps, points: { show: false } },
  { stroke: () => ink("offered"), width: width * 0.75, paths: steps, points: { show: false } },
];
const refusedBand = () => [{ series: [2, 1], fill: () => ink("refused-area") }];
const highestOf = (values) => Math.max(1, ...values.slice(1).flat(), charted.limit_per_s ?? 0);

let rate = null;

/** Shows a strategy at large. */
function showRate(strategy) {
  rate?.end();
  const size = binsInStep(strategy, secondsOf(strategy));
  const values = rates(strategy, size);
  const step = `${figure((size * strategy.bin_ms) / 1000)} s`;
  const silent = `Mean over each ${step}.`;
  const tell = (index) => {
    place("rate-readout").textContent = index === null ? silent
      : `At ${figure(values[0][index])} s: offered ${figure(values[3][index])}/s, admitted ${figure(values[1][index])}/s, refused ${figure(values[2][index] - values[1][index])}/s.`;
  };
  rate = draw(place("rate-chosen"), 320, `Rate of ${strategy.name} over time: admitted, refused and offered`, {
    series: layers(1.5),
    bands: refusedBand(),
    axes: [timeAxis(), amountAxis("/s")],
    scales: { x: { time: false }, y: { range: [0, highestOf(values) * 1.08] } },
    cursor: { y: false, points: { show: false } },
    hooks: { draw: [limitLine(false)], setCursor: [readout(tell)] },
  }, values);
  tell(null);
}

/** Shows all of them; pressing one calls `choose`. */
function showMultiples(choose) {
  const ours = reference();
  const longest = Math.max(...strategies.map(secondsOf));
  const span = Math.min(longest, MOST_SPANS * secondsOf(ours)) || 1;
  const all = strategies.map((strategy) => rates(strategy, binsInStep(strategy, span)));
  const highest = Math.max(...all.map(highestOf));
  const cut = charted.limit_per_s === null ? highest : Math.min(highest, MOST_LIMITS * charted.limit_per_s);
  place("rate-scale").textContent = `Each shows ${figure(span)} s and up to ${figure(cut)}/s; what goes beyond is cut off. Above it: the finish, and the most attempts in 100 ms. Press one to look closer.`;
  return strategies.map((strategy, index) => {
    const card = document.createElement("button");
    card.type = "button";
    card.className = strategy.ours ? "multiple ours" : "multiple";
    card.title = strategy.name;
    card.append(named("b", strategy.name), outcomeOf(strategy), document.createElement("figure"));
    card.lastChild.className = "chart";
    card.addEventListener("click", () => choose(strategy));
    place("rate-all").append(card);
    draw(card.lastChild, 84, `Rate of ${strategy.name}`, {
      series: layers(1).slice(0, 3),
      bands: refusedBand(),
      axes: [{ show: false }, { show: false }],
      scales: { x: { time: false, range: [0, span] }, y: { range: [0, cut * 1.05] } },
      padding: [2, 0, 2, 0],
      cursor: { show: false },
      hooks: { draw: [limitLine(true)] },
    }, all[index].slice(0, 3));
    return card;
  });
}

const outcomeOf = (strategy) => {
  const told = named("small", strategy.marks.join(", ") || `${figure(strategy.finish_s ?? NaN)} s · peak ${figure(strategy.peak ?? NaN)}`);
  if (strategy.marks.length > 0) told.className = "law";
  return told;
};
