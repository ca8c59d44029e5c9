/** Where I have been: my own check-ins, asked for when the card's page is looked at. */

import { byId, make } from "./demo.js";
import { createOrder } from "./latest.js";
import { exactWords, localOf } from "./words.js";

const PRESENCES = { screen: "扫屏幕签到", staff: "工作人员扫卡", near: "扫标牌签到，定位相符", sign: "扫标牌签到" };
const NONE = "没有记名的签到。在“隐私与授权”里同意“驿站签到留名”后，您的签到列在这里，三十天后删除。";
const SOME = "三十天后删除。在“隐私与授权”里撤回同意，这里随即清空。";

/**
 * The list of visits.
 * @param {{client: object}} options
 */
export function createVisitsView({ client }) {
  const ends = new AbortController();
  const begin = createOrder();
  let isStarted = false;
  let next = null;

  async function load(after) {
    const isLatest = begin();
    try {
      const page = await client.myVisits(after ? { after } : {});
      if (isLatest()) {
        show(page, after !== undefined);
      }
    } catch (error) {
      if (isLatest()) {
        byId("visits-words").textContent = error.status === 0 ? "现在离线，联网后再看。" : error.message;
      }
    }
  }

  function show(page, isMore) {
    const now = localOf(client.now());
    const rows = page.items.map((visit) => row(visit, now));
    next = page.next;
    if (isMore) {
      byId("visits-list").append(...rows);
    } else {
      byId("visits-list").replaceChildren(...rows);
      byId("visits-words").textContent = rows.length > 0 ? SOME : NONE;
    }
    byId("visits-more").hidden = next === null;
  }

  const refresh = () => isStarted && document.visibilityState === "visible" && load();

  byId("visits-more").onclick = () => load(next);
  document.addEventListener("visibilitychange", refresh, { signal: ends.signal });
  document.querySelector(".tabs [data-view=card]").addEventListener("click", refresh, { signal: ends.signal });

  return {
    /** Begins to ask, once. */
    start: () => {
      byId("visits").hidden = false;
      if (!isStarted) {
        isStarted = true;
        load();
      }
    },
    close: () => {
      begin();
      ends.abort();
      byId("visits").hidden = true;
      byId("visits-list").replaceChildren();
    },
  };
}

function row(visit, now) {
  const time = make("time", "row-time", exactWords(visit.at, now).slice(0, -3));
  time.dateTime = visit.at;
  const words = make("div", "row-words", make("strong", "", visit.name));
  words.append(make("span", "", PRESENCES[visit.presence]));
  return make("li", "row", time, words);
}
