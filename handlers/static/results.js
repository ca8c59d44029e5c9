/** Asking for the message that tells what became of an application, a transfer or a claim: one for each consent. */

import { byId, say } from "./demo.js";

const PURPOSES = ["membership_result"];

/**
 * WeChat shows its popup in answer to a tap alone: what may be asked for is learnt before.
 * @param {{client: object}} options
 */
export function createResults({ client }) {
  let wanted = [];

  /** Learns whether there is something to ask for. @returns {Promise<boolean>} */
  async function prepare() {
    try {
      wanted = await client.messagesToAskFor(PURPOSES);
    } catch (later) {
      wanted = [];
    }
    return wanted.length > 0;
  }

  /**
   * Asks, first thing after a tap, and once; whatever comes of it hinders nothing else.
   * @returns {Promise<function(): Promise<boolean>>} reports the answer once the notice is agreed to: whether it was yes
   */
  async function ask() {
    const asked = wanted;
    wanted = [];
    let answers = [];
    try {
      answers = asked.length > 0 ? await client.askFirst(asked) : [];
    } catch (notShown) {
      answers = [];
    }
    return async () => {
      try {
        return (await client.reportAnswers(answers)) > 0;
      } catch (later) {
        return false;
      }
    };
  }

  /**
   * Offers the question by a button, which is there while something may be asked for.
   * @param {string} id of the button; `ID-words` tells what was answered
   */
  async function offer(id) {
    say(byId(`${id}-words`), "");
    byId(id).hidden = !(await prepare());
    byId(id).onclick = async () => {
      byId(id).hidden = true;
      const isGranted = await (await ask())();
      say(byId(`${id}-words`), isGranted ? "好的，有结果时会用微信通知您。" : "没有同意，有结果时不会通知您。可以随时回到这里查看。");
    };
  }

  return { prepare, ask, offer };
}
