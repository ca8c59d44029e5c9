/** The desk of a staff member who is signed in: the verdict, the queue, and the shift's scans. */

import { byId, say } from "./demo.js";
import { createHistory } from "./history.js";
import { createOrder } from "./latest.js";
import { STANDINGS, skewWords, visitWords } from "./words.js";

const LONGEST_TEXT = 512;
const RETRY_MILLISECONDS = 4000;

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
 * @param {{client: object, sounds: object, title: string,
 *   place: {current: function(): {purpose: string, station: (string|undefined)}}}} options
 */
export function createDesk({ client, sounds, title, place }) {
  const history = createHistory(client.now);
  const begin = createOrder();
  let latest = null;
  let isOver = false;

  const queue = client.openScanQueue({
    onAnswer: (scan, verdict) => settle(scan, { kind: KINDS[verdict.outcome], verdict }),
    onRefusal: (scan, error) => settle(scan, { kind: "refused", words: "未受理", step: error.message }),
    onFailure: (scan, error) => settle(scan, { kind: "waiting", words: "已存下，待上传", step: stepAfter(error) }),
    onWaiting: (count) => say(byId("queue"), queueWords(count)),
  });
  const timer = setInterval(queue.upload, RETRY_MILLISECONDS);
  window.addEventListener("online", queue.upload);

  function settle(scan, outcome) {
    const result = Object.assign({ isVisit: scan.purpose === "check_in" }, outcome);
    const isNews = history.note(scan, result);
    if (scan.scanId === latest && isNews) {
      showVerdict(result);
      sounds.play(result.kind);
    }
  }

  /** Turns to what is shown from now on: a scan, or null for what is none. @returns {function(): boolean} whether it still is */
  function turnTo(scanId) {
    latest = scanId;
    return begin();
  }

  /** Says what became of something that is no scan. */
  function tell(result) {
    turnTo(null);
    showVerdict(result);
    sounds.play(result.kind);
  }

  async function readPicture(picture, isLatest) {
    showVerdict({ kind: "reading" });
    try {
      return await client.readPicture(await picture);
    } catch (error) {
      if (isLatest()) {
        tell({ kind: "attention", words: "图片没有识别", step: error.message });
      }
      return null;
    }
  }

  byId("staff-words").textContent = title;
  showVerdict({ kind: "idle" });
  queue.upload();

  const desk = {
    /** Takes what was scanned, pasted or typed. @param {string} text */
    scan: (text) => {
      const code = codeOf(text);
      if (code === "") {
        return;
      }
      if (code.length > LONGEST_TEXT) {
        tell({ kind: "refused", words: "不是会员卡码", step: "内容太长。请扫“互助服务卡”页面上的码" });
        return;
      }
      const scannedAt = new Date().toISOString();
      const scan = Object.assign({ scanId: newScanId(), code, scannedAt }, place.current());
      turnTo(scan.scanId);
      showVerdict({ kind: "checking" });
      queue.add(scan);
    },
    /** Says that something was shown which is not ours; it is not even told what. */
    refuseOther: () => tell(NOT_OURS),
    /** Scans the codes in a picture; one without any is not told once something else was scanned. @param {Promise<Blob>} picture */
    scanPicture: async (picture) => {
      const isLatest = turnTo(null);
      const found = await readPicture(picture, isLatest);
      if (found === null || isOver) {
        return;
      }
      found.codes.forEach(desk.scan);
      if (found.codes.length === 0 && isLatest()) {
        tell(found.others > 0 ? NOT_OURS : NO_CODE);
      }
    },
    signOut: () => {
      isOver = true;
      queue.close();
      clearInterval(timer);
      window.removeEventListener("online", queue.upload);
      history.forget();
      return client.signOut();
    },
  };
  return desk;
}

function stepAfter({ status, message }) {
  if (status === 401) {
    return `${message}：请刷新本页，登录或登记后自动上传`;
  }
  return status === 0 ? "网络恢复后自动上传并核验，可以先扫下一位" : message;
}

function queueWords(count) {
  return count === 0 ? "" : `${count} 条扫码已存在本机，等网络恢复自动上传`;
}

/** A verdict's colour and sound, by its outcome. */
const KINDS = { accepted: "accepted", refused: "refused", needs_attention: "attention", review: "attention" };

const IDLE = {
  idle: ["请扫会员卡", "结果会显示在这里"],
  checking: ["正在核验…", ""],
  reading: ["正在识别图片…", ""],
};

const NOT_OURS = {
  kind: "refused",
  words: "不是会员卡码",
  step: "看到的码不是会员卡的，内容没有留存。请对方打开“互助服务卡”页面",
};
const NO_CODE = {
  kind: "attention",
  words: "没有读到码",
  step: "请靠近些、对准焦、避开反光再拍一张，或请对方把屏幕调亮",
};

/** Shows a result: its colour is its kind, its words say the same. */
function showVerdict(result) {
  const { kind, verdict, words = "", step = "" } = result;
  byId("verdict").className = `verdict ${kind}`;
  const [idleWord, idleStep] = IDLE[kind] || [words, step];
  byId("verdict-word").textContent = verdict ? verdict.message : idleWord;
  const holder = (verdict && verdict.holder) || { name: "", standing: "" };
  say(byId("verdict-name"), holder.name || "");
  const isShown = kind === "accepted" || kind === "attention";
  say(byId("verdict-standing"), (isShown && STANDINGS[holder.standing]) || "");
  say(byId("verdict-visit"), visitWords(result));
  byId("verdict-step").textContent = verdict ? verdict.nextStep + skewWords(verdict.skewSeconds) : idleStep;
}
