"use strict";

/**
 * SHA-256 (FIPS 180-4) and HMAC (RFC 2104), synchronous: a mini program has no WebCrypto, and a code
 * must be drawn in the tick in which it changes.
 */

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const ROUND_CONSTANTS = fractionsOfPrimeRoots(64, Math.cbrt);

/** The same of the square roots of the first eight. */
const INITIAL_STATE = fractionsOfPrimeRoots(8, Math.sqrt);

/**
 * @param {number} count how many primes
 * @param {function(number): number} root
 * @returns {Int32Array}
 */
function fractionsOfPrimeRoots(count, root) {
  const fractions = new Int32Array(count);
  let found = 0;
  for (let number = 2; found < count; number += 1) {
    if (isPrime(number)) {
      const value = root(number);
      fractions[found] = Math.floor((value - Math.floor(value)) * 0x100000000);
      found += 1;
    }
  }
  return fractions;
}

function isPrime(number) {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) {
    if (number % divisor === 0) {
      return false;
    }
  }
  return true;
}

/** The message, a 1 bit, zeros, and the message's length in bits as 64 bits. */
function padded(message) {
  const blocks = Math.floor((message.length + 8) / BLOCK_BYTES) + 1;
  const bytes = new Uint8Array(blocks * BLOCK_BYTES);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(message.length / 0x20000000));
  view.setUint32(bytes.length - 4, message.length << 3);
  return view;
}

function rotated(word, bits) {
  return (word >>> bits) | (word << (32 - bits));
}

/** Fills the 64 words of the schedule from one block. */
function schedule(words, view, offset) {
  for (let i = 0; i < 16; i += 1) {
    words[i] = view.getInt32(offset + 4 * i);
  }
  for (let i = 16; i < 64; i += 1) {
    const early = words[i - 15];
    const late = words[i - 2];
    const s0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
    const s1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
}

/** Mixes one scheduled block into the state. */
function compress(state, words) {
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + s1 + choice + ROUND_CONSTANTS[i] + words[i]) | 0;
    const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + s0 + majority) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] = (state[i] + word) | 0;
  });
}

/**
 * The SHA-256 digest of bytes.
 * @param {Uint8Array} message
 * @returns {Uint8Array} 32 bytes
 */
function sha256(message) {
  const view = padded(message);
  const state = Int32Array.from(INITIAL_STATE);
  const words = new Int32Array(64);
  for (let offset = 0; offset < view.byteLength; offset += BLOCK_BYTES) {
    schedule(words, view, offset);
    compress(state, words);
  }
  const digest = new Uint8Array(DIGEST_BYTES);
  const out = new DataView(digest.buffer);
  state.forEach((word, i) => out.setInt32(4 * i, word));
  return digest;
}

/**
 * The HMAC-SHA256 of a message.
 * @param {Uint8Array} key of any length
 * @param {Uint8Array} message
 * @returns {Uint8Array} 32 bytes
 */
function hmacSha256(key, message) {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? sha256(key) : key);
  const inner = sha256(joined(block.map((octet) => octet ^ 0x36), message));
  return sha256(joined(block.map((octet) => octet ^ 0x5c), inner));
}

/**
 * Two byte strings, one after the other.
 * @param {Uint8Array} first
 * @param {Uint8Array} second
 * @returns {Uint8Array}
 */
function joined(first, second) {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

module.exports = { sha256, hmacSha256, joined };
