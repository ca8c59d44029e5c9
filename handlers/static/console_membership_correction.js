/** Correcting one entry of a membership: its right day, or, of the last one, that it never counted. */

import { askHere, byId, say } from "./console.js";

let entry = null;
let address = "";
let after = null;
let key = "";

/**
 * Opens the dialog.
 * @param {{one: object, mayCancel: boolean, path: string, words: Object<string, string>,
 *   done: function(string): Promise<void>}} asked the entry, its membership's address, and what hears of the end
 */
export function openCorrection({ one, mayCancel, path, words, done }) {
  [entry, address, after, key] = [one, path, done, crypto.randomUUID()];
  byId("correction-words").textContent = `第 ${one.number} 条：${words[one.event]}，从 ${one.validOn} 起。原来的记录会留着，当时的统计也不变。`;
  byId("correction-form").reset();
  byId("correction-kind").options[1].disabled = !mayCancel;
  byId("correction-kind").options[1].hidden = !mayCancel;
  say(byId("correction-problem"), "");
  choose();
  byId("correction").showModal();
}

function choose() {
  const isDay = byId("correction-kind").value === "day";
  byId("correction-day").hidden = !isDay;
  byId("right-day").required = isDay;
}

async function correct(event) {
  event.preventDefault();
  const isDay = byId("correction-kind").value === "day";
  const body = { number: entry.number, ...(isDay ? { validOn: byId("right-day").value } : { cancels: true }) };
  const headers = { "Idempotency-Key": key };
  const done = await askHere(byId("correction-problem"), "POST", `${address}/corrections`, body, headers);
  if (done) {
    byId("correction").close();
    await after(isDay ? `已更正：第 ${entry.number} 条从 ${body.validOn} 起` : `已撤销第 ${entry.number} 条`);
  } else {
    key = crypto.randomUUID();
  }
}

byId("correction-kind").addEventListener("change", choose);
byId("correction-form").addEventListener("submit", correct);
byId("correction-close").addEventListener("click", () => byId("correction").close());
