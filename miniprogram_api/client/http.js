"use strict";

/** JSON over HTTP: one exchange, never more than eight at once, every failure an `ApiError`. */

const { ApiError, ownError } = require("./errors.js");

const METHODS = ["GET", "POST", "PUT", "DELETE"];
const TIMEOUT_MILLISECONDS = 10000;

/** A mini program may have ten requests under way; two are left for its pages' own. */
const MOST_AT_ONCE = 8;

/**
 * @typedef {{method: string, path: string, query: (object|undefined), body: (object|undefined),
 *   upload: ({type: string, content: (ArrayBuffer|Blob)}|undefined),
 *   headers: (Object<string, string>|undefined)}} Exchange what is sent is `body` as JSON, or `upload` as it is
 * @typedef {{status: number, headers: Object<string, string>, body: *, sentAt: number, receivedAt: number}}
 *   JsonAnswer `body` is null for an empty answer; the times are the phone's, in milliseconds
 */

/**
 * Runs tasks in order of arrival, a limited number at once.
 * @param {number} limit
 * @returns {function(function(): Promise): Promise}
 */
function createQueue(limit) {
  const waiting = [];
  let running = 0;

  function next() {
    if (running >= limit || waiting.length === 0) {
      return;
    }
    running += 1;
    const { task, resolve, reject } = waiting.shift();
    const leave = () => {
      running -= 1;
      next();
    };
    task().then(resolve, reject).then(leave);
  }

  return function enqueue(task) {
    return new Promise((resolve, reject) => {
      waiting.push({ task, resolve, reject });
      next();
    });
  };
}

/**
 * The exchange of one request for one answer.
 * @param {object} options
 * @param {string} options.baseUrl such as "https://HOST"
 * @param {import("./transports.js").Transport} options.transport
 * @param {function(): number} options.clock milliseconds
 * @returns {function(Exchange): Promise<JsonAnswer>} rejects with `ApiError` when no answer came, or a
 *   success that is not JSON; `refusalOf` makes an error of an answer that refuses
 */
function createHttp({ baseUrl, transport, clock }) {
  const enqueue = createQueue(MOST_AT_ONCE);
  const root = baseUrl.replace(/\/+$/, "");

  async function exchange(call) {
    const sentAt = clock();
    const answer = await answerOf(transport, call);
    return {
      status: answer.status,
      headers: answer.headers,
      body: jsonOf(answer),
      sentAt,
      receivedAt: clock(),
    };
  }

  return async function send({ method, path, query, body, upload, headers }) {
    if (!METHODS.includes(method)) {
      throw new TypeError(`a mini program cannot send ${method}`);
    }
    const sent = upload || jsonUpload(body);
    const type = sent === null ? {} : { "Content-Type": sent.type };
    const call = {
      method,
      url: root + path + queryText(query),
      headers: Object.assign({ Accept: "application/json" }, type, headers),
      body: sent === null ? null : sent.content,
      timeout: TIMEOUT_MILLISECONDS,
    };
    return enqueue(() => exchange(call));
  };
}

async function answerOf(transport, call) {
  try {
    return await transport(call);
  } catch (failure) {
    throw failure instanceof ApiError ? failure : ownError("network_failed", 0, failure);
  }
}

function jsonUpload(body) {
  return body === undefined ? null : { type: "application/json", content: JSON.stringify(body) };
}

/** The answer's JSON. A proxy's page under an error status becomes null, under success it is no success. */
function jsonOf({ status, text }) {
  if (!text) {
    return null;
  }
  try {
    return JSON.parse(text);
  } catch (failure) {
    if (isSuccess(status)) {
      throw ownError("bad_answer", status, failure);
    }
    return null;
  }
}

/**
 * A query string with its question mark; absent values and empty lists are left out, others are joined by commas.
 * @param {object} [query]
 * @returns {string}
 */
function queryText(query = {}) {
  const pairs = Object.keys(query)
    .filter((name) => isGiven(query[name]))
    .map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(String(query[name]))}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/**
 * Whether a value of a query asks for anything: what is absent does not, and neither does an empty list.
 * @param {*} value
 * @returns {boolean}
 */
function isGiven(value) {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function isSuccess(status) {
  return status >= 200 && status < 300;
}

/**
 * The error that an answer is, or null if it succeeded.
 * @param {JsonAnswer} answer
 * @returns {?ApiError}
 */
function refusalOf({ status, headers, body }) {
  if (isSuccess(status)) {
    return null;
  }
  if (body === null || typeof body.code !== "string") {
    const error = ownError("bad_answer", status);
    error.details = withRetryAfter({}, headers);
    return error;
  }
  return new ApiError({
    status,
    code: body.code,
    message: body.message,
    details: withRetryAfter(body.details, headers),
    requestId: body.requestId,
  });
}

/** The details, with the header's seconds where the body does not say when to come back. */
function withRetryAfter(details, headers) {
  const seconds = /^\d+$/.test(headers["retry-after"]) ? { retryAfter: Number(headers["retry-after"]) } : {};
  return Object.assign(seconds, details);
}

module.exports = { createHttp, createQueue, isGiven, refusalOf };
