"use strict";

const assert = require("node:assert/strict");
const { createHash, createHmac } = require("node:crypto");
const test = require("node:test");

const { hmacSha256, sha256 } = require("../../../miniprogram_api/client/sha256.js");

const LENGTHS = [0, 1, 3, 31, 32, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1000];

/** Bytes that are the same in every run, and not all alike. */
function bytesOf(length) {
  return Uint8Array.from({ length }, (_, at) => (at * 167 + length) % 256);
}

function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}

test("digests of all lengths about the block's edges equal the platform's", () => {
  LENGTHS.map(bytesOf).forEach((message) => {
    assert.equal(hex(sha256(message)), createHash("sha256").update(message).digest("hex"));
  });
});

test("keyed digests equal the platform's for short and long keys", () => {
  LENGTHS.map(bytesOf).forEach((key) => {
    const message = bytesOf(90);
    assert.equal(hex(hmacSha256(key, message)), createHmac("sha256", key).update(message).digest("hex"));
  });
});

test("a digest does not change its message", () => {
  const message = bytesOf(70);
  sha256(message);
  assert.deepEqual(message, bytesOf(70));
});
