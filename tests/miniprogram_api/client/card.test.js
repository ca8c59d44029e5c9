"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");

const card = require("../../../miniprogram_api/client/card.js");
const vectors = require("../../vectors/card_codes.json");

const NOON = Date.parse("2026-07-15T12:00:00+08:00");
const STEP = 30000;

function hourOf(row) {
  return `${row.day}T${String(row.hour).padStart(2, "0")}`;
}

function shown(row, now = row.unixMilliseconds, chains = undefined) {
  const dayKeys = [{ day: "2020-01-01", key: "AAAA" }, { day: row.day, key: row.dayKey }];
  return card.codeAt({ keyId: row.keyId, serial: row.serial, dayKeys, now, chains });
}

/** The vector of noon, the code that its card shows a number of steps away, and its roster's entry. */
const SERIAL = "7K3QF2M9XA";
const row = vectors.find(({ unixMilliseconds, serial }) => unixMilliseconds === NOON && serial === SERIAL);
const entry = { serial: row.serial, anchors: { [hourOf(row)]: row.anchor } };
const MIDDLE = NOON + 60 * STEP;

function judged(steps, now = MIDDLE) {
  return card.checkAgainstAnchor(shown(row, now + steps * STEP).text, entry, now);
}

test("every code equals its vector", () => {
  vectors.forEach((vector) => {
    assert.deepEqual(shown(vector), { text: vector.code, reason: null }, vector.label);
  });
});

test("every vector's code meets its anchor, in either case", () => {
  vectors.forEach((vector) => {
    const roster = { serial: vector.serial, anchors: { [hourOf(vector)]: vector.anchor } };
    [vector.code, ` ${vector.code.toLowerCase()}\n`].forEach((text) => {
      const verdict = card.checkAgainstAnchor(text, roster, vector.unixMilliseconds);
      assert.deepEqual(verdict, { verdict: "accepted", reason: null, skewSeconds: 0 }, vector.label);
    });
  });
});

test("every vector's code is read back into its parts", () => {
  vectors.forEach((vector) => {
    const { keyId, serial, step, link } = card.parseCode(vector.code);
    assert.deepEqual([keyId, serial, step], [vector.keyId, vector.serial, vector.step]);
    assert.equal(Buffer.from(link).toString("base64url"), vector.link);
  });
});

test("a remembered chain gives the same codes through an hour and into the next", () => {
  const chains = card.createChains();
  for (let now = NOON; now < NOON + 125 * STEP; now += STEP) {
    assert.deepEqual(shown(row, now, chains), shown(row, now));
  }
});

test("a remembered chain is hashed once an hour", () => {
  const chains = card.createChains();
  const first = chains(row.dayKey, row.serial, "12");
  assert.equal(chains(row.dayKey, row.serial, "12"), first);
  assert.notEqual(chains(row.dayKey, row.serial, "13"), first);
});

test("a moment that no day key covers has no code, and says why", () => {
  assert.deepEqual(shown(row, NOON + 24 * 3600000), { text: null, reason: "no_day_key" });
});

test("seconds left run from thirty to one", () => {
  assert.deepEqual(
    [0, 1, 999, 1000, 28999, 29000, 29001, 29999].map((past) => card.secondsLeft(NOON + past)),
    [30, 30, 30, 29, 2, 1, 1, 1]
  );
});

test("an offline scanner accepts two steps either way", () => {
  [-2, -1, 0, 1, 2].forEach((steps) => {
    assert.deepEqual(judged(steps), { verdict: "accepted", reason: null, skewSeconds: steps * 30 });
  });
});

test("a right code up to ten minutes off is stale, with its skew", () => {
  [-20, -3, 3, 20].forEach((steps) => {
    assert.deepEqual(judged(steps), { verdict: "refused", reason: "code_stale", skewSeconds: steps * 30 });
  });
});

test("a code more than ten minutes off is refused whatever its link", () => {
  [-21, 21, -59].forEach((steps) => {
    assert.deepEqual(judged(steps), { verdict: "refused", reason: "bad_signature", skewSeconds: 0 });
  });
});

test("a known serial with a wrong link is for review", () => {
  const code = shown(row, MIDDLE).text;
  const wrong = code.slice(0, -1) + (code.endsWith("0") ? "1" : "0");
  const verdict = card.checkAgainstAnchor(wrong, entry, MIDDLE);
  assert.deepEqual(verdict, { verdict: "review", reason: "bad_signature", skewSeconds: 0 });
});

test("a code of an hour without an anchor is for review", () => {
  const verdict = judged(0, NOON + 130 * STEP);
  assert.deepEqual(verdict, { verdict: "review", reason: "no_anchor", skewSeconds: 0 });
});

test("a code of the hour's last step meets the anchor of its own hour", () => {
  const nextHour = NOON + 120 * STEP;
  assert.equal(judged(-1, nextHour).verdict, "accepted");
});

test("the five digits of a step begin again without harm", () => {
  const last = vectors.find(({ step, serial }) => step === Math.pow(32, 5) - 1 && serial === row.serial);
  const roster = { serial: last.serial, anchors: { [hourOf(last)]: last.anchor } };
  const verdict = card.checkAgainstAnchor(last.code, roster, last.unixMilliseconds + STEP);
  assert.deepEqual(verdict, { verdict: "accepted", reason: null, skewSeconds: -30 });
});

test("a code of another serial is unknown to this entry", () => {
  const other = vectors.find(({ serial }) => serial !== row.serial);
  const verdict = card.checkAgainstAnchor(other.code, entry, other.unixMilliseconds);
  assert.deepEqual(verdict, { verdict: "refused", reason: "unknown_code", skewSeconds: 0 });
});

test("anything else is not a card's code", () => {
  const tail = "0".repeat(31);
  const wrongLength = ["", "UC1", "284512345678901234", `UC1${tail}`, `UC1${tail} `, `UC1${tail}00`];
  const wrongLetter = [`UCP${tail}0`, `UC1${tail}O`, `UC1${tail}u`, `UC1${tail}ſ`, `UC1${tail}０`];
  wrongLength.concat(wrongLetter).forEach((text) => {
    assert.equal(card.parseCode(text), null, text);
  });
  assert.notEqual(card.parseCode(`UC1${tail}0`), null);
  assert.equal(card.checkAgainstAnchor("weixin://pay", entry, NOON).reason, "unknown_code");
});
