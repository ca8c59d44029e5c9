"use strict";

const assert = require("node:assert/strict");
const { describe, test } = require("node:test");

const { answers, makeSetting, noNetwork, refuses, succeeds } = require("./fakes.js");

const STATIONS = "/api/v1/stations";
const SCAN = { scanId: "S1", code: "UC1…", purpose: "identify" };

function ofStations(...steps) {
  const setting = makeSetting();
  setting.server.on(`GET ${STATIONS}`, ...steps);
  setting.near = () => setting.client.stationsNear({ longitude: 113.3, latitude: 23.1, datum: "wgs84" });
  setting.sent = () => setting.server.callsOf("GET", STATIONS).length;
  return setting;
}

describe("a lost connection", () => {
  test("a GET is repeated twice and then succeeds", async () => {
    const setting = ofStations(noNetwork, noNetwork, succeeds({ items: [] }));
    assert.deepEqual(await setting.near(), { items: [] });
    assert.deepEqual(setting.pauses, [500, 2000]);
  });

  test("a GET is not repeated a third time", async () => {
    const setting = ofStations(noNetwork);
    await assert.rejects(setting.near(), { status: 0, code: "network_failed" });
    assert.equal(setting.sent(), 3);
  });

  test("a write without a key is sent once", async () => {
    const setting = makeSetting();
    setting.server.on("POST /api/v1/things", noNetwork);
    setting.server.on("PUT /api/v1/card/state", noNetwork);
    const post = setting.client.request("POST", "/api/v1/things", { body: {} });
    await assert.rejects(post, { code: "network_failed" });
    await assert.rejects(setting.client.freezeCard(), { code: "network_failed" });
    assert.equal(setting.server.callsOf("POST", "/api/v1/things").length, 1);
    assert.equal(setting.server.callsOf("PUT", "/api/v1/card/state").length, 1);
  });

  test("a write with an idempotency key is repeated under the same key", async () => {
    const setting = makeSetting();
    setting.server.on("POST /api/v1/things", noNetwork, answers(201, { id: "t" }));
    const options = { body: { a: 1 }, idempotencyKey: "K1" };
    assert.deepEqual(await setting.client.request("POST", "/api/v1/things", options), { id: "t" });
    const [first, second] = setting.server.callsOf("POST", "/api/v1/things");
    assert.equal(first.headers["Idempotency-Key"], "K1");
    assert.deepEqual(second, first);
  });

  test("a scan is repeated under its scanId", async () => {
    const setting = makeSetting();
    setting.server.on("POST /api/v1/scans", noNetwork, noNetwork, answers(201, { outcome: "accepted" }));
    assert.deepEqual(await setting.client.scan(SCAN), { outcome: "accepted" });
    const bodies = setting.server.callsOf("POST", "/api/v1/scans").map(({ body }) => body);
    assert.deepEqual(new Set(bodies), new Set([JSON.stringify(SCAN)]));
    assert.equal(bodies.length, 3);
  });
});

describe("a busy server", () => {
  test("a GET waits as long as the body or the header says", async () => {
    const setting = ofStations(
      refuses(503, "unavailable", { retryAfter: 2 }),
      refuses(429, "too_many_requests", {}, { "retry-after": "4" }),
      succeeds({})
    );
    await setting.near();
    assert.deepEqual(setting.pauses, [2000, 4000]);
  });

  test("a GET waits a second when nothing says how long", async () => {
    const setting = ofStations(refuses(503, "unavailable"), succeeds({}));
    await setting.near();
    assert.deepEqual(setting.pauses, [1000]);
  });

  test("a long wait is told instead of waited for", async () => {
    const setting = ofStations(refuses(429, "too_many_requests", { retryAfter: 60 }));
    await assert.rejects(setting.near(), { status: 429, details: { retryAfter: 60 } });
    assert.deepEqual([setting.sent(), setting.pauses], [1, []]);
  });

  test("a server that stays busy is asked three times in all, lost connections included", async () => {
    const setting = ofStations(refuses(503, "unavailable"), noNetwork, refuses(503, "unavailable"));
    await assert.rejects(setting.near(), { status: 503, code: "unavailable" });
    assert.equal(setting.sent(), 3);
  });

  test("a write is not repeated, even with a key", async () => {
    const setting = makeSetting();
    setting.server.on("POST /api/v1/scans", refuses(503, "unavailable", { retryAfter: 1 }));
    await assert.rejects(setting.client.scan(SCAN), { status: 503 });
    assert.equal(setting.server.callsOf("POST", "/api/v1/scans").length, 1);
  });

  test("other refusals are told at once", async () => {
    const setting = ofStations(refuses(400, "invalid_request", { field: "query.datum" }));
    await assert.rejects(setting.near(), { status: 400, details: { field: "query.datum" } });
    assert.equal(setting.sent(), 1);
  });
});

describe("the calls", () => {
  test("stations need no login and send no token", async () => {
    const setting = ofStations(succeeds({ items: [] }));
    const query = { longitude: 113.3, latitude: 23.1, datum: "gcj02", facilities: ["water", "power"] };
    await setting.client.stationsNear(query);
    setting.server.on(`GET ${STATIONS}/GZ%2F1`, succeeds({ code: "GZ/1" }));
    await setting.client.station("GZ/1");
    assert.equal(setting.codes, 0);
    assert.ok(setting.server.calls.every(({ headers }) => !("Authorization" in headers)));
    const [near] = setting.server.calls;
    assert.match(near.url, /\?longitude=113\.3&latitude=23\.1&datum=gcj02&facilities=water%2Cpower$/);
  });

  test("scans of the card are paged", async () => {
    const setting = makeSetting();
    setting.server.on("GET /api/v1/card/scans", succeeds({ items: [], next: null }));
    await setting.client.cardScans({ after: "2026-07-15T06:00:00+00:00:6Q", limit: 5 });
    const [call] = setting.server.callsOf("GET", "/api/v1/card/scans");
    assert.match(call.url, /\?after=2026-07-15T06%3A00%3A00%2B00%3A00%3A6Q&limit=5$/);
    assert.equal(call.headers.Authorization, "Bearer token-1");
  });

  test("kept scans go together with the clock's offset, and again when the network fails", async () => {
    const setting = makeSetting();
    const late = "2026-07-15T14:00:02.500+08:00";
    setting.server.on(`GET ${STATIONS}`, succeeds({ items: [], serverTime: late }));
    await setting.client.stationsNear({ longitude: 113.3, latitude: 23.1, datum: "gcj02" });
    setting.server.on("POST /api/v1/scans/batch", noNetwork, succeeds({ items: [] }));
    assert.deepEqual(await setting.client.scanBatch([SCAN]), { items: [] });
    const [first, second] = setting.server.callsOf("POST", "/api/v1/scans/batch");
    assert.deepEqual(JSON.parse(first.body), { scans: [SCAN], clockOffsetSeconds: 2.5 });
    assert.equal(second.body, first.body);
  });

  test("a scan is taken back with its reason", async () => {
    const setting = makeSetting();
    setting.server.on("DELETE /api/v1/scans/S1", succeeds({ scanId: "S1" }));
    await setting.client.undoScan("S1", "扫错人");
    const [call] = setting.server.callsOf("DELETE", "/api/v1/scans/S1");
    assert.equal(new URL(call.url).searchParams.get("reason"), "扫错人");
  });
});
