"use strict";

/** Subscription messages (订阅消息): WeChat asks the person, who grants one message each time. */

const SUBSCRIPTIONS = "/api/v1/subscriptions";

/** WeChat asks for so many templates at once. */
const MOST_AT_ONCE = 5;

/**
 * The calls about subscription messages.
 * @param {object} parts
 * @param {function(string, string, object=): Promise<*>} parts.request
 * @param {function(string[]): Promise<Object<string, string>>} parts.subscribe shows the popup for some templates, and
 *   gives `accept`, `reject`, `ban` or `filter` by the template's id
 * @param {function(): number} parts.now
 * @param {function(): number} [parts.random]
 */
function createMessages({ request, subscribe, now, random = Math.random }) {
  async function ask(wanted) {
    const given = await subscribe(wanted.map(({ templateId }) => templateId));
    return wanted
      .map(({ templateId }) => ({ templateId, answer: given[templateId] }))
      .filter(({ answer }) => answer !== undefined);
  }

  async function report(answers) {
    if (answers.length > 0) {
      await request("POST", SUBSCRIPTIONS, { body: { reportId: reportId(now(), random), answers } });
    }
    return answers.filter(({ answer }) => answer === "accept").length;
  }

  return {
    /**
     * What may be asked for: the templates of some purposes of which no message is granted. To be called before the
     * button is shown, because WeChat shows the popup in answer to a tap alone.
     * @param {string[]} purposes such as "membership_review"
     * @returns {Promise<{templateId: string, purpose: string}[]>} at most as many as one popup takes
     */
    messagesToAskFor: async (purposes) => {
      const { items } = await request("GET", SUBSCRIPTIONS);
      const wanted = items.filter(({ purpose, credits, standing }) => purposes.includes(purpose) && credits === 0 && !standing);
      return wanted.slice(0, MOST_AT_ONCE);
    },

    /**
     * Asks the person, and reports the answers. To be called from a tap.
     * @param {{templateId: string}[]} wanted as `messagesToAskFor` gave them
     * @returns {Promise<number>} how many were granted
     */
    askForMessages: async (wanted) => report(await ask(wanted)),

    /**
     * Asks the person, where the notice is agreed to by the same tap: the answers are reported once it is. To be called
     * from the tap, before anything is awaited.
     * @param {{templateId: string}[]} wanted as `messagesToAskFor` gave them
     * @returns {Promise<{templateId: string, answer: string}[]>} for `reportAnswers`
     */
    askFirst: ask,

    /**
     * Reports what was answered.
     * @param {{templateId: string, answer: string}[]} answers
     * @returns {Promise<number>} how many were granted
     */
    reportAnswers: report,
  };
}

/** A name of one popup, which nobody needs to guess; the server's time has fractions. */
const reportId = (at, random) => `popup-${Math.round(at).toString(36)}-${random().toString(36).slice(2, 12)}`;

/** The popup of a mini program. @param {string[]} tmplIds */
function wxSubscribe(tmplIds) {
  return new Promise((resolve, reject) => {
    wx.requestSubscribeMessage({ tmplIds, success: resolve, fail: reject });
  });
}

module.exports = { createMessages, wxSubscribe };
