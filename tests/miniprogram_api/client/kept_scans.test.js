"use strict";

const assert = require("node:assert/strict");
const { describe, test } = require("node:test");

const { memoryStorage } = require("../../../miniprogram_api/client/index.js");
const { START, FakeServer, answers, makeSetting, noNetwork, refuses, succeeds } = require("./fakes.js");

const ALONE = "/api/v1/scans";
const BATCH = "/api/v1/scans/batch";

const scanOf = (place) => ({
  scanId: `scan-${String(place).padStart(8, "0")}`,
  code: `CODE${place}`,
  purpose: "identify",
  scannedAt: new Date(START + place * 1000).toISOString(),
});
const scansOf = (count) => Array.from({ length: count }, (_, place) => scanOf(place));
const nameOf = ({ scanId }) => scanId;
const sentIn = (call) => JSON.parse(call.body).scans;

/** A server that stores a scan under its scanId, and answers the same scan by its first verdict. */
function makeLedger() {
  const ledger = { stored: new Map(), arrivals: 0 };
  ledger.take = ({ scanId }) => {
    ledger.arrivals += 1;
    if (!ledger.stored.has(scanId)) {
      ledger.stored.set(scanId, { scanId, outcome: "accepted", arrival: ledger.arrivals });
    }
    return { scanId, status: "stored", scan: ledger.stored.get(scanId) };
  };
  ledger.alone = (call) => answers(201, ledger.take(JSON.parse(call.body)).scan)();
  ledger.batch = (call) => succeeds({ items: sentIn(call).map(ledger.take) })();
  /** The scans arrive, and the answer does not. */
  ledger.loseAnswer = (call) => {
    ledger.batch(call);
    return noNetwork();
  };
  return ledger;
}

/** A scanner with its queue open; what it was told lies in `news`, by scan. */
function openScanner({ server = new FakeServer(), storage = memoryStorage() } = {}) {
  const setting = makeSetting({ server, storage, isStaff: true });
  const scanner = { ...setting, answers: new Map(), refusals: new Map(), failures: [], waiting: [] };
  scanner.queue = setting.client.openScanQueue({
    onAnswer: ({ scanId }, verdict) => {
      assert.ok(!scanner.answers.has(scanId), "a scan is answered once");
      scanner.answers.set(scanId, verdict);
    },
    onRefusal: ({ scanId }, { message }) => scanner.refusals.set(scanId, message),
    onFailure: ({ scanId }, { message }) => scanner.failures.push([scanId, message]),
    onWaiting: (count) => scanner.waiting.push(count),
  });
  scanner.batches = () => server.callsOf("POST", BATCH).map(sentIn);
  scanner.keys = () => storage.keys().filter((key) => key.includes("waiting"));
  return scanner;
}

/** A scanner that scanned some without a network. */
async function openOffline(count) {
  const scanner = openScanner();
  scanner.server.on(`POST ${ALONE}`, noNetwork);
  scanner.server.on(`POST ${BATCH}`, noNetwork);
  for (const scan of scansOf(count)) {
    await scanner.queue.add(scan);
  }
  scanner.server.calls.length = 0;
  return scanner;
}

describe("a fresh scan", () => {
  test("goes alone and at once, and nothing of it stays", async () => {
    const scanner = openScanner();
    scanner.server.on(`POST ${ALONE}`, makeLedger().alone);
    await scanner.queue.add(scanOf(1));
    assert.equal(scanner.answers.get(nameOf(scanOf(1))).outcome, "accepted");
    assert.deepEqual(JSON.parse(scanner.server.callsOf("POST", ALONE)[0].body), scanOf(1));
    assert.deepEqual([scanner.batches(), scanner.keys(), scanner.waiting], [[], [], [0]]);
  });

  test("is written down before it is sent", async () => {
    const scanner = openScanner();
    scanner.server.on(`POST ${ALONE}`, () => {
      assert.equal(scanner.keys().length, 1);
      return answers(201, {})();
    });
    await scanner.queue.add(scanOf(1));
    assert.equal(scanner.answers.size, 1);
  });

  test("that meets no network is not sent alone again: late it would be judged by its arrival", async () => {
    const scanner = openScanner();
    scanner.server.on(`POST ${ALONE}`, noNetwork, answers(201, {}));
    scanner.server.on(`POST ${BATCH}`, makeLedger().batch);
    await scanner.queue.add(scanOf(1));
    assert.equal(scanner.server.callsOf("POST", ALONE).length, 1);
    assert.deepEqual(scanner.batches(), [[scanOf(1)]]);
    assert.equal(scanner.answers.get(nameOf(scanOf(1))).outcome, "accepted");
  });

  test("goes alone also while others wait", async () => {
    const scanner = await openOffline(2);
    scanner.server.on(`POST ${ALONE}`, makeLedger().alone);
    await scanner.queue.add(scanOf(9));
    assert.deepEqual(Array.from(scanner.answers.keys()), [nameOf(scanOf(9))]);
    assert.deepEqual([scanner.batches(), scanner.keys().length], [[], 2]);
  });

  test("that the server will never take is told so, and forgotten", async () => {
    const scanner = openScanner();
    scanner.server.on(`POST ${ALONE}`, refuses(404, "station_not_found"));
    await scanner.queue.add(scanOf(1));
    assert.deepEqual(Array.from(scanner.refusals), [[nameOf(scanOf(1)), "不行"]]);
    assert.deepEqual(scanner.keys(), []);
  });

  for (const status of [401, 403, 429, 503]) {
    test(`that is answered ${status} waits`, async () => {
      const scanner = openScanner();
      scanner.server.on(`POST ${ALONE}`, refuses(status, "not_now"));
      await scanner.queue.add(scanOf(1));
      assert.deepEqual(scanner.failures, [[nameOf(scanOf(1)), "不行"]]);
      assert.deepEqual([scanner.batches(), scanner.keys().length, scanner.waiting], [[], 1, [1]]);
    });
  }
});

describe("scans that wait", () => {
  test("go in the order scanned, at most 500 at a time, and each gets its own result", async () => {
    const scanner = await openOffline(1100);
    const ledger = makeLedger();
    scanner.server.on(`POST ${BATCH}`, ledger.batch);
    await scanner.queue.upload();
    assert.deepEqual(scanner.batches().map(({ length }) => length), [500, 500, 100]);
    assert.deepEqual(scanner.batches().flat(), scansOf(1100));
    assert.deepEqual(Array.from(scanner.answers), Array.from(ledger.stored));
    assert.deepEqual([scanner.keys(), scanner.waiting[scanner.waiting.length - 1]], [[], 0]);
  });

  test("stay when the network is cut between two batches, and nothing is sent twice that was answered", async () => {
    const scanner = await openOffline(700);
    const ledger = makeLedger();
    scanner.server.on(`POST ${BATCH}`, ledger.batch, noNetwork, noNetwork, noNetwork, ledger.batch);
    await scanner.queue.upload();
    assert.deepEqual([scanner.answers.size, scanner.keys().length], [500, 200]);
    await scanner.queue.upload();
    assert.deepEqual(scanner.batches().pop(), scansOf(700).slice(500));
    assert.deepEqual([scanner.answers.size, ledger.arrivals, scanner.keys()], [700, 700, []]);
  });

  test("get their first answer when it was lost on the way", async () => {
    const scanner = await openOffline(3);
    const ledger = makeLedger();
    scanner.server.on(`POST ${BATCH}`, ledger.loseAnswer, noNetwork, noNetwork, ledger.batch);
    await scanner.queue.upload();
    assert.deepEqual([scanner.answers.size, scanner.keys().length], [0, 3]);
    await scanner.queue.upload();
    assert.deepEqual([ledger.stored.size, ledger.arrivals], [3, 6]);
    assert.deepEqual(Array.from(scanner.answers.values(), ({ arrival }) => arrival), [1, 2, 3]);
  });

  test("are not sent by a second upload while the first is under way", async () => {
    const scanner = await openOffline(3);
    scanner.server.on(`POST ${BATCH}`, makeLedger().batch);
    await Promise.all([scanner.queue.upload(), scanner.queue.upload()]);
    assert.equal(scanner.batches().length, 1);
  });

  test("that came to wait during an upload go right after it, all before them first", async () => {
    const scanner = await openOffline(2);
    const ledger = makeLedger();
    scanner.server.on(`POST ${BATCH}`, async (call) => {
      if (scanner.batches().length === 1) {
        await scanner.queue.add(scanOf(2));
      }
      return ledger.batch(call);
    });
    await scanner.queue.upload();
    assert.deepEqual(scanner.batches(), [scansOf(2), [scanOf(2)]]);
    assert.deepEqual([scanner.answers.size, scanner.keys()], [3, []]);
  });

  test("outlive the program, in the order scanned", async () => {
    const storage = memoryStorage();
    for (const place of [2, 0, 1]) {
      const { server, queue } = openScanner({ storage });
      server.on(`POST ${ALONE}`, noNetwork);
      server.on(`POST ${BATCH}`, noNetwork);
      await queue.add(scanOf(place));
    }
    const again = openScanner({ storage });
    again.server.on(`POST ${BATCH}`, makeLedger().batch);
    await again.queue.upload();
    assert.deepEqual([again.batches(), again.keys()], [[scansOf(3)], []]);
    assert.deepEqual(again.waiting, [3, 0]);
  });

  test("are rejected one by one, and one of too many typed numbers waits on", async () => {
    const scanner = await openOffline(3);
    const problem = (code) => ({ status: "rejected", problem: { code, message: code } });
    const items = [problem("place_not_allowed"), { status: "stored", scan: {} }, problem("too_many_requests")];
    scanner.failures.length = 0;
    scanner.server.on(`POST ${BATCH}`, succeeds({ items }));
    await scanner.queue.upload();
    const [first, second, third] = scansOf(3).map(nameOf);
    assert.deepEqual(Array.from(scanner.refusals), [[first, "place_not_allowed"]]);
    assert.deepEqual(Array.from(scanner.answers.keys()), [second]);
    assert.deepEqual([scanner.failures, scanner.keys().length], [[[third, "too_many_requests"]], 1]);
  });

  test("are all kept when the batch is refused as a whole", async () => {
    const scanner = await openOffline(501);
    scanner.server.on(`POST ${BATCH}`, refuses(400, "invalid_request"));
    await scanner.queue.upload();
    assert.deepEqual([scanner.keys().length, scanner.refusals.size, scanner.batches().length], [501, 0, 1]);
  });

  test("are kept when their result comes after the queue was closed", async () => {
    const scanner = await openOffline(2);
    const ledger = makeLedger();
    scanner.server.on(`POST ${BATCH}`, (call) => {
      scanner.queue.close();
      return ledger.batch(call);
    });
    await scanner.queue.upload();
    assert.deepEqual([scanner.answers.size, scanner.keys().length], [0, 2]);
    const again = openScanner({ storage: scanner.storage });
    again.server.on(`POST ${BATCH}`, ledger.batch);
    await again.queue.upload();
    assert.deepEqual([again.answers.size, ledger.stored.size, again.keys()], [2, 2, []]);
  });
});

describe("a storage", () => {
  test("that is full or forbidden stops no scan", async () => {
    const refused = () => {
      throw new Error("SecurityError");
    };
    const scanner = openScanner({ storage: { get: refused, set: refused, remove: refused, keys: refused } });
    scanner.server.on(`POST ${ALONE}`, noNetwork);
    scanner.server.on(`POST ${BATCH}`, makeLedger().batch);
    await scanner.queue.add(scanOf(1));
    assert.equal(scanner.answers.size, 1);
  });

  test("with a spoilt scan in it gives the others", async () => {
    const storage = memoryStorage();
    storage.set("unionStation.waiting.scan-x", "{");
    storage.set(`unionStation.waiting.${nameOf(scanOf(1))}`, JSON.stringify(scanOf(1)));
    const scanner = openScanner({ storage });
    scanner.server.on(`POST ${BATCH}`, makeLedger().batch);
    await scanner.queue.upload();
    assert.deepEqual(scanner.batches(), [[scanOf(1)]]);
  });
});
