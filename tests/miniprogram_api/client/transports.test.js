"use strict";

const assert = require("node:assert/strict");
const http = require("node:http");
const { afterEach, beforeEach, describe, test } = require("node:test");

const transports = require("../../../miniprogram_api/client/transports.js");

const { fetchTransport, pickTransport, wxTransport } = transports;

const URL_OF_CALL = "https://union.test/x";
const CALL = { method: "POST", url: URL_OF_CALL, headers: { A: "b" }, body: "{}", timeout: 10000 };

/** A mini program's `wx`, which answers every request in the same way. */
function makeWx(finish) {
  const wx = {
    requests: [],
    request: (options) => {
      wx.requests.push(options);
      finish(options);
    },
  };
  return wx;
}

describe("in a mini program", () => {
  test("any status is an answer, its header names in lower case, its text unparsed", async () => {
    const answer = { statusCode: 409, header: { "X-A": 1, Date: "d" }, data: "{}" };
    const wx = makeWx(({ success }) => success(answer));
    const read = await wxTransport(wx)(CALL);
    assert.deepEqual(read, { status: 409, headers: { "x-a": "1", date: "d" }, text: "{}" });
    const { url, method, header, data, timeout, dataType } = wx.requests[0];
    assert.deepEqual([url, method, header, data, timeout], [CALL.url, "POST", { A: "b" }, "{}", 10000]);
    assert.notEqual(dataType, "json");
  });

  test("a call without a body sends none", async () => {
    const wx = makeWx(({ success }) => success({ statusCode: 204, data: "" }));
    const call = Object.assign({}, CALL, { method: "GET", body: null });
    assert.deepEqual(await wxTransport(wx)(call), { status: 204, headers: {}, text: "" });
    assert.ok(!("data" in wx.requests[0]));
  });

  const failures = [
    ["a lost connection", { errno: 600000, errMsg: "request:fail" }, "network_failed"],
    ["going to the background", { errno: 600003, errMsg: "request:fail interrupted" }, "network_failed"],
    ["a time-out by number", { errno: 5, errMsg: "request:fail" }, "timed_out"],
    ["a time-out by its words", { errMsg: "request:fail timeout" }, "timed_out"],
  ];
  failures.forEach(([name, failure, code]) => {
    test(`${name} is ${code}`, async () => {
      const wx = makeWx(({ fail }) => fail(failure));
      await assert.rejects(wxTransport(wx)(CALL), { name: "ApiError", status: 0, code, cause: failure });
    });
  });
});

describe("with fetch", () => {
  let server;
  let answering;
  let url;

  beforeEach(async () => {
    server = http.createServer((request, response) => answering(request, response));
    await new Promise((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    url = `http://127.0.0.1:${server.address().port}/x`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });

  test("the picked transport sends and reads over a real connection", async () => {
    answering = (request, response) => {
      let body = "";
      request.on("data", (piece) => {
        body += piece;
      });
      request.on("end", () => {
        response.writeHead(409, { "X-Seen": `${request.method} ${request.headers.a} ${body}` });
        response.end('{"code":"no"}');
      });
    };
    const answer = await pickTransport()(Object.assign({}, CALL, { url }));
    assert.deepEqual([answer.status, answer.text], [409, '{"code":"no"}']);
    assert.equal(answer.headers["x-seen"], "POST b {}");
  });

  test("a server that does not answer in time is a time-out", async () => {
    answering = () => {};
    const call = { method: "GET", url, headers: {}, body: null, timeout: 30 };
    await assert.rejects(fetchTransport(fetch)(call), { status: 0, code: "timed_out" });
  });

  test("a body that stops half-way is a time-out too", async () => {
    answering = (request, response) => {
      response.writeHead(200, { "Content-Length": "100" });
      response.write("{");
    };
    const call = { method: "GET", url, headers: {}, body: null, timeout: 60 };
    await assert.rejects(fetchTransport(fetch)(call), { status: 0, code: "timed_out" });
  });

  test("a cut connection is a network failure", async () => {
    answering = (request) => request.socket.destroy();
    const call = { method: "GET", url, headers: {}, body: null, timeout: 10000 };
    await assert.rejects(fetchTransport(fetch)(call), { status: 0, code: "network_failed" });
  });
});
