"use strict";

/**
 * The code on a station's screen, made without a network: a link that any camera reads, a new one every 30 s.
 *
 *     https://HOST/s/CODE?k= step (5) | proof (10)      Crockford base32
 *
 * The proof is the first 50 bits of HMAC-SHA256(day key, step as in the code). The day is that of the step's first
 * second in Asia/Shanghai. `now` is milliseconds since 1970, corrected by the caller.
 */

const base32 = require("./base32.js");
const { hmacSha256 } = require("./sha256.js");

const STEP_MILLISECONDS = 30000;
const STEP_CYCLE = Math.pow(32, 5);
const LOCAL_AHEAD_MILLISECONDS = 8 * 3600000;
const PROOF_LENGTH = 10;

/**
 * The link that a screen shows at a moment, or the reason why there is none.
 * @param {object} screen
 * @param {string} screen.link `https://HOST/s/CODE`
 * @param {{day: string, key: string}[]} screen.dayKeys local days and their keys in base64url
 * @param {number} screen.now milliseconds, by the server's clock
 * @returns {{text: ?string, reason: ?string}} the reason is "no_day_key" when no key covers the day
 */
function screenLinkAt({ link, dayKeys, now }) {
  const fullStep = Math.floor(now / STEP_MILLISECONDS);
  const local = new Date(fullStep * STEP_MILLISECONDS + LOCAL_AHEAD_MILLISECONDS).toISOString();
  const covering = dayKeys.find(({ day }) => day === local.slice(0, 10));
  if (covering === undefined) {
    return { text: null, reason: "no_day_key" };
  }
  const step = base32.encodeNumber(fullStep % STEP_CYCLE, 5);
  const mac = hmacSha256(base32.decodeBase64url(covering.key), base32.asciiBytes(step));
  const proof = base32.encodeBytes(mac.slice(0, 10)).slice(0, PROOF_LENGTH);
  return { text: `${link}?k=${step}${proof}`, reason: null };
}

module.exports = { screenLinkAt };
