"use strict";

const assert = require("node:assert/strict");
const { describe, test } = require("node:test");

const { FakeServer, answers, foreignPage, makeSetting, noNetwork, refuses, succeeds } = require("./fakes.js");

const SCANS = "/api/v1/card/scans";
const SESSIONS = "/api/v1/sessions";

function tenCalls({ client }) {
  return Promise.allSettled(Array.from({ length: 10 }, () => client.cardScans()));
}

function guardedServer() {
  const server = new FakeServer();
  server.on(`GET ${SCANS}`, server.guarded(succeeds({ items: [], next: null })));
  return server;
}

describe("the session", () => {
  test("the first call logs in by itself, and the token is kept for the next start", async () => {
    const setting = makeSetting({ server: guardedServer() });
    await setting.client.cardScans();
    const again = makeSetting({ server: setting.server, storage: setting.storage });
    await again.client.cardScans();
    assert.deepEqual([setting.codes, again.codes, setting.server.opened], [1, 0, 1]);
    assert.equal(setting.server.callsOf("POST", SESSIONS)[0].body, '{"code":"code-1"}');
  });

  test("ten calls at once without a token make one login", async () => {
    const setting = makeSetting({ server: guardedServer() });
    const results = await tenCalls(setting);
    assert.ok(results.every(({ status }) => status === "fulfilled"));
    assert.equal(setting.server.opened, 1);
  });

  test("ten calls at once with an expired token make one login, and each is repeated once", async () => {
    const setting = makeSetting({ server: guardedServer() });
    await setting.client.signIn();
    setting.server.validToken = "another";
    const results = await tenCalls(setting);
    assert.ok(results.every(({ status }) => status === "fulfilled"));
    assert.equal(setting.server.opened, 2);
    assert.equal(setting.server.callsOf("GET", SCANS).length, 20);
  });

  test("a refusal that arrives after somebody else's login makes no second login", async () => {
    const server = guardedServer();
    const setting = makeSetting({ server });
    await setting.client.signIn();
    let late;
    const lateAnswer = new Promise((resolve) => {
      late = () => resolve(refuses(401, "session_expired")());
    });
    const guarded = server.guarded(succeeds({ items: [], next: null }));
    server.on(`GET ${SCANS}`, () => lateAnswer, guarded);
    server.validToken = "another";
    const first = setting.client.cardScans();
    await setting.client.cardScans();
    late();
    await first;
    assert.equal(server.opened, 2);
  });

  test("when the login fails all that wait for it fail with it, and the next call tries anew", async () => {
    const setting = makeSetting({ server: guardedServer() });
    await setting.client.signIn();
    setting.server.validToken = "another";
    setting.server.on(`POST ${SESSIONS}`, refuses(403, "login_blocked"));
    const results = await tenCalls(setting);
    assert.deepEqual(new Set(results.map(({ reason }) => reason.code)), new Set(["login_blocked"]));
    assert.equal(setting.server.callsOf("POST", SESSIONS).length, 2);

    setting.server.validToken = "token-9";
    setting.server.on(`POST ${SESSIONS}`, answers(201, { token: "token-9" }));
    await setting.client.cardScans();
  });

  test("a call that is refused again after a login is not repeated for ever", async () => {
    const setting = makeSetting();
    setting.server.on(`GET ${SCANS}`, refuses(401, "session_expired"));
    const refusal = { status: 401, code: "session_expired", requestId: "r-1" };
    await assert.rejects(setting.client.cardScans(), refusal);
    assert.equal(setting.server.callsOf("GET", SCANS).length, 2);
  });

  test("a login code that was used or is late is replaced once", async () => {
    const setting = makeSetting({ server: guardedServer() });
    setting.server.on(`POST ${SESSIONS}`, refuses(400, "login_code_invalid"));
    await assert.rejects(setting.client.signIn(), { code: "login_code_invalid" });
    const bodies = setting.server.callsOf("POST", SESSIONS).map(({ body }) => JSON.parse(body).code);
    assert.deepEqual(bodies, ["code-1", "code-2"]);
  });

  test("a login whose answer was lost takes a fresh code, because the first may be used", async () => {
    const setting = makeSetting();
    setting.server.on(`POST ${SESSIONS}`, noNetwork, answers(201, { token: "t" }));
    assert.deepEqual(await setting.client.signIn(), { token: "t" });
    assert.equal(setting.codes, 2);
  });

  test("WeChat's refusal to give a code is told as a failed login", async () => {
    const cause = { errMsg: "login:fail" };
    const setting = makeSetting({ login: () => Promise.reject(cause) });
    const failure = { name: "ApiError", status: 0, code: "login_failed", cause };
    await assert.rejects(setting.client.cardScans(), failure);
  });

  test("a session answer without a token is no login", async () => {
    const setting = makeSetting();
    setting.server.on(`POST ${SESSIONS}`, answers(201, {}), foreignPage(200), answers(204, null));
    for (let times = 0; times < 3; times += 1) {
      await assert.rejects(setting.client.signIn(), { name: "ApiError", code: "bad_answer" });
    }
  });

  test("a staff client asks for a staff session and keeps its token apart", async () => {
    const setting = makeSetting({ isStaff: true });
    await setting.client.signIn();
    assert.equal(setting.server.calls[0].body, '{"code":"code-1","staff":true}');
    assert.equal(setting.storage.get("unionStation.token"), null);
    assert.equal(setting.storage.get("unionStation.staffToken"), '"token-1"');
  });

  test("signing out forgets first, then ends the session", async () => {
    const setting = makeSetting();
    await setting.client.signIn();
    const isOver = refuses(401, "session_expired");
    setting.server.on("DELETE /api/v1/sessions/current", noNetwork, isOver, answers(204, null));
    await assert.rejects(setting.client.signOut(), { code: "network_failed" });
    assert.equal(setting.storage.get("unionStation.token"), null);
    await setting.client.signOut();
    assert.equal(setting.server.callsOf("DELETE", "/api/v1/sessions/current").length, 1);
    await setting.client.signIn();
    await setting.client.signOut();
    await setting.client.signIn();
    await setting.client.signOut();
    const last = setting.server.callsOf("DELETE", "/api/v1/sessions/current").pop();
    assert.equal(last.headers.Authorization, "Bearer token-3");
  });
});
