"use strict";

/** The two ways to the network: `wx.request` in a mini program, `fetch` in a browser or Node. */

const { ownError } = require("./errors.js");

const WX_TIMEOUT_ERRNO = 5;

/**
 * @typedef {object} Call
 * @property {string} method
 * @property {string} url
 * @property {Object<string, string>} headers
 * @property {?(string|ArrayBuffer|Blob)} body a mini program cannot send a Blob
 * @property {number} timeout milliseconds
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {Object<string, string>} headers names in lower case
 * @property {string} text
 *
 * @typedef {function(Call): Promise<Answer>} Transport any HTTP status resolves; it rejects when none came
 */

/**
 * A transport over a mini program's `wx.request`.
 * @param {object} wx
 * @returns {Transport}
 */
function wxTransport(wx) {
  return function send({ method, url, headers, body, timeout }) {
    const options = { url, method, header: headers, timeout, dataType: "text", responseType: "text" };
    if (body !== null) {
      options.data = body;
    }
    // What is thrown inside `success` is lost, so it only hands the answer over.
    return new Promise((resolve, reject) => {
      wx.request(Object.assign(options, { success: resolve, fail: reject }));
    }).then(
      (answer) => ({ status: answer.statusCode, headers: lowerCased(answer.header), text: answer.data }),
      (failure) => {
        throw ownError(isWxTimeout(failure) ? "timed_out" : "network_failed", 0, failure);
      }
    );
  };
}

function isWxTimeout(failure) {
  return failure.errno === WX_TIMEOUT_ERRNO || /time-?out/i.test(failure.errMsg);
}

function lowerCased(headers) {
  const lower = {};
  Object.keys(headers || {}).forEach((name) => {
    lower[name.toLowerCase()] = String(headers[name]);
  });
  return lower;
}

/**
 * A transport over `fetch`.
 * @param {function(string, object): Promise<Response>} fetch
 * @returns {Transport}
 */
function fetchTransport(fetch) {
  return async function send({ method, url, headers, body, timeout }) {
    const aborter = new AbortController();
    const timer = setTimeout(() => aborter.abort(), timeout);
    try {
      // An answer out of the browser's cache would tell an old time.
      const options = { method, headers, body, signal: aborter.signal, cache: "no-cache" };
      const answer = await fetch(url, options);
      return { status: answer.status, headers: headersOf(answer), text: await answer.text() };
    } catch (failure) {
      throw ownError(aborter.signal.aborted ? "timed_out" : "network_failed", 0, failure);
    } finally {
      clearTimeout(timer);
    }
  };
}

function headersOf(answer) {
  const headers = {};
  answer.headers.forEach((value, name) => {
    headers[name.toLowerCase()] = value;
  });
  return headers;
}

/**
 * The transport of the place where the program runs.
 * @returns {Transport}
 * @throws {TypeError} if there is neither `wx.request` nor `fetch`
 */
function pickTransport() {
  if (typeof wx !== "undefined" && typeof wx.request === "function") {
    return wxTransport(wx);
  }
  if (typeof fetch === "function") {
    // A browser's fetch refuses to be called as another object's method.
    return fetchTransport((url, options) => fetch(url, options));
  }
  throw new TypeError("neither wx.request nor fetch is here: pass a transport");
}

module.exports = { wxTransport, fetchTransport, pickTransport };
