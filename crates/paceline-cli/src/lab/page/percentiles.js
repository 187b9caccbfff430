"use strict";
// Time to success by percentile. The axis shows 1 / (1 - p) on a logarithmic scale, so that the rare ones have room.

if (strategies.length > 0) {
  const LEAST_RIGHT = 1000;

  /** Where a percentile is on the axis: 50 % at 2, 90 % at 10, 99 % at 100. */
  const along = (percentile) => 100 / (100 - percentile);
  const percentile = (x) => 100 - 100 / x;

  const lists = strategies.map((strategy) => {
    const points = strategy.percentiles.filter(([at]) => at < 100);
    return [points.map(([at]) => along(at)), points.map(([, seconds]) => seconds)];
  });
  const values = uPlot.join(lists);
  const right = Math.max(LEAST_RIGHT, ...values[0]);
  const marks = [1, 2, 4, 10, 20, 100, 1000, 1e4, 1e5, 1e6].filter((x) => x <= right * 1.001);
  const few = [2, 10, 100, 1000, 1e4, 1e5, 1e6].filter((x) => x <= right * 1.001);
  const shown = strategies.map(() => true);

  const tell = (index) => {
    const told = place("percentiles-readout");
    if (index === null) {
      told.textContent = "Point at the chart to read it; press a name to hide or show its line.";
      return;
    }
    const read = strategies.map((strategy, at) => [values[at + 1][index], strategy.name, shown[at]]);
    const known = read.filter(([seconds, , isShown]) => isShown && seconds != null).sort(([a], [b]) => a - b);
    const some = known.slice(0, 6).map(([seconds, name]) => `${name} ${figure(seconds)} s`).join(", ");
    const more = known.length > 6 ? `, and ${known.length - 6} slower` : "";
    told.textContent = `${+percentile(values[0][index]).toFixed(3)} % within: ${some}${more}.`;
  };

  const line = (strategy, at) => ({
    show: shown[at],
    stroke: () => ink(strategy.colour),
    width: strategy.ours ? 3 : 1.5,
    dash: strategy.dash,
    spanGaps: true,
    points: { show: false },
  });

  let chart = null;
  const show = () => {
    chart?.end();
    const isLog = place("percentiles-scale").value === "log";
    const seconds = values.slice(1).flat().filter((value) => value > 0);
    const [least, most] = seconds.length ? [Math.min(...seconds), Math.max(...seconds)] : [0.1, 1];
    const y = isLog ? { distr: 3, range: [least * 0.8, Math.max(most, least * 2) * 1.2] } : { range: [0, most * 1.05] };
    const drawn = isLog ? values.map((list, at) => (at ? list.map((value) => (value > 0 ? value : null)) : list)) : values;
    chart = draw(place("percentiles-chart"), 380, "Time to success by percentile, a line for each strategy", {
      series: [{}, ...strategies.map(line)],
      axes: [
        axis({
          splits: (self) => (self.width < 560 ? few.slice(0, 4) : marks),
          filter: (_, splits) => splits,
          values: (_, splits) => splits.map((x) => `${+percentile(x).toFixed(4)} %`),
          size: 30,
        }),
        { ...amountAxis(" s"), ...(isLog ? { filter: logFilter } : {}) },
      ],
      scales: { x: { time: false, distr: 3, range: [1, right] }, y },
      focus: { alpha: 0.25 },
      cursor: { y: false, points: { size: 6 } },
      hooks: { setCursor: [readout(tell)] },
    }, drawn);
    tell(null);
  };

  /** On a logarithmic axis: 1, 2 and 5 of each power of ten. */
  const logFilter = (_, splits) => splits.map((value) => {
    const first = Number(value.toExponential().split("e")[0]);
    return [1, 2, 5].includes(+first.toFixed(3)) ? value : null;
  });

  const buttons = strategies.map((strategy, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = strategy.ours ? "ours" : "";
    button.title = strategy.name;
    button.append(swatch(strategy), named("span", strategy.name));
    button.addEventListener("click", () => toggle(at, !shown[at]));
    button.addEventListener("mouseenter", () => shown[at] && chart.setSeries(at + 1, { focus: true }));
    button.addEventListener("mouseleave", () => chart.setSeries(null, { focus: true }));
    return button;
  });

  const toggle = (at, isShown) => {
    shown[at] = isShown;
    chart.setSeries(at + 1, { show: isShown });
    buttons[at].setAttribute("aria-pressed", String(isShown));
  };

  function swatch(strategy) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("width", "24");
    svg.setAttribute("height", "8");
    svg.setAttribute("aria-hidden", "true");
    const path = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
    path.setAttribute("d", "M0 4H24");
    path.setAttribute("stroke-dasharray", strategy.dash.join(" "));
    path.setAttribute("stroke-width", strategy.ours ? "3" : "2");
    path.style.stroke = `var(--${strategy.colour})`;
    return svg;
  }

  show();
  place("percentiles-legend").append(...buttons);
  buttons.forEach((_, at) => toggle(at, true));
  place("percentiles-scale").addEventListener("change", show);
  place("percentiles-all").addEventListener("click", () => strategies.forEach((_, at) => toggle(at, true)));
  place("percentiles-ours").addEventListener("click", () => strategies.forEach((strategy, at) => toggle(at, strategy.ours)));
}
