"use strict";

const assert = require("node:assert/strict");
const { describe, test } = require("node:test");

const vectors = require("../../vectors/card_codes.json");
const { FakeServer, START, answers, makeSetting, noNetwork, refuses, succeeds } = require("./fakes.js");

const SERIAL = "7K3QF2M9XA";
const rows = vectors.filter(({ serial, seedVersion }) => serial === SERIAL && seedVersion === 1);
const [noon] = rows;
const dayKeys = rows.map(({ day, dayKey }) => ({ day, key: dayKey }));
const FREE = { frozenFor: null, isHeld: false };
const CARD = { serial: SERIAL, state: "active", ...FREE, keyId: noon.keyId, seedVersion: 1, dayKeys };
const STATE = "PUT /api/v1/card/state";
const REISSUES = "POST /api/v1/card/reissues";

function cardServer(card = CARD) {
  const server = new FakeServer();
  server.on("GET /api/v1/card", () => succeeds(card)());
  return server;
}

async function settingWithCard(card = CARD) {
  const setting = makeSetting({ server: cardServer(card) });
  await setting.client.card();
  return setting;
}

describe("the code", () => {
  test("it is shown without a network after one fetch, at every vector's moment", async () => {
    const setting = await settingWithCard();
    setting.server.on("GET /api/v1/card", noNetwork);
    rows.forEach((row) => {
      setting.at = row.unixMilliseconds;
      const secondsLeft = Math.ceil((30000 - (row.unixMilliseconds % 30000)) / 1000);
      assert.deepEqual(setting.client.cardCode(), { text: row.code, reason: null, secondsLeft }, row.label);
    });
  });

  test("it is shown without a network after the program was started anew", async () => {
    const first = await settingWithCard();
    const again = makeSetting({ storage: first.storage });
    again.at = noon.unixMilliseconds;
    assert.equal(again.client.cardCode().text, noon.code);
    assert.equal(again.server.calls.length, 0);
    assert.deepEqual(again.client.keptCard(), CARD);
  });

  test("a failed fetch leaves the kept card", async () => {
    const setting = await settingWithCard();
    setting.server.on("GET /api/v1/card", noNetwork);
    await assert.rejects(setting.client.card(), { code: "network_failed" });
    assert.notEqual(setting.client.keptCard(), null);
  });

  test("a server that knows no card of this person ends the kept one", async () => {
    const setting = await settingWithCard();
    setting.server.on("GET /api/v1/card", refuses(404, "no_card"));
    await assert.rejects(setting.client.card(), { code: "no_card" });
    assert.deepEqual(setting.client.cardCode(), { text: null, reason: "no_card", secondsLeft: 30 });
  });

  test("without a card, or past its days, it says why there is none", async () => {
    assert.equal(makeSetting().client.cardCode().reason, "no_card");
    const setting = await settingWithCard();
    setting.at = Date.parse("2030-01-01T00:00:00+08:00");
    assert.deepEqual(setting.client.cardCode(), { text: null, reason: "no_day_key", secondsLeft: 30 });
  });

  test("signing out ends it", async () => {
    const setting = await settingWithCard();
    setting.server.on("DELETE /api/v1/sessions/current", answers(204, null));
    await setting.client.signOut();
    assert.equal(setting.client.cardCode().reason, "no_card");
  });
});

describe("freezing", () => {
  test("it ends the code here at once, and unfreezing fetches the keys again", async () => {
    const setting = await settingWithCard();
    setting.at = noon.unixMilliseconds;
    const [frozen, active] = ["frozen", "active"].map((state) => succeeds({ serial: SERIAL, state }));
    setting.server.on(STATE, frozen, active);
    assert.deepEqual(await setting.client.freezeCard(), { serial: SERIAL, state: "frozen" });
    assert.deepEqual(setting.client.cardCode(), { text: null, reason: "card_frozen", secondsLeft: 30 });
    assert.deepEqual(await setting.client.unfreezeCard(), CARD);
    assert.equal(setting.client.cardCode().text, noon.code);
    const bodies = setting.server.callsOf("PUT", "/api/v1/card/state").map(({ body }) => JSON.parse(body));
    assert.deepEqual(bodies, [{ state: "frozen" }, { state: "active" }]);
  });

  test("a loss is reported, which the phone remembers, and taken back", async () => {
    const setting = await settingWithCard();
    const lost = { serial: SERIAL, state: "frozen", frozenFor: "lost", isHeld: false };
    setting.server.on(STATE, succeeds(lost), succeeds({ serial: SERIAL, state: "active", ...FREE }));
    await setting.client.freezeCard("lost");
    assert.equal(setting.client.keptCard().frozenFor, "lost");
    assert.deepEqual(await setting.client.unfreezeCard("found"), CARD);
    assert.equal(setting.client.keptCard().frozenFor, null);
    const bodies = setting.server.callsOf("PUT", "/api/v1/card/state").map(({ body }) => JSON.parse(body));
    assert.deepEqual(bodies, [
      { state: "frozen", reason: "lost" },
      { state: "active", reason: "found" },
    ]);
  });

  test("a reissued card's new keys are kept, and a lost answer is asked for again under the same key", async () => {
    const setting = await settingWithCard();
    const anew = { ...CARD, seedVersion: 2, dayKeys: [dayKeys[1]] };
    setting.server.on(REISSUES, noNetwork, answers(201, anew));
    assert.deepEqual(await setting.client.reissueCard("stolen", "once"), anew);
    assert.deepEqual(setting.client.keptCard(), anew);
    const calls = setting.server.callsOf("POST", "/api/v1/card/reissues");
    assert.deepEqual(
      calls.map(({ headers, body }) => [headers["Idempotency-Key"], JSON.parse(body)]),
      [
        ["once", { reason: "stolen" }],
        ["once", { reason: "stolen" }],
      ]
    );
  });

  test("a freeze that failed changes nothing here", async () => {
    const setting = await settingWithCard();
    setting.at = noon.unixMilliseconds;
    setting.server.on(STATE, refuses(409, "card_revoked"));
    await assert.rejects(setting.client.freezeCard(), { code: "card_revoked" });
    assert.equal(setting.client.cardCode().text, noon.code);
  });

  test("it needs no kept card", async () => {
    const setting = makeSetting();
    setting.server.on(STATE, succeeds({ serial: SERIAL, state: "frozen" }));
    await setting.client.freezeCard();
    assert.equal(setting.client.keptCard(), null);
  });

  test("a revoked card shows no code", async () => {
    const setting = await settingWithCard(Object.assign({}, CARD, { state: "revoked", dayKeys: [] }));
    assert.equal(setting.client.cardCode().reason, "card_revoked");
  });
});

describe("a phone whose clock is wrong", () => {
  const ahead = 7 * 60000;

  test("it shows the right code by the server's time, after a new start too", async () => {
    const serverTime = "2026-07-15T12:00:00.250000+08:00";
    const setting = makeSetting({ server: cardServer(Object.assign({ serverTime }, CARD)) });
    setting.at = noon.unixMilliseconds + ahead;
    await setting.client.card();
    assert.equal(setting.client.now(), noon.unixMilliseconds + 250);
    assert.equal(setting.client.cardCode().text, noon.code);

    const again = makeSetting({ storage: setting.storage });
    again.at = noon.unixMilliseconds + ahead;
    assert.equal(again.client.cardCode().text, noon.code);
  });

  test("the time of an answer is that of the middle of its way", async () => {
    const setting = makeSetting();
    setting.server.on("GET /api/v1/stations", () => {
      setting.at += 4000;
      return succeeds({ serverTime: "2026-07-15T14:00:00+08:00" })();
    });
    await setting.client.stationsNear({});
    assert.equal(setting.client.now(), START + 2000);
  });

  test("the date header serves while no answer told the time, and no longer", async () => {
    const setting = makeSetting();
    const dated = { date: "Wed, 15 Jul 2026 05:00:00 GMT" };
    setting.server.on(
      "GET /api/v1/stations",
      answers(400, { code: "invalid_request", message: "" }, dated),
      succeeds({ serverTime: "2026-07-15T12:00:00+08:00" }),
      succeeds({}, dated)
    );
    await assert.rejects(setting.client.stationsNear({}), { status: 400 });
    assert.equal(setting.client.now(), Date.parse("2026-07-15T13:00:00.500+08:00"));
    await setting.client.stationsNear({});
    await setting.client.stationsNear({});
    assert.equal(setting.client.now(), Date.parse("2026-07-15T12:00:00+08:00"));
  });

  test("an offset of less than a second is not stored with every answer", async () => {
    const setting = makeSetting();
    setting.server.on("GET /api/v1/stations", succeeds({ serverTime: "2026-07-15T14:00:00.900+08:00" }));
    await setting.client.stationsNear({});
    assert.equal(setting.client.now(), START + 900);
    assert.equal(setting.storage.get("unionStation.clockOffset"), null);
  });
});
