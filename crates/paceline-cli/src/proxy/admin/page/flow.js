"use strict";
// The two charts: what flows, and what waits. Both show the last ten minutes, or as much of them as was seen.

const LEAST_SPAN_S = 60;
/** A believed limit that is further above what flows would flatten it. */
const MOST_LIMITS = 3;

const line = (name, width, more) => ({ stroke: () => ink(name), width, points: { show: false }, ...more });

const ago = (seconds) => {
  if (seconds === null) return null;
  if (seconds === 0) return "now";
  return Math.abs(seconds) < 120 ? `${figure(seconds)} s` : `${figure(seconds / 60)} min`;
};

const agoAxis = () => axis({ values: (_, splits) => splits.map(ago), incrs: [10, 15, 30, 60, 120], size: 30, space: 64 });

const spanOf = (values) => [-Math.max(LEAST_SPAN_S, -(values[0][0] ?? 0)), 0];

const highest = (values) => Math.max(...values.flat().filter((value) => value !== null), 0);

const flowTop = (values) => {
  const flow = Math.max(highest(values.slice(1, 4)), 1);
  return Math.max(flow, Math.min(highest(values.slice(4)), MOST_LIMITS * flow)) * 1.08;
};

const ranged = (values, top) => ({ x: { time: false, range: () => spanOf(values()) }, y: { range: () => [0, top(values())] } });

/** A chart that is drawn anew with `show`, and tells with `tell` what is below the cursor. */
function running(id, height, told, options, tell) {
  let values = options.series.map(() => []);
  const chart = draw(place(`${id}-chart`), height, told, {
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    ...options,
    scales: ranged(() => values, options.top),
    hooks: { setCursor: [readout((index) => { place(`${id}-readout`).textContent = tell(values, index ?? values[0].length - 1); })] },
  }, values);
  return (fresh) => {
    values = fresh;
    chart.setData(fresh);
    if (chart.cursor.idx == null) place(`${id}-readout`).textContent = tell(fresh, fresh[0].length - 1);
  };
}

const instant = (seconds) => (seconds === 0 ? "Now" : `${figure(-seconds)} s ago`);

const showFlow = running("flow", 300, "Calls a second over time: offered, admitted, refused, and the believed limit", {
  series: [
    {},
    line("admitted", 1.5, { fill: () => ink("admitted-area") }),
    line("refused", 1.25),
    line("offered", 1.25),
    line("limit", 1.5, { dash: [6, 4] }),
  ],
  bands: [{ series: [2, 1], fill: () => ink("refused-area") }],
  axes: [agoAxis(), amountAxis("/s")],
  top: flowTop,
}, (values, index) => {
  const [at, admitted, top, offered, limit] = values.map((list) => list[index] ?? null);
  if (admitted === null) return "No rate yet: it takes two answers.";
  const believed = limit === null ? "no limit is known" : `believed limit ${figure(limit)}/s`;
  return `${instant(at)}: offered ${figure(offered)}/s, admitted ${figure(admitted)}/s, refused ${figure(top - admitted)}/s; ${believed}.`;
});

const showQueue = running("queue", 160, "Calls that wait and attempts in flight, over time", {
  series: [{}, line("other-4", 1.5), line("other-1", 1.5)],
  axes: [agoAxis(), amountAxis("")],
  top: (values) => Math.max(highest(values.slice(1)), 4) * 1.1,
}, (values, index) => {
  const [at, waiting, inFlight] = values.map((list) => list[index] ?? null);
  if (waiting === null) return "";
  return `${instant(at)}: ${figure(waiting)} waiting${inFlight === null ? "" : `, ${figure(inFlight)} in flight`}.`;
});
