"use strict";

/**
 * The client library of Union Station (工会驿站): for mini programs, browsers and Node. In a mini program:
 *
 *     const login = () =>
 *       new Promise((resolve, reject) => wx.login({ success: ({ code }) => resolve(code), fail: reject }));
 *     const client = createClient({ baseUrl: "https://HOST", login });
 */

const { checkAgainstAnchor, codeAt, createChains, parseCode, secondsLeft } = require("./card.js");
const { createClient } = require("./client.js");
const { ApiError } = require("./errors.js");
const { drawLinkQr, drawOnCanvas, drawQr, toSvg } = require("./qr.js");
const { screenLinkAt } = require("./screen.js");
const { memoryStorage, webStorage, wxStorage } = require("./storage.js");
const { fetchTransport, wxTransport } = require("./transports.js");

module.exports = {
  createClient,
  ApiError,
  codeAt,
  createChains,
  secondsLeft,
  parseCode,
  checkAgainstAnchor,
  drawQr,
  drawLinkQr,
  screenLinkAt,
  toSvg,
  drawOnCanvas,
  memoryStorage,
  webStorage,
  wxStorage,
  wxTransport,
  fetchTransport,
};
