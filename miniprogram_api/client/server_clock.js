"use strict";

/** The server's time on a phone whose clock may be wrong: codes are right by the server's clock alone. */

/** A `Date` header has whole seconds, cut off: on average half of one has passed. */
const HEADER_CUT_MILLISECONDS = 500;

/** The offset is stored anew when it moved by this much, and not with every answer. */
const WORTH_STORING_MILLISECONDS = 1000;

/**
 * A clock that is set by answers.
 * @param {object} options
 * @param {function(): number} options.clock the phone's, milliseconds
 * @param {{read: function(): ?number, write: function(number): void}} options.slot keeps the offset for the
 *   next start, which may have no network
 * @returns {{now: function(): number, learn: function(object): void}}
 */
function createServerClock({ clock, slot }) {
  let offset = slot.read() || 0;
  let isExact = false;

  function set(next) {
    offset = next;
    if (Math.abs(offset - (slot.read() || 0)) >= WORTH_STORING_MILLISECONDS) {
      slot.write(offset);
    }
  }

  return {
    /** The server's time, in milliseconds. */
    now: () => clock() + offset,

    /** Takes the time from an answer: its `serverTime`, or its `Date` header while none was seen. */
    learn: ({ body, headers, sentAt, receivedAt }) => {
      const middle = (sentAt + receivedAt) / 2;
      const told = moment(body && body.serverTime);
      const dated = Date.parse(headers.date);
      if (!Number.isNaN(told)) {
        isExact = true;
        set(told - middle);
      } else if (!isExact && !Number.isNaN(dated)) {
        set(dated + HEADER_CUT_MILLISECONDS - middle);
      }
    },
  };
}

/** Milliseconds of an ISO 8601 time, NaN if it is none. Some engines refuse more than three decimals. */
function moment(text) {
  return Date.parse(String(text).replace(/(\.\d{3})\d+/, "$1"));
}

module.exports = { createServerClock };
