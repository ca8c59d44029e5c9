"use strict";

/** Whether a station of a kept file is open: read from the openings that the server has worked out. */

const MINUTE = 60000;
const DAY = 24 * 60 * MINUTE;
const AHEAD = 8 * 60 * MINUTE;

/** With less left it is no longer worth the way. */
const CLOSING = 15 * MINUTE;

/** Open stations come first, then those about to close, the unknown, the closed. */
const RANKING = ["open", "closing", "unknown", "closed"];

const WORDS = { o: "open", c: "closed", u: "unknown" };

/**
 * @typedef {{hours: string, states: string, minutes: number[]}} Openings each state and when it begins
 * @typedef {{state: string, until: ?string, opensAt: ?string, reason: ?object}} Openness as the server says it; an
 *   end or an opening beyond the file is not told
 */

/**
 * What openings say of a moment. Outside the days that the file is for it is unknown.
 * @param {Openings} openings
 * @param {{since: number, days: number}} span of the file, milliseconds and days
 * @param {number} at milliseconds
 * @returns {Openness}
 */
function opennessAt(openings, span, at) {
  const { states, minutes } = openings;
  if (at < span.since || at >= span.since + span.days * DAY) {
    return { state: "unknown", until: null, opensAt: null, reason: null };
  }
  const begins = (place) => span.since + Math.round(minutes[place] * MINUTE);
  let place = minutes.length - 1;
  while (begins(place) > at) {
    place -= 1;
  }
  const next = states.indexOf("o", place + 1);
  const isOpen = states[place] === "o";
  const until = isOpen && place + 1 < minutes.length ? begins(place + 1) : null;
  return {
    state: until !== null && until - at < CLOSING ? "closing" : WORDS[states[place]],
    until: until === null ? null : localText(until),
    opensAt: next < 0 ? null : localText(begins(next)),
    reason: null,
  };
}

/** A moment as the server writes it: with `+08:00`, and parts of a second only where there are any. */
function localText(milliseconds) {
  const text = new Date(milliseconds + AHEAD).toISOString();
  return `${text.slice(0, -1).replace(".000", "")}+08:00`;
}

module.exports = { RANKING, opennessAt, localText };
