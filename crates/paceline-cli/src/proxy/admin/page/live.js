"use strict";
// Asks once a second, and shows what is told.

{
  const EVERY_MS = 1_000;
  const PATIENCE_MS = 5_000;
  // Of a URL with a password in it nothing may be fetched; of its origin all may.
  const source = new URL("status", location.origin + location.pathname);
  const of = place("of");
  let silentSince = null;

  const shownOf = () => (samples.at(-1).parts.has(of.value) ? of.value : ALL);

  const choices = (status) => {
    const names = [ALL, ...status.scopes.map(keyOf)];
    if ([...of.options].map((option) => option.value).join("\n") === names.join("\n")) return;
    const chosen = of.value;
    of.replaceChildren(...names.map((name) => new Option(name === ALL ? "all calls" : name, name)));
    of.value = names.includes(chosen) ? chosen : ALL;
  };

  const showCharts = () => {
    if (samples.length === 0) return;
    showFlow(flowOf(shownOf()));
    showQueue(queueOf(shownOf()));
  };

  const showState = (text, kind) => write(place("state"), text, kind);

  const showWaits = (status) => {
    const told = status.waits_for;
    const idle = status.in_flight === 0 ? "Nothing waits." : "Nothing waits: every call has departed.";
    write(place("waits"), told === null ? idle : `The next departure waits for ${told.reason === "gate" ? "a gate: " : ""}${told.words}.`, "about");
  };

  const showTiles = (status) => {
    const rate = rateAt(samples.length - 1, ALL);
    const perSecond = (name) => (rate === null ? "–" : `${figure(rate[name])}/s`);
    tile(place("tiles"), [
      [perSecond("offered"), "offered"],
      [perSecond("admitted"), "admitted"],
      [perSecond("refused"), "refused"],
      [count(status.waiting), "waiting"],
      [count(status.in_flight), "in flight"],
      [count(status.totals.offered), "calls in all"],
      [count(status.totals.declined), "answered by Paceline"],
      [count(status.connections), "connections"],
      [bytes(status.held_bytes), "of bodies held"],
      [span(status.uptime_ms), "since the start"],
    ]);
  };

  const scopeRow = ({ kind, name, closed, belief, waiting, counts }) => [
    `${kind} ${name}`,
    closed === null ? ["open", "text"] : [closed.words, "text closed"],
    [belief?.words ?? "not known yet", "text"],
    ...[waiting, counts.offered, counts.accepted, counts.refused, counts.rejected, counts.failed].map(count),
    meanHeld(counts),
  ];

  const clientRow = ({ name, waiting, counts }) => [
    name,
    ...[waiting, counts.offered, counts.accepted, counts.refused, counts.rejected, counts.failed, counts.declined, counts.hung_up].map(count),
    meanHeld(counts),
  ];

  const many = (shown, known, what) => (shown < known ? `${count(shown)} of ${count(known)}. ${what}` : what);

  const showTables = (status) => {
    const { scopes, clients } = status;
    write(place("scopes-lead"), many(scopes.length, status.scopes_known, "The closed ones first, then the busiest."), "lead");
    fill(document.querySelector("#scopes table"), scopes.map(scopeRow), "No call has come yet.");
    write(place("clients-lead"), many(clients.length, status.clients_known, "The busiest first. The name of a credential tells nobody what it is."), "lead");
    fill(document.querySelector("#clients table"), clients.map(clientRow), "No call has come yet.");
  };

  const show = (status) => {
    remember(status);
    choices(status);
    if (status.draining) showState("Draining: takes no new calls", "draining");
    else showState("Running", "well");
    showWaits(status);
    showTiles(status);
    showCharts();
    showTables(status);
  };

  const silent = (why) => {
    silentSince ??= Date.now();
    showState(`${why} for ${span(Date.now() - silentSince)}`, "gone");
  };

  const ask = async () => {
    let answer;
    try {
      answer = await fetch(source, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    } catch {
      return silent("No answer");
    }
    if (answer.status === 401) return showState("The token is asked for: load this page again", "gone");
    if (!answer.ok) return silent(`Answers ${answer.status}`);
    const status = await answer.json();
    silentSince = null;
    show(status);
  };

  const live = async () => {
    const began = performance.now();
    await ask();
    setTimeout(live, Math.max(EVERY_MS - (performance.now() - began), 100));
  };

  of.addEventListener("change", showCharts);
  live();
}
