"use strict";

const assert = require("node:assert/strict");
const { describe, test } = require("node:test");

const { createClient, memoryStorage } = require("../../../miniprogram_api/client/index.js");
const { FakeServer, answers, refuses, succeeds } = require("./fakes.js");

const DEVICE = { name: "东门一号", organisation: "街道", stations: [] };
const CODE = "7K3Q-F2A9-XW1M";
const NAME = "installation-0001";
const SCAN = { scanId: "scan-00000001", code: "x", purpose: "identify" };

function deviceOf(server, { storage = memoryStorage(), code = CODE } = {}) {
  const login = async () => {
    if (code === null) {
      throw new Error("no code was typed");
    }
    return code;
  };
  const baseUrl = "https://union.test/";
  return createClient({ baseUrl, login, installation: NAME, transport: server.transport, storage, clock: () => 0 });
}

describe("a scanning device", () => {
  test("it enrols by its one-time code, and scans with its token after a new start", async () => {
    const server = new FakeServer();
    const storage = memoryStorage();
    server.on("POST /api/v1/devices", answers(201, { ...DEVICE, token: "device-1" }));
    server.on("POST /api/v1/scans", succeeds({}));
    assert.deepEqual((await deviceOf(server, { storage }).signIn()).name, DEVICE.name);
    assert.deepEqual(JSON.parse(server.calls[0].body), { code: CODE, installation: NAME });

    const again = deviceOf(server, { storage, code: null });
    assert.equal(again.heldToken(), "device-1");
    await again.scan(SCAN);
    assert.equal(server.calls[1].headers.Authorization, "Bearer device-1");
  });

  test("its token is renewed without a code", async () => {
    const server = new FakeServer();
    const device = deviceOf(server);
    server.on("POST /api/v1/devices", answers(201, { ...DEVICE, token: "device-1" }));
    server.on("POST /api/v1/devices/current/tokens", answers(201, { ...DEVICE, token: "device-2" }));
    await device.signIn();
    assert.equal((await device.renewDevice()).name, DEVICE.name);
    assert.equal(device.heldToken(), "device-2");
  });

  test("one that was revoked is told so, and does not enrol again by itself", async () => {
    const server = new FakeServer();
    const device = deviceOf(server);
    server.on("POST /api/v1/devices", answers(201, { ...DEVICE, token: "device-1" }));
    server.on("POST /api/v1/scans", refuses(401, "session_expired"));
    await device.signIn();
    await assert.rejects(device.scan(SCAN), { status: 401, code: "session_expired" });
    assert.equal(server.callsOf("POST", "/api/v1/devices").length, 1);
  });
});
