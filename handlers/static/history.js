/** The shift's scans, the latest first. They outlive a reload of the page, not its window. */

import { byId, make, tabStorage } from "./demo.js";
import { exactWords, localOf, visitWords } from "./words.js";

const KEY = "scanner.history";
const MOST_KEPT = 1000;

/** As many as wait for the network at most in one batch: each one's result is seen at its row. */
const MOST_SHOWN = 500;
const MARKS = {
  accepted: ["good", "通过"],
  refused: ["bad", "拒绝"],
  attention: ["wait", "须核对"],
  waiting: ["wait", "待上传"],
};

/**
 * @typedef {object} Result
 * @property {"accepted"|"refused"|"attention"|"waiting"} kind
 * @property {object} [verdict] the server's
 * @property {string} [words] what is said where there is no verdict, and `step` what to do next
 * @property {boolean} [isVisit] the scan was to be a visit
 */

/**
 * The history.
 * @param {function(): number} now the server's time, milliseconds
 */
export function createHistory(now) {
  const results = new Map(JSON.parse(tabStorage.get(KEY)) || []);
  const rows = new Map();
  const changed = new Set(results.keys());

  /** Shows what changed alone: near the end of a long shift a scan must cost no more than at its beginning. */
  function show() {
    const at = localOf(now());
    for (const scanId of changed) {
      const fresh = row(results.get(scanId), at);
      if (rows.has(scanId)) {
        rows.get(scanId).replaceWith(fresh);
      } else {
        byId("history").prepend(fresh);
      }
      rows.set(scanId, fresh);
    }
    changed.clear();
    while (byId("history").childElementCount > MOST_SHOWN) {
      byId("history").lastElementChild.remove();
    }
    byId("totals").replaceChildren(...totals(Array.from(results.values())));
  }

  /** A batch settles up to 500 scans at once: they are kept and shown together. */
  function settle() {
    if (changed.size > 0) {
      tabStorage.set(KEY, JSON.stringify(Array.from(results).slice(-MOST_KEPT)));
      show();
    }
  }

  byId("history").replaceChildren();
  show();
  return {
    /**
     * Notes what became of a scan.
     * @param {{scanId: string, scannedAt: string}} scan
     * @param {Result} result
     * @returns {boolean} whether that is news
     */
    note: ({ scanId, scannedAt }, result) => {
      const before = results.get(scanId);
      const after = Object.assign({ scannedAt }, result);
      if (before === undefined || JSON.stringify(before) !== JSON.stringify(after)) {
        results.set(scanId, after);
        changed.add(scanId);
        queueMicrotask(settle);
      }
      return before === undefined || before.kind !== result.kind;
    },
    forget: () => tabStorage.remove(KEY),
  };
}

function row(result, now) {
  const { scannedAt, kind, verdict, words, step } = result;
  const [tone, mark] = MARKS[kind];
  const name = verdict && verdict.holder && verdict.holder.name;
  const reason = verdict ? verdict.message : words;
  const text = make("div", "row-words", make("strong", "", name || reason));
  if ((kind === "refused" || kind === "attention") && (name || !verdict)) {
    text.append(make("span", "", name ? reason : step));
  }
  if (result.isVisit) {
    text.append(make("span", "", visitWords(result)));
  }
  const time = make("time", "row-time", exactWords(localOf(Date.parse(scannedAt)), now));
  return make("li", "row", time, text, make("span", `mark ${tone}`, mark));
}

function totals(results) {
  const count = (kind) => results.filter((one) => one.kind === kind).length;
  return Object.entries(MARKS).map(([kind, [tone, mark]]) =>
    make("span", tone, `${mark} `, make("b", "", String(count(kind))))
  );
}
