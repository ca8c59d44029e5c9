"use strict";

/** The member's card: fetched with a network, shown for a week without one. */

const { codeAt, createChains, secondsLeft } = require("./card.js");

const CARD = "/api/v1/card";
const KEPT_FIELDS = ["serial", "state", "frozenFor", "isHeld", "keyId", "seedVersion", "dayKeys"];

/** Statuses that say that there is no card (any more) for this person. */
const GONE = [403, 404];

/**
 * @typedef {object} Card
 * @property {string} serial
 * @property {"active"|"frozen"|"revoked"} state
 * @property {?string} frozenFor why it is frozen, such as "lost"; null if nobody said
 * @property {boolean} isHeld whether only staff let it go
 * @property {string} keyId
 * @property {number} seedVersion
 * @property {import("./card.js").DayKey[]} dayKeys of today and the next six days, none unless active
 *
 * @typedef {object} ShownCode
 * @property {?string} text of the QR code
 * @property {?string} reason why there is none: "no_card", "card_frozen", "card_revoked", "no_day_key"
 * @property {number} secondsLeft until the code changes
 */

/**
 * The card's part of a client.
 * @param {object} parts
 * @param {function(string, string, object=): Promise<*>} parts.request
 * @param {function(): number} parts.now the server's time, milliseconds
 * @param {{read: function(): ?Card, write: function(?Card): void}} parts.slot
 * @returns {object} the calls below
 */
function createKeptCard({ request, now, slot }) {
  const chains = createChains();

  function keep(card) {
    const kept = {};
    KEPT_FIELDS.forEach((name) => {
      kept[name] = card[name];
    });
    slot.write(kept);
  }

  async function changeState(state, reason) {
    const body = reason === undefined ? { state } : { state, reason };
    const answer = await request("PUT", `${CARD}/state`, { body });
    if (slot.read() !== null) {
      keep(Object.assign({}, slot.read(), answer));
    }
    return answer;
  }

  async function card() {
    try {
      const answer = await request("GET", CARD);
      keep(answer);
      return answer;
    } catch (error) {
      if (GONE.includes(error.status)) {
        slot.write(null);
      }
      throw error;
    }
  }

  return {
    /**
     * Fetches the card, and keeps it for `cardCode`.
     * @returns {Promise<Card>}
     */
    card,

    /**
     * The card as last fetched; null if it never was.
     * @returns {?Card}
     */
    keptCard: () => slot.read(),

    /**
     * What to show now, without a network.
     * @returns {ShownCode}
     */
    cardCode: () => {
      const at = now();
      return Object.assign({ secondsLeft: secondsLeft(at) }, codeOf(slot.read(), at, chains));
    },

    /**
     * Freezes the card: from now on no scanner that is online accepts it.
     * @param {"lost"|"stolen"} [reason] reports a loss
     * @returns {Promise<{serial: string, state: string}>}
     */
    freezeCard: (reason) => changeState("frozen", reason),

    /**
     * Makes a frozen card active again, and fetches it: a frozen one comes without its keys.
     * @param {"found"} [reason] takes the report of a loss back
     * @returns {Promise<Card>}
     */
    unfreezeCard: async (reason) => {
      await changeState("active", reason);
      return card();
    },

    /**
     * Gives the card a new seed: every code and printed copy from before is over, and new keys are here.
     * @param {"lost"|"stolen"|"leaked"|"damaged"|"holder_request"} reason
     * @param {string} idempotencyKey the same key again is the same reissue
     * @returns {Promise<Card>}
     */
    reissueCard: async (reason, idempotencyKey) => {
      const answer = await request("POST", `${CARD}/reissues`, { body: { reason }, idempotencyKey });
      keep(answer);
      return answer;
    },

    /** Drops the kept card. */
    forgetCard: () => slot.write(null),
  };
}

function codeOf(card, now, chains) {
  if (card === null) {
    return { text: null, reason: "no_card" };
  }
  const { state, keyId, serial, dayKeys } = card;
  return state === "active"
    ? codeAt({ keyId, serial, dayKeys, now, chains })
    : { text: null, reason: `card_${state}` };
}

module.exports = { createKeptCard };
