"use strict";

const assert = require("node:assert/strict");
const { describe, test } = require("node:test");

const { memoryStorage } = require("../../../miniprogram_api/client/index.js");
const { FakeServer, answers, makeSetting, noNetwork, refuses } = require("./fakes.js");

const VISITS = "/api/v1/stations/4E8M0R2T/check-ins";
const REPORTS = "/api/v1/stations/4E8M0R2T/reports";
const RATING = "/api/v1/stations/4E8M0R2T/ratings/mine";
const PHOTO = "/api/v1/reports/5f3c/photo";
const DONE = { message: "签到成功", again: false };

const bodiesOf = (server, path) => server.callsOf("POST", path).map(({ body }) => JSON.parse(body));

describe("a check-in", () => {
  test("it bears the login, the device's name and the proof of presence", async () => {
    const { server, client } = makeSetting();
    server.on(`POST ${VISITS}`, answers(201, DONE));
    const position = { longitude: 113.62, latitude: 34.75, datum: "gcj02" };
    assert.deepEqual(await client.checkIn("4E8M0R2T", { worker: "parcel", position }), DONE);
    const [call] = server.callsOf("POST", VISITS);
    const { device, ...rest } = JSON.parse(call.body);
    assert.equal(call.headers.Authorization, "Bearer token-1");
    assert.match(device, /^[0-9a-z]{24}$/);
    assert.deepEqual(rest, { worker: "parcel", position });
  });

  test("a device keeps its name over a new start, and another has another", async () => {
    const server = new FakeServer();
    const storage = memoryStorage();
    server.on(`POST ${VISITS}`, answers(201, DONE));
    await makeSetting({ server, storage }).client.checkIn("4E8M0R2T");
    await makeSetting({ server, storage }).client.checkIn("4E8M0R2T");
    await makeSetting({ server }).client.checkIn("4E8M0R2T");
    const [first, second, other] = bodiesOf(server, VISITS).map(({ device }) => device);
    assert.equal(first, second);
    assert.notEqual(first, other);
  });

  test("a refusal says what to do next, and a lost connection is told", async () => {
    const { server, client } = makeSetting();
    const nextStep = "走近驿站再试";
    server.on(`POST ${VISITS}`, refuses(409, "too_far", { metres: 900, nextStep }), noNetwork);
    await assert.rejects(client.checkIn("4E8M0R2T"), { code: "too_far", details: { metres: 900, nextStep } });
    await assert.rejects(client.checkIn("4E8M0R2T"), { status: 0, code: "network_failed" });
    assert.equal(server.callsOf("POST", VISITS).length, 2);
  });
});

describe("a rating", () => {
  test("it is a number by the login", async () => {
    const { server, client } = makeSetting();
    const done = { station: "4E8M0R2T", stars: 4, message: "谢谢，已评 4 分" };
    server.on(`PUT ${RATING}`, answers(200, done));
    assert.deepEqual(await client.rate("4E8M0R2T", 4), done);
    const [call] = server.callsOf("PUT", RATING);
    assert.equal(call.headers.Authorization, "Bearer token-1");
    assert.deepEqual(JSON.parse(call.body), { stars: 4 });
  });

  test("without a visit by name the refusal says what to do next", async () => {
    const { server, client } = makeSetting();
    const nextStep = "到驿站签到后再评分";
    server.on(`PUT ${RATING}`, refuses(409, "visit_required", { nextStep }));
    await assert.rejects(client.rate("4E8M0R2T", 5), { code: "visit_required", details: { nextStep } });
  });
});

describe("a report", () => {
  test("it says what is wrong, and its photo goes by the same device", async () => {
    const { server, client } = makeSetting();
    server.on(`POST ${REPORTS}`, answers(201, { report: "5f3c" }));
    server.on(`PUT ${PHOTO}`, answers(200, { report: "5f3c" }));
    const { report } = await client.report("4E8M0R2T", { problem: "locked", words: "铁链锁着" });
    const content = new ArrayBuffer(3);
    assert.deepEqual(await client.reportPhoto(report, { type: "image/jpeg", content }), { report });
    const [{ device, ...said }] = bodiesOf(server, REPORTS);
    assert.deepEqual(said, { problem: "locked", words: "铁链锁着" });
    const [sent] = server.callsOf("PUT", PHOTO);
    assert.equal(new URL(sent.url).searchParams.get("device"), device);
    assert.equal(sent.headers["Content-Type"], "image/jpeg");
    assert.equal(sent.body, content);
  });
});
