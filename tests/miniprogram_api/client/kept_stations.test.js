"use strict";

const assert = require("node:assert/strict");
const { describe, test } = require("node:test");

const { file, questions, marks, opened, setBacks, marked } = require("../../vectors/district_stations.json");
const asking = require("../../vectors/station_questions.json");
const { ApiError } = require("../../../miniprogram_api/client/index.js");
const { readMoment } = require("../../../miniprogram_api/client/moments.js");
const { FakeServer, answers, makeSetting, noNetwork, refuses, succeeds } = require("./fakes.js");

const PATH = `/api/v1/districts/${encodeURIComponent(file.district)}/stations`;
const ROUTE = `GET ${PATH}`;

function serving(...steps) {
  const server = new FakeServer();
  server.on(ROUTE, ...steps);
  return server;
}

async function settingWithDistrict(storage, served = file) {
  const setting = makeSetting({ server: serving(succeeds(served)), storage });
  await setting.client.keepDistrict(file.district);
  setting.server.on(ROUTE, noNetwork);
  return setting;
}

const LOCAL_START = "2026-07-15T14:00:00+08:00";
const DAY = 24 * 3600000;

/** Of another moment than now only the minute counts. */
const isWholeMinute = ({ unixMilliseconds }) => unixMilliseconds % 60000 === 0;

const short = ({ code, distanceMetres, open: { state, until, opensAt }, mark }) => ({
  code,
  distanceMetres,
  state,
  until,
  opensAt,
  problem: mark === null ? null : mark.problem,
});

/** The file as two parts, every other station in each. */
function halves(version) {
  return [0, 1].map((half) => {
    const part = Object.assign({}, file, { version, part: half + 1, parts: 2 });
    ["codes", "names", "addresses", "longitudes", "latitudes", "scheduleOf", "facilities", "kinds", "setBacks"].forEach((name) => {
      part[name] = file[name].filter((_, place) => place % 2 === half);
    });
    return part;
  });
}

/** Answers with the part that is asked for, of the editions in turn. */
function inParts(...editions) {
  return (call) => {
    const part = Number(new URL(call.url).searchParams.get("part") || 1);
    const parts = part === 1 && editions.length > 1 ? editions.shift() : editions[0];
    return succeeds(parts[part - 1])();
  };
}

describe("stations without a network", () => {
  test("they are those of every vector", async () => {
    const setting = await settingWithDistrict();
    questions.forEach(({ at, unixMilliseconds, wanted, found }) => {
      setting.at = unixMilliseconds;
      assert.deepEqual(setting.client.keptStationsNear(wanted).items.map(short), found, at);
    });
    questions.filter(isWholeMinute).forEach(({ at, unixMilliseconds, wanted, found }) => {
      setting.at = unixMilliseconds - DAY;
      assert.deepEqual(setting.client.keptStationsNear(Object.assign({ at }, wanted)).items.map(short), found, at);
    });
  });

  test("another moment without an offset is that of Asia/Shanghai, to the minute, whatever the phone's zone", async () => {
    const setting = await settingWithDistrict();
    const zone = process.env.TZ;
    try {
      ["America/New_York", "Asia/Shanghai"].forEach((there) => {
        process.env.TZ = there;
        // One question of each moment.
        questions.filter(({ at }, place) => place === 0 || at !== questions[place - 1].at).filter(isWholeMinute).forEach(({ at, unixMilliseconds, wanted, found }) => {
          setting.at = unixMilliseconds - DAY;
          const local = at.slice(0, "2026-09-28T10:00".length);
          [local, `${local}:59.999`, local.replace("T", " "), local.replace(/[-:]/g, "")].forEach((written) => {
            const { items } = setting.client.keptStationsNear(Object.assign({ at: written }, wanted));
            assert.deepEqual(items.map(short), found, `${written} in ${there}`);
          });
        });
      });
    } finally {
      if (zone === undefined) {
        delete process.env.TZ;
      } else {
        process.env.TZ = zone;
      }
    }
  });

  test("those that are set back or opened rank and are marked as in every vector, and only now", async () => {
    const setting = await settingWithDistrict(undefined, Object.assign({}, file, { marks, opened, setBacks }));
    marked.forEach(({ at, unixMilliseconds, wanted, found }) => {
      setting.at = unixMilliseconds;
      assert.deepEqual(setting.client.keptStationsNear(wanted).items.map(short), found, at);
    });
    questions.filter(isWholeMinute).forEach(({ at, unixMilliseconds, wanted, found }) => {
      setting.at = unixMilliseconds - DAY;
      assert.deepEqual(setting.client.keptStationsNear(Object.assign({ at }, wanted)).items.map(short), found, at);
    });
  });

  test("a file that an earlier edition kept has no marks", async () => {
    const earlier = Object.assign({}, file);
    delete earlier.marks;
    delete earlier.opened;
    delete earlier.setBacks;
    const setting = await settingWithDistrict(undefined, earlier);
    const [{ unixMilliseconds, wanted, found }] = questions;
    setting.at = unixMilliseconds;
    assert.deepEqual(setting.client.keptStationsNear(wanted).items.map(short), found);
  });

  test("they are there after the program was started anew", async () => {
    const { storage } = await settingWithDistrict();
    const { at, wanted, found } = questions[0];
    const again = makeSetting({ server: serving(noNetwork), storage });
    again.at = Date.parse(at);
    const { items } = again.client.keptStationsNear(Object.assign({ at }, wanted));
    assert.deepEqual(items.map(short), found);
    assert.deepEqual(again.client.keptDistricts(), [
      { district: "东区", version: file.version, parts: 1, stations: 10, since: file.since, days: 14, keptAt: LOCAL_START },
    ]);
  });

  test("an answer has the form of the one online", async () => {
    const setting = await settingWithDistrict();
    setting.at = Date.parse("2026-09-28T10:00:00+08:00");
    const [first] = setting.client.keptStationsNear({ longitude: 113.62, latitude: 34.75, datum: "gcj02" }).items;
    assert.deepEqual(first, {
      code: "00000008",
      name: "驿站00000008",
      address: "东街7号",
      position: { longitude: file.longitudes[7], latitude: file.latitudes[7], datum: "gcj02" },
      kind: null,
      hours: "每天 08:00-12:00,13:00-20:00",
      facilities: ["nursing"],
      distanceMetres: 78,
      open: {
        state: "open",
        until: "2026-09-28T12:00:00+08:00",
        opensAt: "2026-09-28T13:00:00+08:00",
        reason: null,
      },
      mark: null,
    });
  });

  test("on days that the file does not tell, nothing is called open", async () => {
    const setting = await settingWithDistrict();
    const wanted = { longitude: 113.62, latitude: 34.75, datum: "gcj02" };
    ["2026-09-27T23:59:59+08:00", "2026-10-12T00:00:00+08:00"].forEach((at) => {
      setting.at = Date.parse(at);
      const { items } = setting.client.keptStationsNear(Object.assign({ at }, wanted));
      assert.equal(items.length, 9);
      assert.ok(items.every(({ open }) => open.state === "unknown"));
    });
  });

  test("it is told when the oldest of what is shown was kept", async () => {
    const setting = await settingWithDistrict();
    const west = Object.assign({}, file, { district: "西区", longitudes: file.longitudes.map((one) => one + 1) });
    setting.server.on(`GET /api/v1/districts/${encodeURIComponent("西区")}/stations`, succeeds(west));
    setting.at += DAY;
    await setting.client.keepDistrict("西区");
    const keptAt = (longitude, radius) =>
      setting.client.keptStationsNear({ longitude, latitude: 34.75, datum: "gcj02", radius, limit: 100 }).keptAt;
    assert.equal(keptAt(113.62, 5000), LOCAL_START);
    assert.equal(keptAt(114.62, 5000), "2026-07-16T14:00:00+08:00");
    assert.equal(keptAt(114.12, 50000), LOCAL_START);
    assert.equal(keptAt(120, 5000), null);
  });

  test("without a kept district there are none", () => {
    const { client } = makeSetting();
    const { items } = client.keptStationsNear({ longitude: 113.62, latitude: 34.75, datum: "gcj02" });
    assert.deepEqual([items, client.keptDistricts()], [[], []]);
  });
});

describe("a question without a network", () => {
  test("every right one of the vectors is answered", async () => {
    const setting = await settingWithDistrict();
    setting.at = asking.unixMilliseconds;
    asking.right.forEach((wanted) => {
      assert.ok(Array.isArray(setting.client.keptStationsNear(wanted).items), JSON.stringify(wanted));
    });
  });

  test("every wrong one of the vectors is refused in the server's words, with or without a kept district", async () => {
    for (const setting of [await settingWithDistrict(), makeSetting()]) {
      setting.at = asking.unixMilliseconds;
      asking.wrong.forEach(({ wanted, code, message, field }) => {
        assert.throws(
          () => setting.client.keptStationsNear(wanted),
          (error) => {
            assert.ok(error instanceof ApiError, error);
            assert.deepEqual([error.status, error.code, error.message], [400, code, message], JSON.stringify(wanted));
            assert.equal(error.details.field, field === null ? undefined : field);
            return true;
          }
        );
      });
    }
  });

  test("coordinates that are swapped are told so", () => {
    const wanted = { longitude: 34.75, latitude: 113.62, datum: "gcj02" };
    assert.throws(() => makeSetting().client.keptStationsNear(wanted), { details: { swapped: true } });
  });

  test("a position that is no number is refused", () => {
    const wanted = { longitude: NaN, latitude: 34.75, datum: "gcj02" };
    assert.throws(() => makeSetting().client.keptStationsNear(wanted), { code: "invalid_request" });
  });

  test("a name and a further page need the network", async () => {
    const { client } = await settingWithDistrict();
    const wanted = { longitude: 113.62, latitude: 34.75, datum: "gcj02" };
    [{ near: "杜岭街" }, Object.assign({ after: "0.320.4E8M0R2T.1784095205000" }, wanted)].forEach((asked) => {
      assert.throws(() => client.keptStationsNear(asked), { status: 0, code: "network_failed" });
    });
  });

  test("every moment of the vectors is read as the server reads it", () => {
    asking.moments.forEach(({ at, unixMilliseconds }) => assert.equal(readMoment(at), unixMilliseconds, at));
  });
});

describe("keeping a district", () => {
  test("what has not changed is not sent again", async () => {
    const setting = await settingWithDistrict();
    setting.server.on(ROUTE, answers(304, null));
    setting.at += 3600000;
    const kept = await setting.client.keepDistrict(file.district);
    assert.equal(kept.version, file.version);
    assert.equal(kept.keptAt, "2026-07-15T15:00:00+08:00");
    assert.deepEqual(setting.client.keptDistricts(), [kept]);
    const [, call] = setting.server.callsOf("GET", PATH);
    assert.equal(call.headers["If-None-Match"], `W/"${file.version}"`);
    assert.equal(setting.client.keptDistricts().length, 1);
  });

  test("a lost network leaves what was kept", async () => {
    const setting = await settingWithDistrict();
    await assert.rejects(setting.client.keepDistrict(file.district), { code: "network_failed" });
    assert.equal(setting.client.keptDistricts().length, 1);
  });

  test("a refusal is told and leaves what was kept", async () => {
    const setting = await settingWithDistrict();
    setting.server.on(ROUTE, refuses(404, "district_not_found"));
    await assert.rejects(setting.client.keepDistrict(file.district), { code: "district_not_found" });
    assert.equal(setting.client.keptDistricts().length, 1);
  });

  test("the parts of a large one are one", async () => {
    const setting = makeSetting({ server: serving(inParts(halves("a"))) });
    const kept = await setting.client.keepDistrict(file.district);
    assert.deepEqual([kept.parts, kept.stations], [2, 10]);
    const { at, wanted, found } = questions[0];
    setting.at = Date.parse(at);
    const { items } = setting.client.keptStationsNear(Object.assign({ at }, wanted));
    assert.deepEqual(items.map(short), found);
  });

  test("parts of two editions are not mixed", async () => {
    const setting = makeSetting({ server: serving(inParts(halves("a"), halves("b"))) });
    setting.server.on(ROUTE, (call) => {
      const part = Number(new URL(call.url).searchParams.get("part") || 1);
      const version = setting.server.callsOf("GET", PATH).length === 1 ? "a" : "b";
      return succeeds(halves(version)[part - 1])();
    });
    assert.equal((await setting.client.keepDistrict(file.district)).version, "b");
    assert.equal(setting.client.keptDistricts().length, 1);
  });

  test("a district of which the storage lost a part is not shown in half", async () => {
    const setting = makeSetting({ server: serving(inParts(halves("a"))) });
    await setting.client.keepDistrict(file.district);
    setting.storage.remove(`unionStation.district.${file.district}.2`);
    const again = makeSetting({ server: setting.server, storage: setting.storage });
    assert.deepEqual(again.client.keptDistricts(), []);
    const { at, wanted, found } = questions[0];
    again.at = Date.parse(at);
    assert.deepEqual(again.client.keptStationsNear(Object.assign({ at }, wanted)).items, []);
    assert.equal((await again.client.keepDistrict(file.district)).stations, 10);
    const { items } = again.client.keptStationsNear(Object.assign({ at }, wanted));
    assert.deepEqual(items.map(short), found);
  });

  test("one that is forgotten is gone from the storage too", async () => {
    const setting = await settingWithDistrict();
    setting.client.forgetDistrict(file.district);
    assert.deepEqual(setting.client.keptDistricts(), []);
    assert.equal(setting.storage.get(`unionStation.district.${file.district}.1`), null);
  });
});
