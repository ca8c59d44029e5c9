"use strict";

/**
 * The card's code, made and checked without a network.
 *
 *     UC1 | key id (1) | serial (10) | step (5) | link (16)      35 characters of Crockford base32
 *
 * A day key gives the top of each local hour's one-way chain; the code of a step shows one link of it, and
 * whoever holds the hour's anchor, link[0], can check a code but not make one. Days and hours are those of
 * Asia/Shanghai, always eight hours ahead of UTC. `now` is milliseconds since 1970, corrected by the caller.
 */

const base32 = require("./base32.js");
const { hmacSha256, joined, sha256 } = require("./sha256.js");

const PREFIX = "UC1";
const STEP_MILLISECONDS = 30000;
const STEPS_PER_HOUR = 120;
const STEP_CYCLE = Math.pow(32, 5);
const LOCAL_AHEAD_MILLISECONDS = 8 * 3600000;
const LINK_BYTES = 10;
const OFFLINE_STEPS = 2;
const STALE_STEPS = 20;

/**
 * @typedef {{keyId: string, serial: string, step: number, link: Uint8Array}} CardCode a code as read;
 *   nothing of it is proved yet
 * @typedef {{day: string, key: string}} DayKey a local day such as "2026-07-15" and its key in base64url
 * @typedef {{verdict: "accepted"|"review"|"refused", reason: ?string, skewSeconds: number}} OfflineVerdict
 */

/** The day, the hour and the place within it, of a step's first second. */
function localPlace(fullStep) {
  const local = new Date(fullStep * STEP_MILLISECONDS + LOCAL_AHEAD_MILLISECONDS).toISOString();
  return { day: local.slice(0, 10), hour: local.slice(11, 13), place: fullStep % STEPS_PER_HOUR };
}

/** link[index] from link[index + 1]. */
function nextLink(link, serialBytes, index) {
  const tail = new Uint8Array(serialBytes.length + 1);
  tail.set(serialBytes);
  tail[serialBytes.length] = index;
  return sha256(joined(link, tail)).slice(0, LINK_BYTES);
}

/** All links of an hour, link[0] … link[120]. */
function hourChain(dayKey, serial, hour) {
  const serialBytes = base32.asciiBytes(serial);
  const links = new Array(STEPS_PER_HOUR + 1);
  const top = hmacSha256(base32.decodeBase64url(dayKey), base32.asciiBytes(hour));
  links[STEPS_PER_HOUR] = top.slice(0, LINK_BYTES);
  for (let index = STEPS_PER_HOUR - 1; index >= 0; index -= 1) {
    links[index] = nextLink(links[index + 1], serialBytes, index);
  }
  return links;
}

/**
 * A memory for `codeAt`: it keeps the chain of the hour last shown, so that the next codes cost no hashing.
 * @returns {function(string, string, string): Uint8Array[]}
 */
function createChains() {
  let name = null;
  let links = null;
  return function chainOf(dayKey, serial, hour) {
    const wanted = [dayKey, serial, hour].join(" ");
    if (wanted !== name) {
      links = hourChain(dayKey, serial, hour);
      name = wanted;
    }
    return links;
  };
}

/**
 * The code that a card shows at a moment, or the reason why there is none.
 * @param {object} card
 * @param {string} card.keyId
 * @param {string} card.serial
 * @param {DayKey[]} card.dayKeys
 * @param {number} card.now milliseconds, by the server's clock
 * @param {function(string, string, string): Uint8Array[]} [card.chains] from `createChains`
 * @returns {{text: ?string, reason: ?string}} the reason is "no_day_key" when no key covers the day
 */
function codeAt({ keyId, serial, dayKeys, now, chains = hourChain }) {
  const fullStep = Math.floor(now / STEP_MILLISECONDS);
  const { day, hour, place } = localPlace(fullStep);
  const covering = dayKeys.find((dayKey) => dayKey.day === day);
  if (covering === undefined) {
    return { text: null, reason: "no_day_key" };
  }
  const link = chains(covering.key, serial, hour)[place + 1];
  const step = base32.encodeNumber(fullStep % STEP_CYCLE, 5);
  return { text: PREFIX + keyId + serial + step + base32.encodeBytes(link), reason: null };
}

/**
 * The time until the next code, in whole seconds from 30 to 1.
 * @param {number} now milliseconds
 * @returns {number}
 */
function secondsLeft(now) {
  return Math.ceil((STEP_MILLISECONDS - (now % STEP_MILLISECONDS)) / 1000);
}

/**
 * Reads a code's text, in either case.
 * @param {string} text
 * @returns {?CardCode} null if it is something else, such as a payment code
 */
function parseCode(text) {
  const stripped = text.trim();
  // Letters are checked before their case is raised, because some foreign ones become ASCII by that.
  const match = /^[0-9A-Za-z]+$/.test(stripped)
    ? /^UC1([^ILOU])([^ILOU]{10})([^ILOU]{5})([^ILOU]{16})$/.exec(stripped.toUpperCase())
    : null;
  if (match === null) {
    return null;
  }
  const [, keyId, serial, step, link] = match;
  return { keyId, serial, step: base32.decodeNumber(step), link: base32.decodeBytes(link) };
}

/**
 * Checks a code without a network against the roster's entry of its serial. Steps −2 … +2 of the scanner's
 * corrected clock pass. The server checks every scan again.
 *
 * Reasons: "unknown_code" (not a code, or of another serial), "code_stale" (right, but up to ten minutes
 * off), "bad_signature" (refused when far off, else for review: the card may have been reissued since the
 * roster was made), "no_anchor" (for review: the roster does not cover the code's hour).
 * @param {string} codeText
 * @param {object} entry
 * @param {string} entry.serial
 * @param {Object<string, string>} entry.anchors by local hour, such as "2026-07-15T14", in base64url
 * @param {number} now milliseconds, by the server's clock
 * @returns {OfflineVerdict} `skewSeconds` is how far the code's step is from now, negative for an old one
 */
function checkAgainstAnchor(codeText, { serial, anchors }, now) {
  const code = parseCode(codeText);
  if (code === null || code.serial !== serial) {
    return offlineVerdict("refused", "unknown_code", 0);
  }
  const current = Math.floor(now / STEP_MILLISECONDS);
  const distance = nearest(code.step - current);
  if (Math.abs(distance) > STALE_STEPS) {
    return offlineVerdict("refused", "bad_signature", 0);
  }
  const { day, hour, place } = localPlace(current + distance);
  const anchor = anchors[`${day}T${hour}`];
  if (anchor === undefined) {
    return offlineVerdict("review", "no_anchor", distance);
  }
  if (!meetsAnchor(code, place, base32.decodeBase64url(anchor))) {
    return offlineVerdict("review", "bad_signature", distance);
  }
  return Math.abs(distance) <= OFFLINE_STEPS
    ? offlineVerdict("accepted", null, distance)
    : offlineVerdict("refused", "code_stale", distance);
}

/** A difference of steps, of which five digits are known, as the one that is nearest to zero. */
function nearest(difference) {
  const positive = ((difference % STEP_CYCLE) + STEP_CYCLE) % STEP_CYCLE;
  return positive > STEP_CYCLE / 2 ? positive - STEP_CYCLE : positive;
}

function meetsAnchor(code, place, anchor) {
  const serialBytes = base32.asciiBytes(code.serial);
  let link = code.link;
  for (let index = place; index >= 0; index -= 1) {
    link = nextLink(link, serialBytes, index);
  }
  return link.every((octet, at) => octet === anchor[at]);
}

function offlineVerdict(verdict, reason, distance) {
  return { verdict, reason, skewSeconds: (distance * STEP_MILLISECONDS) / 1000 };
}

module.exports = { codeAt, createChains, secondsLeft, parseCode, checkAgainstAnchor };
