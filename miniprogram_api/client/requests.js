"use strict";

/** The request that everything goes through: with the session, once more after a 401, with its retries. */

/** The pauses before the first and the second repetition after a lost connection. */
const RETRY_MILLISECONDS = [500, 2000];

/** A server that asks for a longer pause than this gets it from the person, who is told at once. */
const LONGEST_WAIT_SECONDS = 10;

const BUSY = [429, 503];
const UNAUTHENTICATED = 401;

/**
 * @typedef {object} RequestOptions
 * @property {object} [query] absent values and empty lists are left out, others are joined by commas
 * @property {object} [body] sent as JSON; with a `scanId` or `scans` in it the request is safe to repeat
 * @property {{type: string, content: (ArrayBuffer|Blob)}} [upload] sent as it is, in place of a body
 * @property {string} [idempotencyKey] makes a write safe to repeat, and so repeated
 * @property {string} [ifNoneMatch] the tag of what is kept; still the same, it rejects with the status 304
 * @property {boolean} [isPublic] sent without a session
 * @property {boolean} [isOnce] never repeated after a lost connection: late it would mean something else
 */

/**
 * Makes the function that sends requests.
 * @param {object} parts
 * @param {function(object): Promise<*>} parts.exchange one attempt: the answer's body, or an `ApiError`
 * @param {{token: function(): Promise<string>, renewed: function(string, Error): Promise<string>}} parts.session
 * @param {function(number): Promise<void>} parts.sleep
 * @returns {function(string, string, RequestOptions=): Promise<*>} method, path, options
 */
function createRequest({ exchange, session, sleep }) {
  async function repeated(call, retries) {
    try {
      return await exchange(call);
    } catch (error) {
      const pause = pauseBefore(call, error, retries);
      if (pause === null) {
        throw error;
      }
      await sleep(pause);
      return repeated(call, retries + 1);
    }
  }

  function authorized(call, token) {
    const headers = Object.assign({}, call.headers, { Authorization: `Bearer ${token}` });
    return repeated(Object.assign({}, call, { headers }), 0);
  }

  return async function request(method, path, options = {}) {
    const { query, body, upload, idempotencyKey, ifNoneMatch, isPublic = false, isOnce = false } = options;
    const headers = {};
    if (idempotencyKey !== undefined) {
      headers["Idempotency-Key"] = idempotencyKey;
    }
    if (ifNoneMatch !== undefined) {
      headers["If-None-Match"] = ifNoneMatch;
    }
    const call = { method, path, query, body, upload, headers, isOnce };
    if (isPublic) {
      return repeated(call, 0);
    }
    const token = await session.token();
    try {
      return await authorized(call, token);
    } catch (error) {
      if (error.status !== UNAUTHENTICATED) {
        throw error;
      }
      return authorized(call, await session.renewed(token, error));
    }
  };
}

/** How long to wait before a call is repeated, in milliseconds; null if it is not. */
function pauseBefore(call, error, retries) {
  if (retries >= RETRY_MILLISECONDS.length) {
    return null;
  }
  if (error.status === 0) {
    return isRepeatable(call) ? RETRY_MILLISECONDS[retries] : null;
  }
  if (!BUSY.includes(error.status) || call.method !== "GET") {
    return null;
  }
  const { retryAfter = 1 } = error.details;
  return retryAfter <= LONGEST_WAIT_SECONDS ? retryAfter * 1000 : null;
}

function isRepeatable({ method, headers, body, isOnce }) {
  const isNamed = body !== undefined && ("scanId" in body || "scans" in body);
  return !isOnce && (method === "GET" || "Idempotency-Key" in headers || isNamed);
}

module.exports = { createRequest };
