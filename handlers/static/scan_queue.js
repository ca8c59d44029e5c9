/**
 * Scans on their way: each is written down before it is sent, and stays until the server has answered it. A scan
 * is sent with the `scanId` it was made with, however often, so that it counts once.
 *
 * Each lies under a key of its own, so that two windows never write over each other's.
 */

const RETRY_MILLISECONDS = 4000;
const KEY = "waiting.";

/** Answers that speak of the moment and not of the scan: it is sent again later. */
const isForNow = ({ status }) => [0, 401, 403, 408, 429].includes(status) || status >= 500;

/**
 * The queue.
 * @param {object} parts
 * @param {function(object): Promise<object>} parts.send one scan, resolves to its verdict
 * @param {object} parts.storage from `storageOf`
 * @param {function(object, object): void} parts.onAnswer the scan and its verdict
 * @param {function(object, Error): void} parts.onRefusal the server will never take this scan
 * @param {function(object, Error): void} parts.onFailure not now; it is sent again
 * @param {function(object[]): void} parts.onChange the scans that failed at least once and wait
 */
export function createScanQueue({ send, storage, onAnswer, onRefusal, onFailure, onChange }) {
  const waiting = new Map(keptScans(storage).map((scan) => [scan.scanId, scan]));
  const underway = new Set();
  let isClosed = false;

  async function deliver(scan) {
    if (isClosed || underway.has(scan.scanId)) {
      return;
    }
    underway.add(scan.scanId);
    try {
      const verdict = await send(scan);
      settled(scan);
      tell(onAnswer, scan, verdict);
    } catch (error) {
      failed(scan, error);
    } finally {
      underway.delete(scan.scanId);
      tell(onChange, Array.from(waiting.values()));
    }
  }

  function failed(scan, error) {
    if (isForNow(error)) {
      waiting.set(scan.scanId, scan);
      tell(onFailure, scan, error);
    } else {
      settled(scan);
      tell(onRefusal, scan, error);
    }
  }

  function settled(scan) {
    waiting.delete(scan.scanId);
    storage.remove(KEY + scan.scanId);
  }

  function tell(callback, ...news) {
    if (!isClosed) {
      callback(...news);
    }
  }

  function retry() {
    onChange(Array.from(waiting.values()));
    waiting.forEach(deliver);
  }

  const timer = setInterval(retry, RETRY_MILLISECONDS);
  window.addEventListener("online", retry);

  return {
    /** Writes a scan down, then sends it. @param {object} scan with its `scanId` */
    add: (scan) => {
      storage.set(KEY + scan.scanId, JSON.stringify(scan));
      deliver(scan);
    },
    /** Sends all that wait, those of an earlier start too. */
    retry,
    close: () => {
      isClosed = true;
      clearInterval(timer);
      window.removeEventListener("online", retry);
    },
  };
}

function keptScans(storage) {
  const keys = storage.keys().filter((key) => key.startsWith(KEY));
  return keys.map((key) => JSON.parse(storage.get(key)));
}
