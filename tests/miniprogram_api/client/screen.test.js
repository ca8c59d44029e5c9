"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");

const { screenLinkAt } = require("../../../miniprogram_api/client/screen.js");
const { drawLinkQr } = require("../../../miniprogram_api/client/qr.js");

const VECTORS = JSON.parse(fs.readFileSync(path.join(__dirname, "../../vectors/screen_codes.json"), "utf8"));

VECTORS.forEach((vector) => {
  test(`${vector.station} ${vector.version}: ${vector.label}`, () => {
    const dayKeys = [{ day: vector.day, key: vector.dayKey }];
    const link = `https://station.example.org/s/${vector.station}`;
    const { text, reason } = screenLinkAt({ link, dayKeys, now: vector.unixMilliseconds });
    assert.equal(reason, null);
    assert.equal(text, `${link}?k=${vector.code}`);
  });
});

test("a day without a key has no link", () => {
  const dayKeys = [{ day: "2026-07-15", key: VECTORS[0].dayKey }];
  const now = Date.parse("2026-07-16T00:00:00+08:00");
  assert.deepEqual(screenLinkAt({ link: "https://x/s/4E8M0R2T", dayKeys, now }), {
    text: null,
    reason: "no_day_key",
  });
});

test("a link is a square of 37 modules, and a longer one is refused", () => {
  const matrix = drawLinkQr("x".repeat(106));
  assert.equal(matrix.length, 37);
  assert.ok(matrix.every((modules) => modules.length === 37 && modules.every((one) => typeof one === "boolean")));
  assert.throws(() => drawLinkQr("x".repeat(107)), RangeError);
  assert.throws(() => drawLinkQr("https://驿站"), RangeError);
});
