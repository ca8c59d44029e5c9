"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");

const base32 = require("../../../miniprogram_api/client/base32.js");

test("numbers and their digits are each other's inverse", () => {
  [0, 1, 31, 32, 1023, Math.pow(32, 5) - 1].forEach((number) => {
    const digits = base32.encodeNumber(number, 5);
    assert.equal(digits.length, 5);
    assert.equal(base32.decodeNumber(digits), number);
  });
  assert.equal(base32.encodeNumber(Math.pow(32, 5) - 1, 5), "ZZZZZ");
});

test("bytes and their base32 are each other's inverse", () => {
  const bytes = Uint8Array.from([0, 255, 1, 254, 128, 127, 3, 77, 200, 9]);
  const text = base32.encodeBytes(bytes);
  assert.equal(text.length, 16);
  assert.deepEqual(base32.decodeBytes(text), bytes);
});

test("base64url is read with and without padding, for every length", () => {
  for (let length = 0; length < 40; length += 1) {
    const bytes = Buffer.from(Array.from({ length }, (_, at) => (at * 91 + 250) % 256));
    assert.deepEqual(Buffer.from(base32.decodeBase64url(bytes.toString("base64url"))), bytes);
    const padded = bytes.toString("base64").replace(/\+/g, "-").replace(/\//g, "_");
    assert.deepEqual(Buffer.from(base32.decodeBase64url(padded)), bytes);
  }
});

test("a character of another alphabet is refused", () => {
  assert.throws(() => base32.decodeNumber("U"), RangeError);
  assert.throws(() => base32.decodeBytes("AAAAAAAI"), RangeError);
  assert.throws(() => base32.decodeBase64url("ab+/"), RangeError);
});
