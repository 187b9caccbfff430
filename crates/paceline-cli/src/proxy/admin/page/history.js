"use strict";
// What was told in the last ten minutes, a sample for each answer, and rates out of it.

const KEPT_MS = 600_000;
/** After a longer silence nobody knows when what came; the line is broken there. */
const LONGEST_STEP_MS = 5_000;
const ALL = "all";

const samples = [];

const keyOf = (scope) => `${scope.kind} ${scope.name}`;
const countsOf = ({ offered, accepted, refused }) => ({ offered, accepted, refused });

/** What is believed of all calls together: of each kind under which all of them fall, what its scopes admit; the least counts. */
const limitOfAll = (status) => {
  const kinds = new Set(status.scopes.map((scope) => scope.kind));
  const sums = [...kinds].map((kind) => {
    const scopes = status.scopes.filter((scope) => scope.kind === kind);
    const offered = scopes.reduce((sum, scope) => sum + scope.counts.offered, 0);
    const isKnown = offered >= 0.99 * status.totals.offered && scopes.every((scope) => scope.belief?.rate_per_s);
    return isKnown ? scopes.reduce((sum, scope) => sum + scope.belief.rate_per_s, 0) : Infinity;
  });
  const least = Math.min(...sums);
  return least === Infinity ? null : least;
};

/** Takes an answer in. A proxy that was started again begins anew. */
function remember(status) {
  if (samples.length > 0 && status.uptime_ms < samples.at(-1).uptime) samples.length = 0;
  const parts = new Map([[ALL, { ...countsOf(status.totals), waiting: status.waiting, limit: limitOfAll(status) }]]);
  for (const scope of status.scopes) {
    parts.set(keyOf(scope), { ...countsOf(scope.counts), waiting: scope.waiting, limit: scope.belief?.rate_per_s ?? null });
  }
  // Uptime is even where the wall clock jumps.
  samples.push({ uptime: status.uptime_ms, inFlight: status.in_flight, parts });
  while (samples[0].uptime < status.uptime_ms - KEPT_MS) samples.shift();
}

/** How much `of` each happened a second between a sample and the one before; nulls where that cannot be told. */
function rateAt(index, of) {
  const [before, now] = [samples[index - 1], samples[index]];
  const [was, is] = [before?.parts.get(of), now.parts.get(of)];
  const span = before ? now.uptime - before.uptime : 0;
  if (!was || !is || span <= 0 || span > LONGEST_STEP_MS) return null;
  const rate = (name) => Math.max(0, is[name] - was[name]) * 1000 / span;
  return { offered: rate("offered"), admitted: rate("accepted"), refused: rate("refused") };
}

/** Seconds before now; then admitted, what is below the top of the refused, offered, and the believed limit. */
function flowOf(of) {
  const values = [[], [], [], [], []];
  const end = samples.at(-1).uptime;
  samples.forEach((sample, index) => {
    const rate = rateAt(index, of);
    values[0].push((sample.uptime - end) / 1000);
    values[1].push(rate?.admitted ?? null);
    values[2].push(rate ? rate.admitted + rate.refused : null);
    values[3].push(rate?.offered ?? null);
    values[4].push(sample.parts.get(of)?.limit ?? null);
  });
  return values;
}

/** Seconds before now; then calls that wait, and attempts in flight where those of all are meant. */
function queueOf(of) {
  const end = samples.at(-1).uptime;
  return [
    samples.map((sample) => (sample.uptime - end) / 1000),
    samples.map((sample) => sample.parts.get(of)?.waiting ?? null),
    samples.map((sample) => (of === ALL ? sample.inFlight : null)),
  ];
}
