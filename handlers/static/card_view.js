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

const ABSENT = {
  card_frozen: ["卡已冻结", "扫码台会拒绝这张卡。解冻后就能照常出示。"],
  card_revoked: ["卡已作废", "请到所在工会办理新卡。"],
  no_day_key: ["卡码需要更新", "本机存的卡码已用完（可离线 7 天）。请联网一次。"],
};

/**
 * The card's part of the page.
 * @param {{client: object}} options
 */
export function createCardView({ client }) {
  let shownText = null;
  let isOnline = true;
  let isBusy = false;

  function tick() {
    if (client.keptCard() === null) {
      return;
    }
    const { text, reason, secondsLeft } = client.cardCode();
    byId("card-shown").hidden = text === null;
    if (text === null) {
      shownText = null;
      absent(...ABSENT[reason], { canUnfreeze: reason === "card_frozen" });
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

  /** Whether the card is the view that is shown: a hidden one has no width to draw in. */
  const isVisible = () => byId("card-shown").clientWidth > 0;

  function draw(text) {
    byId("serial").textContent = serialWords(client.keptCard().serial);
    byId("code-text").textContent = text;
    const canvas = byId("card-qr");
    const ratio = window.devicePixelRatio || 1;
    const widest = Math.min(WIDEST_PIXELS, byId("card-shown").clientWidth - 32);
    const side = Math.floor((widest * ratio) / MODULES) * MODULES;
    canvas.width = side;
    canvas.height = side;
    canvas.style.width = `${side / ratio}px`;
    canvas.style.height = `${side / ratio}px`;
    drawOnCanvas(canvas.getContext("2d"), drawQr(text), side);
  }

  /** Shows why there is no code, and what to do. */
  function absent(title, words, { canUnfreeze = false, canRetry = false, toStations = false, toUnion = false } = {}) {
    byId("card-shown").hidden = true;
    byId("card-absent").hidden = false;
    byId("absent-title").textContent = title;
    byId("absent-words").textContent = words;
    byId("unfreeze").hidden = !canUnfreeze;
    byId("card-again").hidden = !canRetry;
    byId("to-stations").hidden = !toStations;
    byId("to-union").hidden = !toUnion;
  }

  /** Changes the card, one change at a time, and says what went wrong. */
  async function change(question, act) {
    if (isBusy || !(await confirmed(question))) {
      return;
    }
    isBusy = true;
    say(byId("card-problem"), "");
    try {
      await act();
    } catch (error) {
      say(byId("card-problem"), error.message);
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
  byId("freeze").onclick = () => change(FREEZE, client.freezeCard);
  byId("unfreeze").onclick = () => change(UNFREEZE, client.unfreezeCard);
  byId("copy-code").onclick = () => copyWithWords(byId("copy-code"), client.cardCode().text);

  return {
    absent,
    tick,
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
      say(byId("card-problem"), "");
    },
  };
}

const FREEZE = {
  title: "冻结这张卡？",
  words: "冻结后，联网的扫码台立刻不再接受它。手机丢了、码被人拍走时用。随时可以解冻。",
  yes: "冻结",
};
const UNFREEZE = { title: "解冻这张卡？", words: "解冻后可以照常出示。", yes: "解冻" };
const COPIED_MILLISECONDS = 2000;

async function copyWithWords(button, text) {
  button.textContent = (await copied(text)) ? "已复制" : "请长按卡码复制";
  setTimeout(() => {
    button.textContent = "复制卡码";
  }, COPIED_MILLISECONDS);
}
