// An API behind express-rate-limit. Arguments: the form of its headers, how many calls, in how many milliseconds.
// It says on which port it listens, tells at /counts what it saw, and ends when its standard input does.
"use strict";
const express = require("express");
const { rateLimit } = require("express-rate-limit");

const [form, limit, windowMs] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
// What arrives so soon after a wait was told was under way then.
const EXCUSE_MS = 250;

const counts = { accepted: 0, refused: 0, early_returns: 0, first_arrival_ms: null, windows: [] };
const records = new Set();
const told = [];

// Comes before a wait is over that anyone was told.
const isEarly = (now) => told.some((wait) => wait.sent + EXCUSE_MS < now && now < wait.until);

const limiter = rateLimit({
  windowMs,
  limit,
  standardHeaders: form === "legacy" ? false : form,
  legacyHeaders: form === "legacy",
  handler: (request, response, next, options) => {
    counts.refused += 1;
    const seconds = Number(response.getHeader("Retry-After"));
    response.status(options.statusCode).send(options.message);
    const sent = performance.now();
    told.push({ sent, until: sent + 1000 * seconds });
    while (told.length > 0 && told[0].until < sent) told.shift();
  },
});

const app = express();
app.disable("etag");
app.get("/counts", (request, response) => response.json({ ...counts, distinct: records.size }));
app.use((request, response, next) => {
  request.resume();
  const now = performance.now();
  counts.first_arrival_ms ??= Date.now();
  counts.early_returns += isEarly(now) ? 1 : 0;
  next();
});
app.use(limiter);
app.post("/records/:id", (request, response) => {
  counts.accepted += 1;
  records.add(request.params.id);
  const starts_ms = request.rateLimit.resetTime.getTime() - windowMs;
  if (counts.windows.at(-1)?.starts_ms !== starts_ms) counts.windows.push({ starts_ms, accepted: 0 });
  counts.windows.at(-1).accepted += 1;
  response.sendStatus(201);
});

const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
