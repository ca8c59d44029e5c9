/** The card as it is shown: the code that changes every 30 seconds, made here, with a network or without. */

import { byId, say } from "./demo.js";
import { confirmed } from "./dialog.js";
import { copied } from "./clipboard.js";
import { serialWords } from "./words.js";

const { drawOnCanvas, drawQr } = window.UnionStation;

const TICK_MILLISECONDS = 250;
const CODE_SECONDS = 30;

/** The code's 25 modules and four of quiet zone on each side. */
const MODULES = 33;
const WIDEST_PIXELS = 297;
const MARGINS = 32;

const ABSENT = {
  card_revoked: ["卡已作废", "请到所在工会办理新卡。"],
  no_day_key: ["卡码需要更新", "本机存的卡码已用完（可离线 7 天）。请联网一次。"],
};

const LOST = ["lost", "stolen"];

/** Why a frozen card shows no code, and how it is let go. */
function frozenWords({ frozenFor, isHeld }) {
  if (isHeld) {
    return ["卡被工会冻结", "请带有效证件到所在工会办理，由工会解冻。", null];
  }
  return LOST.includes(frozenFor)
    ? ["卡已挂失", "联网的扫码台不再接受这张卡。找到了就解除挂失；找不到，请换发。", FOUND]
    : ["卡已冻结", "扫码台会拒绝这张卡。解冻后就能照常出示。", UNFREEZE];
}

/**
 * The card's part of the page.
 * @param {{client: object}} options
 */
export function createCardView({ client }) {
  let shownText = null;
  let isOnline = true;
  let isBusy = false;
  let suspension = null;

  function tick() {
    const kept = client.keptCard();
    byId("loss-open").hidden = kept === null || kept.isHeld || kept.state === "revoked" || suspension !== null;
    if (kept === null) {
      return;
    }
    if (suspension !== null) {
      shownText = null;
      absent(...suspension);
      return;
    }
    const { text, reason, secondsLeft } = client.cardCode();
    byId("card-shown").hidden = text === null;
    if (text === null) {
      shownText = null;
      if (reason === "card_frozen") {
        const [title, words, question] = frozenWords(kept);
        absent(title, words, { unfreezing: question });
      } else {
        absent(...ABSENT[reason]);
      }
      return;
    }
    byId("card-absent").hidden = true;
    byId("countdown-words").textContent = `${secondsLeft} 秒后更新`;
    byId("countdown-bar").style.width = `${(secondsLeft / CODE_SECONDS) * 100}%`;
    if (text !== shownText && isVisible()) {
      shownText = text;
      draw(text);
    }
  }

  /** The pixels between the card's margins: too few while the card is hidden, or the page is laid out anew. */
  const room = () => byId("card-shown").clientWidth - MARGINS;
  const isVisible = () => room() >= MODULES;

  function draw(text) {
    byId("serial").textContent = serialWords(client.keptCard().serial);
    byId("code-text").textContent = text;
    const canvas = byId("card-qr");
    const ratio = window.devicePixelRatio || 1;
    const widest = Math.min(WIDEST_PIXELS, room());
    const side = Math.floor((widest * ratio) / MODULES) * MODULES;
    canvas.width = side;
    canvas.height = side;
    canvas.style.width = `${side / ratio}px`;
    canvas.style.height = `${side / ratio}px`;
    drawOnCanvas(canvas.getContext("2d"), drawQr(text), side);
  }

  /** Shows why there is no code, and what to do. */
  function absent(title, words, { unfreezing = null, canRetry = false, toStations = false, toUnion = false } = {}) {
    byId("card-shown").hidden = true;
    byId("card-absent").hidden = false;
    byId("absent-title").textContent = title;
    byId("absent-words").textContent = words;
    byId("unfreeze").hidden = unfreezing === null;
    byId("unfreeze").textContent = unfreezing === null ? "" : unfreezing.button;
    byId("card-again").hidden = !canRetry;
    byId("to-stations").hidden = !toStations;
    byId("to-union").hidden = !toUnion;
  }

  /**
   * Changes the card, one change at a time, and says what went wrong.
   * @param {{title: string, words: string, yes: string}} question
   * @param {function(): Promise<*>} act
   * @param {string} [done] what is said afterwards
   * @returns {Promise<boolean>} whether it is done
   */
  async function change(question, act, done = "") {
    if (isBusy || !(await confirmed(question))) {
      return false;
    }
    isBusy = true;
    say(byId("card-problem"), "");
    say(byId("card-done"), "");
    try {
      await act();
      say(byId("card-done"), done);
      return true;
    } catch (error) {
      say(byId("card-problem"), error.message);
      return false;
    } finally {
      isBusy = false;
      tick();
    }
  }

  const redraw = () => {
    shownText = null;
    tick();
  };
  const timer = setInterval(tick, TICK_MILLISECONDS);
  window.addEventListener("resize", redraw);
  byId("freeze").onclick = () => change(FREEZE, () => client.freezeCard());
  byId("unfreeze").onclick = () => {
    const { reason, ...question } = LOST.includes(client.keptCard().frozenFor) ? FOUND : UNFREEZE;
    change(question, () => client.unfreezeCard(reason));
  };
  byId("copy-code").onclick = () => copyWithWords(byId("copy-code"), client.cardCode().text);

  return {
    absent,
    change,
    tick,
    /** Shows why the card does not count instead of its code, or the code again. @param {?Array} why as `absent` takes it */
    suspend: (why) => {
      suspension = why;
    },
    /** Says whether there is a network. @returns {boolean} whether that is news */
    setOnline: (isThere) => {
      const isNews = isThere !== isOnline;
      isOnline = isThere;
      byId("offline").hidden = isThere;
      return isNews;
    },
    close: () => {
      clearInterval(timer);
      window.removeEventListener("resize", redraw);
      byId("offline").hidden = true;
      byId("card-shown").hidden = true;
      byId("card-absent").hidden = true;
      byId("loss-open").hidden = true;
      say(byId("card-problem"), "");
      say(byId("card-done"), "");
    },
  };
}

const FREEZE = {
  title: "冻结这张卡？",
  words: "冻结后，联网的扫码台立刻不再接受它。手机丢了、码被人拍走时用。随时可以解冻。",
  yes: "冻结",
};
const UNFREEZE = { title: "解冻这张卡？", words: "解冻后可以照常出示。", yes: "解冻", button: "解冻卡片" };
const FOUND = {
  title: "解除挂失？",
  words: "确认手机和卡都在自己手里。解除后可以照常出示。",
  yes: "解除挂失",
  button: "找到了，解除挂失",
  reason: "found",
};
const COPIED_MILLISECONDS = 2000;

async function copyWithWords(button, text) {
  button.textContent = (await copied(text)) ? "已复制" : "请长按卡码复制";
  setTimeout(() => {
    button.textContent = "复制卡码";
  }, COPIED_MILLISECONDS);
}
