/** Who scanned me: asked for again every three seconds while the page is looked at. */

import { byId, make, say } from "./demo.js";
import { createOrder } from "./latest.js";
import { PURPOSES, REASONS, exactWords, localOf } from "./words.js";

const POLL_MILLISECONDS = 3000;
const FRESH_MILLISECONDS = 15000;
const PAGE = 20;
const MOST = 100;

const nameOf = ({ at, place, purpose }) => `${at} ${place} ${purpose}`;

/**
 * The list of scans.
 * @param {{client: object, onNetwork: function(boolean): void}} options `onNetwork` hears after each request
 *   whether there is a network
 */
export function createScansView({ client, onNetwork }) {
  const begin = createOrder();
  let timer = null;
  let isClosed = false;
  let limit = PAGE;
  let known = null;

  async function poll() {
    clearTimeout(timer);
    if (document.visibilityState === "visible") {
      await refresh();
    }
    if (!isClosed) {
      clearTimeout(timer);
      timer = setTimeout(poll, POLL_MILLISECONDS);
    }
  }

  async function refresh() {
    const isLatest = begin();
    try {
      const page = await client.cardScans({ limit });
      if (isLatest()) {
        show(page);
        onNetwork(true);
      }
    } catch (error) {
      if (isLatest()) {
        byId("scans-words").textContent = error.status === 0 ? "现在离线，联网后自动更新。" : error.message;
        onNetwork(error.status !== 0);
      }
    }
  }

  function show({ items, next }) {
    const now = localOf(client.now());
    const fresh = known === null ? [] : items.filter((scan) => !known.has(nameOf(scan)));
    byId("scans-words").textContent = items.length === 0 ? "还没有人扫过这张卡。" : "不是您本人出示的？可以先冻结卡片。";
    if (known === null || fresh.length > 0 || items.length !== known.size) {
      byId("scans-list").replaceChildren(...items.map((scan) => row(scan, now, fresh.includes(scan))));
    }
    if (fresh.length > 0 && limit === PAGE) {
      announce(fresh[0], now);
    }
    known = new Set(items.map(nameOf));
    byId("scans-more").hidden = next === null || limit >= MOST;
  }

  byId("scans-more").onclick = () => {
    limit = Math.min(MOST, limit + PAGE);
    known = null;
    poll();
  };

  return {
    /** Begins to ask, once. */
    start: () => {
      byId("scans").hidden = false;
      if (timer === null && !isClosed) {
        timer = setTimeout(poll, 0);
      }
    },
    close: () => {
      isClosed = true;
      begin();
      clearTimeout(timer);
      byId("scans").hidden = true;
      byId("scans-list").replaceChildren();
      say(byId("latest-scan"), "");
    },
  };
}

function row(scan, now, isFresh) {
  const moment = scan.dayOnly ? scan.at.slice(0, 10) : exactWords(scan.at, now);
  const time = make("time", "row-time", moment);
  time.dateTime = scan.at;
  const words = make("div", "row-words", make("strong", "", scan.place));
  words.append(make("span", "", `${scan.post} · ${PURPOSES[scan.purpose]}`));
  return make("li", isFresh && scan.outcome === "accepted" ? "row fresh" : "row", time, words, outcome(scan));
}

function outcome({ outcome: result, reason, undone }) {
  if (undone !== null) {
    return make("span", "mark wait", "已撤销");
  }
  if (result === "accepted") {
    return make("span", "mark good", "通过");
  }
  return make("span", result === "refused" ? "mark bad" : "mark wait", REASONS[reason]);
}

/** Tells the holder at once, above the code, where the eyes are. */
function announce(scan, now) {
  const result = scan.outcome === "accepted" ? "通过" : REASONS[scan.reason];
  const notice = byId("latest-scan");
  const words = make("p", "", `${PURPOSES[scan.purpose]}：${result}（${exactWords(scan.at, now)}）`);
  notice.replaceChildren(make("strong", "", `${scan.place}扫了您的卡`), words);
  notice.className = scan.outcome === "accepted" ? "notice fresh" : "notice";
  notice.hidden = false;
  setTimeout(() => {
    notice.hidden = notice.hidden || notice.contains(words);
  }, FRESH_MILLISECONDS);
}
