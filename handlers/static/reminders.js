/** Asking staff for the messages that remind them of what waits: one for each consent, so asked for again. */

import { byId, say } from "./demo.js";
import { MESSAGES } from "./words.js";

/** Which messages each role gets. */
const PURPOSES = { officer: ["membership_review", "station_ticket"], station_staff: ["station_ticket"] };

/**
 * Shows the question where something may be asked for; without a network it is for the next time.
 * @param {object} client
 * @param {function(): boolean} isLatest whether the shift goes on that was begun with it
 * @returns {Promise<void>}
 */
export async function offerReminders(client, isLatest) {
  let wanted;
  try {
    const { roles } = await client.request("GET", "/api/v1/sessions/current");
    wanted = await client.messagesToAskFor(roles.flatMap((role) => PURPOSES[role] ?? []));
  } catch (later) {
    return;
  }
  if (!isLatest()) {
    return;
  }
  byId("reminders").hidden = wanted.length === 0;
  byId("reminders-ask").hidden = false;
  byId("reminders-words").textContent = `${wanted.map(({ purpose }) => MESSAGES[purpose]).join("、")}：微信每同意一次，提醒一次。`;
  byId("reminders-ask").onclick = () => ask(client, wanted);
}

async function ask(client, wanted) {
  try {
    const granted = await client.askForMessages(wanted);
    byId("reminders-ask").hidden = granted === wanted.length;
    say(byId("reminders-words"), granted > 0 ? "好的，下一次会用微信提醒您。" : "没有同意，有事时不会提醒您。需要时再点这里。");
  } catch (refused) {
    say(byId("reminders-words"), `没有办成：${refused.message || "请稍后再试"}`);
  }
}
