/**
 * Keeps a kiosk's page and the files that it names, so that a tablet which starts anew without a network shows its
 * codes all the same. With a network the page is always the server's; nothing else passes through here.
 */

const PAGE = /^\/kiosk\/[0-9A-Za-z]{8}$/;
const FILE = /^\/(static\/|kiosk\/client\.js$)/;
const NAMED = /(?:href|src)="(\/(?:static|kiosk)\/[^"]+)"/g;
/** A network that says nothing for so long is none. */
const PATIENCE_MILLISECONDS = 5000;

function get(address) {
  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(), PATIENCE_MILLISECONDS);
  return fetch(address, { cache: "no-cache", credentials: "omit", signal: giveUp.signal });
}

const addressOf = ({ url }) => url.slice(self.location.origin.length);

/** Keeps a page once all that it names is kept, and forgets what it named before. */
async function keep(path, answer) {
  const files = Array.from((await answer.clone().text()).matchAll(NAMED), ([, file]) => file);
  const cache = await caches.open(path);
  await Promise.all(files.map(async (file) => cache.put(file, await whole(await get(file)))));
  await cache.put(path, answer);
  const wanted = new Set([path, ...files]);
  const kept = await cache.keys();
  await Promise.all(kept.filter((one) => !wanted.has(addressOf(one))).map((one) => cache.delete(one)));
}

function whole(answer) {
  if (!answer.ok) {
    throw new TypeError(`${answer.url}: ${answer.status}`);
  }
  return answer;
}

/** Answers with what the network has; without one, or with one that fails, with what is kept. */
async function fresh(event, path) {
  try {
    const answer = await get(path);
    if (answer.ok && PAGE.test(path)) {
      event.waitUntil(keep(path, answer.clone()).catch(() => undefined));
    }
    return answer.status < 500 ? answer : ((await caches.match(path)) ?? answer);
  } catch (lost) {
    return (await caches.match(path)) ?? Response.error();
  }
}

/** A file's version stands in its address: what is kept of it never changes. */
const fixed = async (event, path) => (await caches.match(path)) ?? fresh(event, path);

function answer(event) {
  const { origin, pathname, searchParams } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) {
    return;
  }
  if (PAGE.test(pathname)) {
    event.respondWith(fresh(event, pathname));
  } else if (FILE.test(pathname)) {
    event.respondWith((searchParams.has("v") ? fixed : fresh)(event, addressOf(event.request)));
  }
}

/** The page asks to be kept: it was there before this worker. */
async function keepAsked(path) {
  if (PAGE.test(path)) {
    await keep(path, await whole(await get(path)));
  }
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", answer);
self.addEventListener("message", (event) => event.waitUntil(keepAsked(event.data).catch(() => undefined)));
