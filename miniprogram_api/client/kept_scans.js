"use strict";

/**
 * Scans on their way: each is written down before it is sent, and stays until the server's result for it is here.
 *
 * A fresh scan goes alone, once, for the server judges it by the moment of its arrival. One that found no network
 * is late: it goes with all others that wait, in the order in which they were scanned, and is judged by the
 * scanner's clock. It keeps the `scanId` that it was made with, so that however often it is sent it counts once,
 * and the first answer is its answer.
 *
 * Each lies under a key of its own, so that two windows never write over each other's.
 */

const SCANS = "/api/v1/scans";
const KEY = "unionStation.waiting.";

/** As many as the server takes at once. */
const LARGEST_BATCH = 500;

/** A scan of a batch that was refused for the moment only: too many typed numbers in this minute. */
const PROBLEMS_OF_THE_MOMENT = ["too_many_requests"];

/** Answers that speak of the moment and not of the scan: it is sent again later. */
const isForNow = ({ status }) => [0, 401, 403, 408, 429].includes(status) || status >= 500;

/**
 * @typedef {object} ScanListener
 * @property {function(object, object): void} onAnswer the scan and its verdict
 * @property {function(object, {message: string}): void} onRefusal the server will never take this scan
 * @property {function(object, Error): void} onFailure not now; it waits, and is sent again
 * @property {function(number): void} onWaiting how many wait, after each change
 *
 * @typedef {object} ScanQueue
 * @property {function(object): Promise<void>} add writes a scan down, with its `scanId` and the `scannedAt` of this
 *   device's own clock, and sends it at once; the first that meets no network is tried again at once as a late one
 * @property {function(): Promise<void>} upload sends all that wait, those of an earlier start too; to be called at
 *   the start, every few seconds, and when the network is back
 * @property {function(): void} close nothing is told any more; what has no result yet stays for the next start
 */

/**
 * The part of a scanner's client that keeps scans.
 * @param {object} parts
 * @param {function(string, string, object=): Promise<*>} parts.request
 * @param {function(object[]): Promise<{items: object[]}>} parts.scanBatch
 * @param {import("./storage.js").Storage} parts.storage
 */
function createKeptScans({ request, scanBatch, storage }) {
  const scanOnce = (scan) => request("POST", SCANS, { body: scan, isOnce: true });
  const shelf = createShelf(storage);
  return {
    /**
     * Takes up what waits, and delivers it and all that is added. It never rejects: all news go to the listener.
     * @param {ScanListener} listener
     * @returns {ScanQueue}
     */
    openScanQueue: (listener) => openQueue({ scanOnce, scanBatch, shelf, listener }),
  };
}

function openQueue({ scanOnce, scanBatch, shelf, listener }) {
  const kept = new Map(shelf.all().map((scan) => [scan.scanId, scan]));
  const alone = new Set();
  let isUploading = false;
  let isClosed = false;

  const waiting = () => Array.from(kept.values()).filter(({ scanId }) => !alone.has(scanId));

  function tell(name, ...news) {
    if (!isClosed) {
      listener[name](...news);
    }
  }

  /** What ends after the queue was closed stays on the shelf: its result has not been seen. */
  function settle(scan, name, news) {
    if (!isClosed) {
      kept.delete(scan.scanId);
      shelf.remove(scan);
      tell(name, scan, news);
    }
  }

  function take(scan, item) {
    if (item.status === "stored") {
      settle(scan, "onAnswer", item.scan);
    } else if (PROBLEMS_OF_THE_MOMENT.includes(item.problem.code)) {
      tell("onFailure", scan, item.problem);
    } else {
      settle(scan, "onRefusal", item.problem);
    }
  }

  /** Says whether there was an answer. */
  async function sendAlone(scan) {
    alone.add(scan.scanId);
    const { answer, error } = await outcomeOf(scanOnce(scan));
    alone.delete(scan.scanId);
    if (error === undefined) {
      settle(scan, "onAnswer", answer);
    } else if (isForNow(error)) {
      tell("onFailure", scan, error);
    } else {
      settle(scan, "onRefusal", error);
    }
    tell("onWaiting", waiting().length);
    return error === undefined || error.status !== 0;
  }

  /** Says whether the next batch may go. A batch that was refused as a whole says nothing of any one scan. */
  async function sendBatch(scans) {
    const { answer, error } = await outcomeOf(scanBatch(scans));
    if (error === undefined) {
      answer.items.forEach((item, place) => take(scans[place], item));
    } else {
      scans.forEach((scan) => tell("onFailure", scan, error));
    }
    tell("onWaiting", waiting().length);
    return error === undefined;
  }

  async function upload() {
    if (isUploading) {
      return;
    }
    isUploading = true;
    tell("onWaiting", waiting().length);
    const tried = new Set();
    const untried = () => waiting().filter(({ scanId }) => !tried.has(scanId)).slice(0, LARGEST_BATCH);
    let goesOn = true;
    for (let batch = untried(); goesOn && !isClosed && batch.length > 0; batch = untried()) {
      batch.forEach(({ scanId }) => tried.add(scanId));
      goesOn = await sendBatch(batch);
    }
    isUploading = false;
  }

  return {
    add: async (scan) => {
      kept.set(scan.scanId, scan);
      shelf.put(scan);
      const isAnswered = await sendAlone(scan);
      if (!isAnswered && kept.size === 1) {
        await upload();
      }
    },
    upload,
    close: () => {
      isClosed = true;
    },
  };
}

/** The answer of a call, or the error that it rejected with. */
const outcomeOf = (call) => call.then((answer) => ({ answer }), (error) => ({ error }));

/** Where scans lie until they are answered. A storage that is full or forbidden never stops the scanner. */
function createShelf(storage) {
  const tried = (action, otherwise) => {
    try {
      return action();
    } catch (failure) {
      // What could not be kept is still there until the program ends.
      return otherwise;
    }
  };
  const keys = () => storage.keys().filter((key) => key.startsWith(KEY));
  return {
    /** In the order in which they were scanned; what is spoilt is none. */
    all: () =>
      tried(keys, [])
        .map((key) => tried(() => JSON.parse(storage.get(key)), null))
        .filter((scan) => scan !== null)
        .sort((one, other) => (one.scannedAt < other.scannedAt ? -1 : 1)),
    put: (scan) => tried(() => storage.set(KEY + scan.scanId, JSON.stringify(scan))),
    remove: (scan) => tried(() => storage.remove(KEY + scan.scanId)),
  };
}

module.exports = { createKeptScans };
