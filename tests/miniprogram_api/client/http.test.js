"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");

const { createHttp, createQueue, refusalOf } = require("../../../miniprogram_api/client/http.js");
const { answers, foreignPage, noNetwork, refuses } = require("./fakes.js");

/** A task that ends when it is told to. */
function makeTask(started) {
  const task = () =>
    new Promise((resolve, reject) => {
      started.push(task);
      task.resolve = resolve;
      task.reject = reject;
    });
  return task;
}

function makeHttp(step) {
  const calls = [];
  const transport = async (call) => {
    calls.push(call);
    return step(call);
  };
  return { calls, send: createHttp({ baseUrl: "https://union.test/", transport, clock: () => 7 }) };
}

test("an upload goes out as it is, under its own type", async () => {
  const { calls, send } = makeHttp(answers(200, {}));
  const content = new Uint8Array([255, 216, 255]).buffer;
  await send({ method: "POST", path: "/picture", upload: { type: "image/jpeg", content } });
  assert.equal(calls[0].body, content);
  assert.equal(calls[0].headers["Content-Type"], "image/jpeg");
});

test("a queue runs eight at once and the others in order", async () => {
  const started = [];
  const enqueue = createQueue(8);
  const tasks = Array.from({ length: 20 }, () => makeTask(started));
  const results = tasks.map((task, at) => enqueue(task).then(() => at));
  for (let done = 0; done < 20; done += 1) {
    assert.deepEqual(started, tasks.slice(0, Math.min(20, done + 8)));
    tasks[done].resolve();
    await results[done];
  }
  assert.deepEqual(await Promise.all(results), Array.from({ length: 20 }, (_, at) => at));
});

test("a task that fails makes room for the next", async () => {
  const started = [];
  const enqueue = createQueue(1);
  const tasks = [makeTask(started), makeTask(started)];
  const [failing, following] = tasks.map((task) => enqueue(task));
  tasks[0].reject(new Error("broken"));
  await assert.rejects(failing, /broken/);
  tasks[1].resolve("fine");
  assert.equal(await following, "fine");
});

test("a client never has more than eight exchanges under way", async () => {
  const waiting = [];
  let most = 0;
  const { send } = makeHttp(
    () =>
      new Promise((resolve) => {
        waiting.push(() => resolve(answers(204, null)()));
        most = Math.max(most, waiting.length);
      })
  );
  const results = Array.from({ length: 30 }, () => send({ method: "GET", path: "/" }));
  for (let done = 0; done < 30; done += 1) {
    waiting.shift()();
    await Promise.race(results.splice(0, 1));
  }
  assert.equal(most, 8);
});

test("a call is JSON, has its query spelled out and ten seconds", async () => {
  const { calls, send } = makeHttp(answers(201, { id: "x" }));
  const query = { name: "工会 & 驿站", facilities: ["water", "rest"], absent: undefined, nothing: null, none: [], zero: 0 };
  const answer = await send({ method: "POST", path: "/api", query, body: { a: 1 }, headers: { X: "y" } });
  assert.deepEqual(answer, { status: 201, headers: {}, body: { id: "x" }, sentAt: 7, receivedAt: 7 });
  assert.deepEqual(calls, [
    {
      method: "POST",
      url:
        "https://union.test/api?name=%E5%B7%A5%E4%BC%9A%20%26%20%E9%A9%BF%E7%AB%99" +
        "&facilities=water%2Crest&zero=0",
      headers: { Accept: "application/json", "Content-Type": "application/json", X: "y" },
      body: '{"a":1}',
      timeout: 10000,
    },
  ]);
});

test("a call without a body names no content type", async () => {
  const { calls, send } = makeHttp(answers(204, null));
  assert.equal((await send({ method: "DELETE", path: "/x" })).body, null);
  assert.deepEqual(calls[0].headers, { Accept: "application/json" });
  assert.equal(calls[0].body, null);
});

test("a method that mini programs lack is refused before it is sent", async () => {
  const { calls, send } = makeHttp(answers(200, {}));
  await assert.rejects(send({ method: "PATCH", path: "/" }), TypeError);
  assert.equal(calls.length, 0);
});

test("a transport's own failure becomes a network failure with its cause", async () => {
  const { send } = makeHttp(noNetwork);
  await assert.rejects(send({ method: "GET", path: "/" }), (error) => {
    assert.deepEqual([error.name, error.status, error.code], ["ApiError", 0, "network_failed"]);
    assert.equal(error.cause.message, "no network");
    return true;
  });
});

test("a hotspot's page under status 200 is no success", async () => {
  const { send } = makeHttp(foreignPage(200));
  await assert.rejects(send({ method: "GET", path: "/" }), { status: 200, code: "bad_answer" });
});

test("a proxy's page under status 502 is an error with words for the person", async () => {
  const { send } = makeHttp(foreignPage(502));
  const error = refusalOf(await send({ method: "GET", path: "/" }));
  assert.deepEqual([error.status, error.code, error.message], [502, "bad_answer", "服务暂时不可用，请稍后再试"]);
});

test("a refusal keeps the server's code, words, details and request id", async () => {
  const { send } = makeHttp(refuses(409, "already_claimed", { at: "noon" }));
  const error = refusalOf(await send({ method: "GET", path: "/" }));
  assert.ok(error instanceof Error);
  assert.deepEqual(
    [error.status, error.code, error.message, error.details, error.requestId],
    [409, "already_claimed", "不行", { at: "noon" }, "r-1"]
  );
});

test("when to come back is taken from the body, else from the header's seconds", async () => {
  const told = async (details, headers) => {
    const { send } = makeHttp(refuses(503, "unavailable", details, headers));
    return refusalOf(await send({ method: "GET", path: "/" })).details.retryAfter;
  };
  assert.equal(await told({ retryAfter: 3 }, { "retry-after": "9" }), 3);
  assert.equal(await told({}, { "retry-after": "9" }), 9);
  assert.equal(await told({}, { "retry-after": "Wed, 15 Jul 2026 06:00:00 GMT" }), undefined);
  assert.equal(await told({}, {}), undefined);
});
