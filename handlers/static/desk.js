/** The desk of a staff member who is signed in: the verdict, the queue, and the shift's scans. */

import { byId, make, say } from "./demo.js";
import { createScanQueue } from "./scan_queue.js";
import { STANDINGS, exactWords, localOf, skewWords } from "./words.js";

const LONGEST_TEXT = 512;
const SHOWN_ROWS = 50;

/**
 * Brings what a scanner read to one form: any width, any case, no spaces or line ends.
 * @param {string} text
 */
export const codeOf = (text) => text.normalize("NFKC").replace(/\s+/g, "").toUpperCase();

/** A name for one scan, made once: the same scan sent again keeps it. */
function newScanId() {
  const octets = crypto.getRandomValues(new Uint8Array(12));
  return `scan-${Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * The desk.
 * @param {{client: object, storage: object, sounds: object, place: string}} options
 */
export function createDesk({ client, storage, sounds, place }) {
  const rows = new Map();
  let latest = null;

  const queue = createScanQueue({
    send: client.scan,
    storage,
    onAnswer: (scan, verdict) => settle(scan, { kind: verdict.outcome, verdict }),
    onRefusal: (scan, error) => settle(scan, { kind: "refused", words: "未受理", step: error.message }),
    onFailure: (scan, error) => settle(scan, { kind: "waiting", words: "已存下，待上传", step: error.message }),
    onChange: (scans) => say(byId("queue"), queueWords(scans.length)),
  });

  function settle(scan, result) {
    const before = rows.get(scan.scanId);
    const isNews = !before || before.kind !== result.kind;
    rows.set(scan.scanId, Object.assign({ scan }, result));
    showRows();
    if (scan.scanId === latest && isNews) {
      showVerdict(result);
      sounds.play(result.kind);
    }
  }

  function showRows() {
    const now = localOf(client.now());
    const newest = Array.from(rows.values()).reverse();
    byId("history").replaceChildren(...newest.slice(0, SHOWN_ROWS).map((one) => rowOf(one, now)));
    byId("totals").replaceChildren(...totalsOf(newest));
  }

  byId("staff-words").textContent = place;
  showVerdict({ kind: "idle" });
  showRows();
  queue.retry();

  return {
    /** Takes what was scanned, pasted or typed. @param {string} text */
    scan: (text) => {
      const code = codeOf(text);
      if (code === "") {
        return;
      }
      if (code.length > LONGEST_TEXT) {
        showVerdict({ kind: "refused", words: "不是会员卡码", step: "内容太长。请扫“互助服务卡”页面上的码" });
        sounds.play("refused");
        return;
      }
      const scannedAt = new Date().toISOString();
      const scan = { scanId: newScanId(), code, purpose: "identify", scannedAt };
      latest = scan.scanId;
      showVerdict({ kind: "checking" });
      queue.add(scan);
    },
    signOut: client.signOut,
    close: queue.close,
  };
}

function queueWords(count) {
  return count === 0 ? "" : `${count} 条扫码已存在本机，等网络恢复自动上传`;
}

const IDLE = { idle: ["请扫会员卡", "结果会显示在这里"], checking: ["正在核验…", ""] };

/** Shows a result: its colour is its kind, its words say the same. */
function showVerdict({ kind, verdict, words = "", step = "" }) {
  byId("verdict").className = `verdict ${kind}`;
  const [idleWord, idleStep] = IDLE[kind] || [words, step];
  byId("verdict-word").textContent = verdict ? verdict.message : idleWord;
  say(byId("verdict-name"), verdict ? holderWords(verdict) : "");
  byId("verdict-step").textContent = verdict ? verdict.nextStep + skewWords(verdict.skewSeconds) : idleStep;
}

function holderWords({ holder, outcome }) {
  if (holder === null || holder.name === null) {
    return "";
  }
  return outcome === "accepted" ? `${holder.name}　${STANDINGS[holder.standing]}` : holder.name;
}

const MARKS = { accepted: ["good", "通过"], refused: ["bad", "拒绝"], waiting: ["wait", "待上传"] };

function rowOf({ scan, kind, verdict, words, step }, now) {
  const [tone, mark] = MARKS[kind];
  const name = verdict && verdict.holder ? verdict.holder.name : null;
  const reason = verdict ? verdict.message : [words, step].join("：");
  const text = make("div", "row-words", make("strong", "", name || reason));
  if (name && kind !== "accepted") {
    text.append(make("span", "", reason));
  }
  const at = localOf(Date.parse(scan.scannedAt));
  const time = make("time", "row-time", exactWords(at, now));
  return make("li", "row", time, text, make("span", `mark ${tone}`, mark));
}

function totalsOf(results) {
  const count = (kind) => results.filter((one) => one.kind === kind).length;
  return Object.entries(MARKS).map(([kind, [tone, mark]]) =>
    make("span", tone, `${mark} `, make("b", "", String(count(kind))))
  );
}
