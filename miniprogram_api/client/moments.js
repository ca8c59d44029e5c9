"use strict";

/** Moments as people write them into a question: ISO 8601, and without an offset those of Asia/Shanghai. */

const MINUTE = 60000;

/** Asia/Shanghai is so far ahead of UTC, whatever the phone's own zone is. */
const LOCAL_AHEAD = 8 * 60 * MINUTE;

/** A date, then perhaps a time, then perhaps an offset, each with or without its signs; not the weeks of ISO 8601. */
const DATE = "(\\d{4})(-?)(\\d{2})\\2(\\d{2})";
const TIME = "(\\d{2})(?:(:?)(\\d{2})(?:\\6(\\d{2})(?:[.,]\\d+)?)?)?";
const OFFSET = "(Z|([+-])(\\d{2}):?(\\d{2})?)";
const MOMENT = new RegExp(`^${DATE}(?:[^]${TIME}${OFFSET}?)?$`);

/**
 * The minute that a text names, as the server reads it.
 * @param {string} text such as "2026-07-16T02:00"
 * @returns {number} milliseconds since 1970; NaN for what is no moment
 */
function readMoment(text) {
  // In a query a bare plus sign is a space, and so the server takes a space for one.
  const found = MOMENT.exec(text.replace(/ /g, "+"));
  if (found === null) {
    return NaN;
  }
  const [year, , month, day, hour, , minute, second] = found.slice(1, 9).map((digits) => Number(digits || 0));
  const [offset, sign, hours, minutes] = found.slice(9);
  const midnight = Date.UTC(year, month - 1, day);
  const isDay = new Date(midnight).getUTCMonth() === month - 1 && new Date(midnight).getUTCDate() === day;
  const ahead = offset === undefined ? LOCAL_AHEAD : offsetOf(sign, Number(hours || 0), Number(minutes || 0));
  return isDay && hour < 24 && minute < 60 && second < 60 ? midnight + (hour * 60 + minute) * MINUTE - ahead : NaN;
}

function offsetOf(sign, hours, minutes) {
  return hours < 24 && minutes < 60 ? (sign === "-" ? -1 : 1) * (hours * 60 + minutes) * MINUTE : NaN;
}

module.exports = { readMoment };
