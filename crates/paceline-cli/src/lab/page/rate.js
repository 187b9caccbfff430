"use strict";
// The rate against the limit, for one strategy and for all of them, and the herd: both follow one choice.

{
  const MOST_STEPS = 240;
  const MOST_LIMITS = 3;
  const MOST_SPANS = 4;
  const steps = uPlot.paths.stepped({ align: 1 });

  /** Bins up to the last one in which something arrived. */
  const length = (strategy) => strategy.offered.findLastIndex((count) => count > 0) + 1;
  const seconds = (strategy) => (length(strategy) * strategy.bin_ms) / 1000;

  /** Bins that are shown as one step, so that noise does not hide the rate. */
  const binsInStep = (strategy, span) => {
    const bins = (span * 1000) / strategy.bin_ms;
    return [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => bins / size <= MOST_STEPS) ?? 1000;
  };

  /** Times and calls a second of each kind: admitted, what is below the top of the refused, offered. */
  const rates = (strategy, size) => {
    const values = [[], [], [], []];
    const perSecond = 1000 / (size * strategy.bin_ms);
    const end = length(strategy);
    const sum = (list, from) => list.slice(from, from + size).reduce((all, count) => all + count, 0) * perSecond;
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
  const top = (values) => Math.max(1, ...values.slice(1).flat(), charted.limit_per_s ?? 0);

  const place = (id) => document.getElementById(id);
  let rate = null;

  const showRate = (strategy) => {
    rate?.end();
    const size = binsInStep(strategy, seconds(strategy));
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
      scales: { x: { time: false }, y: { range: [0, top(values) * 1.08] } },
      cursor: { y: false, points: { show: false } },
      hooks: { draw: [limitLine(false)], setCursor: [readout(tell)] },
    }, values);
    tell(null);
  };

  const showMultiples = (choose) => {
    const ours = strategies.find((strategy) => strategy.ours) ?? strategies[0];
    const longest = Math.max(...strategies.map(seconds));
    const span = Math.min(longest, MOST_SPANS * seconds(ours)) || 1;
    const all = strategies.map((strategy) => rates(strategy, binsInStep(strategy, span)));
    const highest = Math.max(...all.map(top));
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
  };

  const named = (element, text) => {
    const made = document.createElement(element);
    made.textContent = text;
    made.dir = "auto";
    return made;
  };

  const outcomeOf = (strategy) => {
    const told = named("small", strategy.marks.join(", ") || `${figure(strategy.finish_s ?? NaN)} s · peak ${figure(strategy.peak ?? NaN)}`);
    if (strategy.marks.length > 0) told.className = "law";
    return told;
  };

  const herds = [];
  const showHerd = (strategy) => {
    for (const chart of herds.splice(0)) chart.end();
    const ours = strategies.find((other) => other.ours) ?? strategies[0];
    const pair = [[strategy, "chosen"], [ours, "ours"]];
    const span = Math.min(Math.max(seconds(strategy), seconds(ours)), MOST_SPANS * (seconds(ours) || Infinity)) || 1;
    const perBin = ([each]) => (each.offered.length ? Math.max(...each.offered.slice(0, length(each))) : 0);
    const highest = Math.max(1, ...pair.map(perBin)) * 1.05;
    place("herd-bin").textContent = `${figure(strategy.bin_ms)} ms`;
    const bins = pair.map(([each]) => {
      const end = length(each);
      return [Array.from({ length: end + 1 }, (_, bin) => (bin * each.bin_ms) / 1000), [...each.offered.slice(0, end), 0]];
    });
    const tell = (index) => {
      place("herd-readout").textContent = index === null ? `Most in one bin: ${pair.map((one) => `${one[0].name} ${figure(perBin(one))}`).join(", ")}.`
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
  };

  /** The largest herd of those that have a rank and are not Paceline, or the next best thing to compare it with. */
  const mostTelling = () => {
    const others = strategies.filter((strategy) => !strategy.ours);
    const ranked = others.filter((strategy) => strategy.rank !== null);
    const candidates = [ranked, others, strategies].find((list) => list.length > 0);
    return candidates.reduce((most, other) => ((other.peak ?? 0) > (most.peak ?? 0) ? other : most));
  };

  if (strategies.length > 0) {
    const choosers = document.querySelectorAll(".chooser");
    let cards = [];
    const choose = (strategy) => {
      showRate(strategy);
      showHerd(strategy);
      const index = strategies.indexOf(strategy);
      for (const chooser of choosers) chooser.selectedIndex = index;
      cards.forEach((card, at) => card.setAttribute("aria-pressed", String(at === index)));
    };
    for (const chooser of choosers) {
      chooser.append(...strategies.map((strategy) => named("option", strategy.name)));
      chooser.addEventListener("change", () => choose(strategies[chooser.selectedIndex]));
    }
    cards = showMultiples(choose);
    choose(mostTelling());
  }
}
