// Keeps the page that checks receipts for when there is no signal: one file, made for working alone.
"use strict";
const KEPT = "periksa-VERSION";
const PATIENCE_MS = 6000;
const FRESH_MS = 12 * 3600 * 1000;
const PAGE = new URL("../periksa.html", location.href).pathname;
const FROM = new URL("../periksa", location.href).pathname;

const keep = async () => (await caches.open(KEPT)).add(new Request(PAGE, { cache: "reload", credentials: "omit" }));

// Fetched anew twice a day at most, so that it knows the newest keys and costs nobody their credit.
async function refresh() {
  const kept = await (await caches.open(KEPT)).match(PAGE);
  if (!kept || Date.now() - Date.parse(kept.headers.get("date")) > FRESH_MS) await keep();
}

addEventListener("install", (event) => event.waitUntil(keep().then(() => skipWaiting())));
addEventListener("activate", (event) =>
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)))).then(() => clients.claim())),
);

// The server's page where it can be had in time, for it knows the newest keys; else the one that was kept.
async function pageFor(event) {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(event.request, { signal: stop.signal });
    if (answer.ok) event.waitUntil(refresh().catch(() => {}));
    return answer;
  } catch {
    return (await caches.open(KEPT)).match(PAGE);
  } finally {
    clearTimeout(late);
  }
}

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate" && request.method === "GET" && new URL(request.url).pathname === FROM) event.respondWith(pageFor(event));
});
