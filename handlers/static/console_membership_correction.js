/** Correcting one entry of a membership: its right day, or, of the last one, that it never counted. */

import { byId } from "./console.js";
import { createDialog } from "./console_dialog.js";

const dialog = createDialog("correction");
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
  choose();
  dialog.open();
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
  const tell = after;
  const done = await dialog.send("POST", `${address}/corrections`, body, { "Idempotency-Key": key });
  if (done) {
    await tell(isDay ? `已更正：第 ${body.number} 条从 ${body.validOn} 起` : `已撤销第 ${body.number} 条`);
  } else {
    key = crypto.randomUUID();
  }
}

byId("correction-kind").addEventListener("change", choose);
byId("correction-form").addEventListener("submit", correct);
