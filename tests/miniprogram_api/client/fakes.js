"use strict";

/** A server, a clock and a person's pauses, all in memory, with failures that have names. */

const client = require("../../../miniprogram_api/client/index.js");

const START = Date.parse("2026-07-15T14:00:00+08:00");

/** Nothing comes back: a tunnel, a lift, a cut cable. */
function noNetwork() {
  throw new Error("no network");
}

function answers(status, body, headers = {}) {
  return () => ({ status, headers, text: body === null ? "" : JSON.stringify(body) });
}

function succeeds(body, headers) {
  return answers(200, body, headers);
}

function refuses(status, code, details = {}, headers = {}) {
  return answers(status, { code, message: "不行", details, requestId: "r-1" }, headers);
}

/** A hotspot's or a proxy's page instead of our answer. */
function foreignPage(status) {
  return () => ({ status, headers: {}, text: "<html>welcome</html>" });
}

/** A server that answers each route by the next of its steps, the last one for ever. */
class FakeServer {
  constructor() {
    this.calls = [];
    this.routes = new Map();
    this.validToken = null;
    this.opened = 0;
    this.on("POST /api/v1/sessions", () => {
      this.opened += 1;
      this.validToken = `token-${this.opened}`;
      return answers(201, { token: this.validToken })();
    });
    this.transport = async (call) => {
      this.calls.push(call);
      const steps = this.routes.get(`${call.method} ${new URL(call.url).pathname}`);
      const step = steps.length > 1 ? steps.shift() : steps[0];
      return step(call);
    };
  }

  on(route, ...steps) {
    this.routes.set(route, steps);
  }

  /** Answers 401 unless the call bears the token given out last. */
  guarded(step) {
    const refused = refuses(401, "session_expired");
    return (call) => (call.headers.Authorization === `Bearer ${this.validToken}` ? step : refused)(call);
  }

  callsOf(method, path) {
    return this.calls.filter((call) => call.method === method && new URL(call.url).pathname === path);
  }
}

/** Everything a client needs, and the client. */
function makeSetting({ server = new FakeServer(), storage = client.memoryStorage(), login, isStaff } = {}) {
  const setting = { server, storage, at: START, pauses: [], codes: 0 };
  setting.client = client.createClient({
    baseUrl: "https://union.test/",
    login:
      login ||
      (async () => {
        setting.codes += 1;
        return `code-${setting.codes}`;
      }),
    isStaff,
    transport: server.transport,
    storage,
    clock: () => setting.at,
    sleep: async (milliseconds) => {
      setting.pauses.push(milliseconds);
      setting.at += milliseconds;
    },
  });
  return setting;
}

module.exports = { START, FakeServer, makeSetting, noNetwork, answers, succeeds, refuses, foreignPage };
