"use strict";

/** The client of the service: where its parts meet. */

const { createHttp, refusalOf } = require("./http.js");
const { createKeptCard } = require("./kept_card.js");
const { createKeptScans } = require("./kept_scans.js");
const { createKeptStations } = require("./kept_stations.js");
const { createMessages, wxSubscribe } = require("./messages.js");
const { createRequest } = require("./requests.js");
const { createServerClock } = require("./server_clock.js");
const { createSession } = require("./session.js");
const { createSlot, pickStorage } = require("./storage.js");
const { pickTransport } = require("./transports.js");
const { createVisits } = require("./visits.js");

const API = "/api/v1";
const UNAUTHENTICATED = 401;

/**
 * Makes a client. All its calls log in by themselves, and reject with `ApiError`.
 * @param {object} options
 * @param {string} options.baseUrl such as "https://HOST"
 * @param {function(): Promise<string>} options.login gives a fresh login code, as `wx.login` does; of a device, the
 *   one-time code that somebody typed
 * @param {boolean} [options.isStaff] asks for a session that may scan, kept apart from the member's
 * @param {string} [options.installation] makes this a scanning device: the random name that it made for itself and
 *   keeps (16 to 64 letters, digits, - and _). Its session ends with its revocation, and no login renews it.
 * @param {function(string[]): Promise<Object<string, string>>} [options.subscribe] shows WeChat's popup for some
 *   templates of messages and gives the answers by their ids; `wx.requestSubscribeMessage` if it is left out
 * @param {import("./transports.js").Transport} [options.transport]
 * @param {import("./storage.js").Storage} [options.storage]
 * @param {function(): number} [options.clock] the phone's, milliseconds
 * @param {function(number): Promise<void>} [options.sleep] resolves after so many milliseconds
 * @returns {object} the calls: the card's (`kept_card.js`), those of stations without a network
 *   (`kept_stations.js`), of a scanner that may lose its network (`kept_scans.js`), of messages (`messages.js`), of
 *   people at a station (`visits.js`), those listed below, `request` (`requests.js`) for all others, and `now`, the
 *   server's time in milliseconds
 */
function createClient({
  baseUrl,
  login,
  isStaff = false,
  installation,
  subscribe = wxSubscribe,
  transport = pickTransport(),
  storage = pickStorage(),
  clock = Date.now,
  sleep = slept,
}) {
  const slot = (name) => createSlot(storage, `unionStation.${name}`);
  const http = createHttp({ baseUrl, transport, clock });
  const serverClock = createServerClock({ clock, slot: slot("clockOffset") });

  async function exchange(call) {
    const answer = await http(call);
    serverClock.learn(answer);
    const refusal = refusalOf(answer);
    if (refusal !== null) {
      throw refusal;
    }
    return answer.body;
  }

  const isDevice = installation !== undefined;
  const open = (code) => {
    const body = isDevice ? { code, installation } : isStaff ? { code, staff: true } : { code };
    return exchange({ method: "POST", path: `${API}/${isDevice ? "devices" : "sessions"}`, body });
  };
  const token = slot(isDevice ? "deviceToken" : isStaff ? "staffToken" : "token");
  const session = createSession({ login, open, slot: token });
  const bearer = isDevice ? { token: session.token, renewed: refusedForGood } : session;
  const request = createRequest({ exchange, session: bearer, sleep });
  const card = createKeptCard({ request, now: serverClock.now, slot: slot("card") });
  const keptStations = createKeptStations({ request, now: serverClock.now, slot });
  const clockOffset = () => serverClock.now() - clock();
  const calls = createCalls({ request, exchange, session, card, clockOffset });
  const keptScans = createKeptScans({ request, scanBatch: calls.scanBatch, storage });
  const messages = createMessages({ request, subscribe, now: serverClock.now });
  const visits = createVisits({ request, slot: slot("deviceName") });
  return Object.assign({ request, now: serverClock.now }, card, keptStations, keptScans, messages, visits, calls);
}

function createCalls({ request, exchange, session, card, clockOffset }) {
  return {
    /**
     * Logs in anew, or joins the login that is under way.
     * @returns {Promise<{token: string}>} the answer of POST /api/v1/sessions
     */
    signIn: session.signIn,

    /**
     * Forgets the session and the card here, then ends the session at the server.
     * @returns {Promise<void>}
     */
    signOut: async () => {
      const token = session.held();
      session.forget();
      card.forgetCard();
      if (token !== null) {
        await endSession(exchange, token);
      }
    },

    /** The token if there is one, such as a device's that was enrolled before. @returns {?string} */
    heldToken: session.held,

    /**
     * A device's token for another thirty days, which is kept.
     * @returns {Promise<{name: string, organisation: string, stations: {code: string, name: string}[]}>} the device
     */
    renewDevice: async () => {
      const answer = await request("POST", `${API}/devices/current/tokens`);
      session.keep(answer.token);
      return answer;
    },

    /**
     * Who scanned me, the latest first.
     * @param {{after: (string|undefined), limit: (number|undefined)}} [query] `after` is a page's `next`
     * @returns {Promise<{items: object[], next: ?string}>}
     */
    cardScans: (query) => request("GET", `${API}/card/scans`, { query }),

    /**
     * The stations where I checked in by name, the latest first; none without the consent to movements.
     * @param {{after: (string|undefined), limit: (number|undefined)}} [query] `after` is a page's `next`
     * @returns {Promise<{items: object[], next: ?string}>}
     */
    myVisits: (query) => request("GET", `${API}/check-ins`, { query }),

    /** Each purpose with its words and what I answered. @returns {Promise<{items: object[]}>} the notice first */
    consents: () => request("GET", `${API}/consents`),

    /**
     * Agrees to one purpose, or withdraws.
     * @param {{purpose: string, given: boolean, version: string}} answer the version of the words that were read
     * @returns {Promise<{items: object[]}>} all purposes, as they are then
     */
    answerConsent: (answer) => request("PUT", `${API}/consents`, { body: answer }),

    /** Everything that is stored of me; a few times a day. @returns {Promise<{parts: object[]}>} */
    exportMyData: () => request("GET", `${API}/members/me/export`),

    /** My requests for correction, the latest first. @returns {Promise<{items: object[]}>} */
    corrections: () => request("GET", `${API}/members/me/corrections`),

    /**
     * Asks for my name or ID document to be corrected; an officer checks it.
     * @param {{name: (string|undefined), document: (object|undefined)}} wanted one of the two
     * @param {string} idempotencyKey the same key again is the same request
     * @returns {Promise<object>} the request
     */
    askForCorrection: (wanted, idempotencyKey) =>
      request("POST", `${API}/members/me/corrections`, { body: wanted, idempotencyKey }),

    /**
     * Erases me for ever; without the word it only says, in the refusal's `details`, what would happen.
     * @param {string} [confirm] the word that the refusal names
     * @returns {Promise<object>} when, what is destroyed, what is kept
     */
    eraseMe: (confirm) => request("DELETE", `${API}/members/me`, { query: { confirm } }),

    /**
     * Stations, the most useful first; needs no login.
     * @param {{longitude: number, latitude: number, datum: "gcj02"|"wgs84"|"bd09",
     *   facilities: (string[]|undefined), onlyOpen: (boolean|undefined), at: (string|undefined),
     *   after: (string|undefined)}} query and what else the interface takes; `after` is a page's `next`, and `near`
     *   a name in place of the position
     * @returns {Promise<{items: object[], next: ?string, serverTime: string}>}
     */
    stationsNear: (query) => request("GET", `${API}/stations`, { query, isPublic: true }),

    /**
     * One station; needs no login.
     * @param {string} code on its sign
     * @returns {Promise<object>}
     */
    station: (code) => request("GET", `${API}/stations/${encodeURIComponent(code)}`, { isPublic: true }),

    /**
     * Reports a scan. It is repeated when the network fails: the same `scanId` gets the first answer. It is judged
     * by the moment of its arrival; scanners with a network that comes and goes have `openScanQueue`.
     * @param {{scanId: string, code: string, purpose: string}} scan and what else the purpose takes
     * @returns {Promise<object>} the verdict
     */
    scan: (scan) => request("POST", `${API}/scans`, { body: scan }),

    /**
     * Reports what was scanned without a network, at most 500, each with the `scannedAt` of this device's own
     * clock; how far that is off goes along. It is repeated when the network fails.
     * @param {object[]} scans each as for `scan`
     * @returns {Promise<{items: object[]}>} a result for each, in the order given: `stored` with its verdict, or
     *   `rejected` with the problem
     */
    scanBatch: (scans) => {
      const clockOffsetSeconds = Math.round(clockOffset()) / 1000;
      return request("POST", `${API}/scans/batch`, { body: { scans, clockOffsetSeconds } });
    },

    /**
     * Reads the codes in a picture of a card, where the device cannot; each is to be given to `scan` then.
     * @param {ArrayBuffer|Blob} content a JPEG, PNG or WebP picture
     * @returns {Promise<{codes: string[], others: number}>} the cards' codes in reading order, and how many codes
     *   of others there were
     */
    readPicture: (content) => {
      const upload = { type: "image/jpeg", content };
      return request("POST", `${API}/scans/picture`, { upload });
    },

    /**
     * Takes a scan of one's own back, within ten minutes of its arrival.
     * @param {string} scanId
     * @param {string} reason the holder reads it
     * @returns {Promise<object>} the verdict, and that it is undone
     */
    undoScan: (scanId, reason) => {
      const path = `${API}/scans/${encodeURIComponent(scanId)}`;
      return request("DELETE", path, { query: { reason } });
    },
  };
}

/** A device whose session is over is not logged in again: it tells so, and asks for another one-time code. */
async function refusedForGood(_token, refusal) {
  throw refusal;
}

/** A session that is over already is what was asked for. */
async function endSession(exchange, token) {
  const headers = { Authorization: `Bearer ${token}` };
  try {
    await exchange({ method: "DELETE", path: `${API}/sessions/current`, headers });
  } catch (error) {
    if (error.status !== UNAUTHENTICATED) {
      throw error;
    }
  }
}

function slept(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

module.exports = { createClient };
