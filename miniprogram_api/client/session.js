"use strict";

/** The session: silent login, one at a time, for everybody who waits for it. */

const { ApiError, ownError } = require("./errors.js");

/** A code of `wx.login` serves once and for five minutes, so a lost or late one is replaced, once. */
const MOST_CODES = 2;

/**
 * The session of one person.
 * @param {object} options
 * @param {function(): Promise<string>} options.login gives a fresh login code, as `wx.login` does
 * @param {function(string): Promise<{token: string}>} options.open exchanges it: POST /api/v1/sessions
 * @param {{read: function(): ?string, write: function(?string): void}} options.slot keeps the token
 * @returns {{signIn: function(): Promise<{token: string}>, token: function(): Promise<string>,
 *   renewed: function(string): Promise<string>, held: function(): ?string, keep: function(string): void,
 *   forget: function(): void}}
 */
function createSession({ login, open, slot }) {
  let underway = null;

  async function freshCode() {
    try {
      return await login();
    } catch (failure) {
      throw ownError("login_failed", 0, failure);
    }
  }

  async function opened(codesLeft) {
    const code = await freshCode();
    try {
      return await open(code);
    } catch (failure) {
      if (codesLeft > 1 && asksForAnotherCode(failure)) {
        return opened(codesLeft - 1);
      }
      throw failure;
    }
  }

  async function run() {
    slot.write(null);
    const answer = await opened(MOST_CODES);
    if (answer === null || typeof answer.token !== "string") {
      throw ownError("bad_answer", 200);
    }
    slot.write(answer.token);
    return answer;
  }

  /** Logs in, or joins the login that is under way; all who wait share its end, good or bad. */
  function signIn() {
    if (underway === null) {
      const over = () => {
        underway = null;
      };
      underway = run();
      underway.then(over, over);
    }
    return underway;
  }

  return {
    signIn,

    /** The token to send, after a login if there is none. */
    token: async () => slot.read() || (await signIn()).token,

    /** Another token than the refused one: what another call has got meanwhile, or else a new one. */
    renewed: async (refused) => {
      const current = slot.read();
      return current !== null && current !== refused ? current : (await signIn()).token;
    },

    /** The token if there is one; no login. */
    held: () => slot.read(),

    /** Keeps another token than the one there is. @param {string} token */
    keep: (token) => slot.write(token),

    forget: () => slot.write(null),
  };
}

function asksForAnotherCode(failure) {
  return failure instanceof ApiError && (failure.status === 0 || failure.code === "login_code_invalid");
}

module.exports = { createSession };
