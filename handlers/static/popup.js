/** WeChat's popup of subscription messages, as the simulated phone shows it. */

import { demoPost } from "./demo.js";
import { confirmed } from "./dialog.js";
import { MESSAGES } from "./words.js";

/**
 * What `wx.requestSubscribeMessage` is on a person's phone; there a template's id is its purpose.
 * @param {string} person the demo person's key
 * @returns {function(string[]): Promise<Object<string, string>>}
 */
export const popupOf = (person) => async (templates) => {
  const isGranted = await confirmed({
    title: "微信弹窗（模拟）",
    words: `“工会驿站”申请给您发送：${templates.map((one) => MESSAGES[one] ?? one).join("、")}`,
    yes: "允许",
  });
  const answers = Object.fromEntries(templates.map((one) => [one, isGranted ? "accept" : "reject"]));
  await demoPost("/demo/popups", { person, answers });
  return answers;
};
