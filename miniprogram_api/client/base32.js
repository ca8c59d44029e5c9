"use strict";

/** Text and bytes: Crockford's base32 as codes use it, base64url as keys travel, ASCII. */

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * The last `length` base32 digits of a number, most significant first.
 * @param {number} number a whole number from 0 below 2^53
 * @param {number} length
 * @returns {string}
 */
function encodeNumber(number, length) {
  let digits = "";
  let rest = number;
  for (let place = 0; place < length; place += 1) {
    digits = CROCKFORD[rest % 32] + digits;
    rest = Math.floor(rest / 32);
  }
  return digits;
}

/**
 * The number that base32 digits spell.
 * @param {string} text at most ten digits, upper case
 * @returns {number}
 * @throws {RangeError} if a character is not one of the 32
 */
function decodeNumber(text) {
  return valuesOf(text, CROCKFORD).reduce((number, value) => number * 32 + value, 0);
}

/**
 * Base32 of bytes, big-endian.
 * @param {Uint8Array} bytes a multiple of five
 * @returns {string}
 */
function encodeBytes(bytes) {
  return repacked(Array.from(bytes), 8, 5).map((value) => CROCKFORD[value]).join("");
}

/**
 * The bytes that base32 spells.
 * @param {string} text a multiple of eight characters, upper case
 * @returns {Uint8Array}
 * @throws {RangeError} if a character is not one of the 32
 */
function decodeBytes(text) {
  return Uint8Array.from(repacked(valuesOf(text, CROCKFORD), 5, 8));
}

/**
 * The bytes that base64url spells, with or without its padding.
 * @param {string} text
 * @returns {Uint8Array}
 * @throws {RangeError} if a character is not one of the 64
 */
function decodeBase64url(text) {
  return Uint8Array.from(repacked(valuesOf(text.replace(/=+$/, ""), BASE64URL), 6, 8));
}

/**
 * The bytes of ASCII text.
 * @param {string} text
 * @returns {Uint8Array}
 */
function asciiBytes(text) {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function valuesOf(text, alphabet) {
  return Array.from(text, (letter) => {
    const value = alphabet.indexOf(letter);
    if (value < 0) {
      throw new RangeError(`${JSON.stringify(letter)} is not a digit of this alphabet`);
    }
    return value;
  });
}

/** Groups of `from` bits as groups of `to` bits; bits that fill no group at the end are dropped. */
function repacked(values, from, to) {
  const groups = [];
  let held = 0;
  let bits = 0;
  values.forEach((value) => {
    held = (held << from) | value;
    bits += from;
    while (bits >= to) {
      bits -= to;
      groups.push(held >>> bits);
      held &= (1 << bits) - 1;
    }
  });
  return groups;
}

module.exports = { encodeNumber, decodeNumber, encodeBytes, decodeBytes, decodeBase64url, asciiBytes };
