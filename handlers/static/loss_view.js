/** A lost, stolen, copied or broken card: reported lost, given a new seed, its printed copies ended one by one. */

import { byId, make, say } from "./demo.js";
import { createOrder } from "./latest.js";

const PRINTS = "/api/v1/card/prints";
const REPORTED = "已挂失。";
const REISSUED = "已换发。以前的卡码和实体卡都已作废，现在是新的卡码。要实体卡，请到所在工会印制。";

/** What is offered for each: reporting the loss, which can be taken back, or at once a new seed, which cannot. */
const WORDS = {
  lost: "挂失：马上停用，找到了随时解除。换发：以前的卡码和实体卡永远作废，本机马上有新码。",
  stolen: "挂失：马上停用，找回了随时解除。换发：以前的卡码和实体卡永远作废，本机马上有新码。",
  leaked: "卡码每 30 秒更换，照片很快失效。不放心就换发：以前的卡码和实体卡永远作废。",
  damaged: "换发后，以前的卡码和实体卡都作废，再到所在工会印制新的实体卡。只想停用一张，在下面单独作废。",
};

/**
 * The part of the page about losses.
 * @param {{client: object, card: object}} options `card` is the card's view, which asks and tells
 */
export function createLossView({ client, card }) {
  const beginListing = createOrder();
  let isClosed = false;
  let key = crypto.randomUUID();

  function open() {
    byId("loss").hidden = false;
    byId("loss-prints").hidden = true;
    choose();
    byId("loss-title").focus({ preventScroll: true });
    byId("loss").scrollIntoView({ block: "start" });
    listPrints();
  }

  function close() {
    byId("loss").hidden = true;
  }

  const reason = () => byId("loss-reason").value;

  function choose() {
    const isFrozen = client.keptCard()?.state === "frozen";
    byId("loss-words").textContent = WORDS[reason()];
    byId("loss-report").hidden = isFrozen || !["lost", "stolen"].includes(reason());
  }

  async function listPrints() {
    const isLatest = beginListing();
    try {
      const { items } = await client.request("GET", PRINTS);
      const counting = items.filter(({ state }) => state === "issued");
      if (isLatest()) {
        byId("loss-prints").hidden = counting.length === 0;
        byId("loss-prints-list").replaceChildren(...counting.map(row));
      }
    } catch (error) {
      if (isLatest()) {
        say(byId("card-problem"), error.message);
      }
    }
  }

  function row({ number, issuedAt }) {
    const end = make("button", "", "作废");
    end.type = "button";
    end.setAttribute("aria-label", `作废第 ${number} 张实体卡`);
    end.onclick = () => endPrint(number);
    return make("li", "row", make("span", "row-words", `第 ${number} 张，${issuedAt.slice(0, 10)} 印制`), end);
  }

  async function endPrint(number) {
    const question = {
      title: `作废第 ${number} 张实体卡？`,
      words: "这一张马上不能再用，也不能恢复。手机上的卡和其他实体卡不受影响。",
      yes: "作废",
    };
    await card.change(question, () => client.request("DELETE", `${PRINTS}/${number}`), `第 ${number} 张实体卡已作废。`);
    await listPrints();
  }

  async function report() {
    const question = {
      title: "挂失这张卡？",
      words: "联网的扫码台马上不再接受这张卡和全部实体卡。找到了随时可以解除。",
      yes: "挂失",
    };
    settle(await card.change(question, () => client.freezeCard(reason()), REPORTED));
  }

  async function reissue() {
    const question = {
      title: "换发新的卡码？",
      words: "以前的卡码和实体卡马上永远作废。卡号和权益不变，本机马上显示新码。",
      yes: "换发",
    };
    settle(await card.change(question, () => client.reissueCard(reason(), key), REISSUED));
  }

  /** Leaves the panel open unless it was done: the same request may be sent again. */
  function settle(isDone) {
    if (isDone && !isClosed) {
      key = crypto.randomUUID();
      close();
    }
  }

  close();
  byId("loss-open").onclick = open;
  byId("loss-close").onclick = close;
  byId("loss-reason").onchange = choose;
  byId("loss-report").onclick = report;
  byId("loss-form").onsubmit = (event) => {
    event.preventDefault();
    reissue();
  };

  return {
    close: () => {
      isClosed = true;
      beginListing();
      close();
    },
  };
}
