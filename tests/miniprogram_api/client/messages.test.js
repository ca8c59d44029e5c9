"use strict";

const assert = require("node:assert/strict");
const { describe, test } = require("node:test");

const { createClient, memoryStorage } = require("../../../miniprogram_api/client/index.js");
const { FakeServer, answers, succeeds } = require("./fakes.js");

const PATH = "/api/v1/subscriptions";
const template = (templateId, purpose, credits = 0, standing = false) => ({ templateId, purpose, credits, standing });

function clientOf(server, subscribe) {
  const options = { baseUrl: "https://union.test/", login: async () => "code", clock: () => 1000.25 };
  return createClient({ ...options, subscribe, transport: server.transport, storage: memoryStorage() });
}

describe("subscription messages", () => {
  test("asked for is what was wanted and is not granted", async () => {
    const server = new FakeServer();
    const items = [
      template("T1", "membership_review"),
      template("T2", "station_ticket", 1),
      template("T3", "event_reminder"),
      template("T4", "duty", 0, true),
    ];
    server.on(`GET ${PATH}`, succeeds({ items }));
    const wanted = await clientOf(server).messagesToAskFor(["membership_review", "station_ticket", "duty"]);
    assert.deepEqual(wanted, [items[0]]);
  });

  test("the popup's answers are reported under one name, and what was not shown is left out", async () => {
    const server = new FakeServer();
    server.on(`POST ${PATH}`, answers(200, { items: [] }));
    const asked = [];
    const client = clientOf(server, async (ids) => {
      asked.push(ids);
      return { errMsg: "requestSubscribeMessage:ok", T1: "accept", T2: "reject" };
    });
    assert.equal(await client.askForMessages([{ templateId: "T1" }, { templateId: "T2" }, { templateId: "T3" }]), 1);
    assert.deepEqual(asked, [["T1", "T2", "T3"]]);
    const [call] = server.callsOf("POST", PATH);
    const { reportId, answers: reported } = JSON.parse(call.body);
    assert.match(reportId, /^popup-[0-9a-z]+-[0-9a-z]+$/);
    assert.deepEqual(reported, [
      { templateId: "T1", answer: "accept" },
      { templateId: "T2", answer: "reject" },
    ]);
  });

  test("where the notice is agreed to by the same tap, the popup is first and the report waits for it", async () => {
    const server = new FakeServer();
    server.on(`POST ${PATH}`, answers(200, { items: [] }));
    const client = clientOf(server, async () => ({ T1: "accept", T2: "reject" }));
    const answered = await client.askFirst([{ templateId: "T1" }, { templateId: "T2" }]);
    assert.equal(server.calls.length, 0);
    assert.equal(await client.reportAnswers(answered), 1);
    assert.equal(server.callsOf("POST", PATH).length, 1);
    assert.equal(await client.reportAnswers([]), 0);
    assert.equal(server.callsOf("POST", PATH).length, 1);
  });

  test("a popup that WeChat did not show reports nothing", async () => {
    const server = new FakeServer();
    const client = clientOf(server, async () => {
      throw Object.assign(new Error("no tap"), { errCode: 20004 });
    });
    await assert.rejects(client.askForMessages([{ templateId: "T1" }]), /no tap/);
    assert.equal(server.calls.length, 0);
  });
});
