/** A member's card in an officer's hands: its state, freezing, reissuing, printing. */

import { ask, byId, make, saveFile, timeOf } from "./console.js";
import { createDialog } from "./console_dialog.js";
import { CARD_REASONS, CARD_STATES } from "./console_words.js";

const dialog = createDialog("card");
let member = null;
let card = null;
let key = "";

/** Opens a member's card. */
export async function openCard(one) {
  [member, card, key] = [one, null, crypto.randomUUID()];
  byId("card-title").textContent = `${one.name} 的卡`;
  byId("card-facts").replaceChildren();
  byId("card-form").hidden = true;
  dialog.open();
  show(await dialog.ask("GET", path()));
}

const path = (more = "") => `/api/v1/staff/members/${member.id}/card${more}`;

function show(answer) {
  if (!answer) {
    return;
  }
  card = answer;
  const events = card.events.map((event) => [
    timeOf(event.at),
    `${event.by === "staff" ? "工会" : "本人"}${event.seedVersion ? "换发" : CARD_STATES[event.state].act}${event.reason ? `（${CARD_REASONS[event.reason]}）` : ""}`,
  ]);
  const counting = card.prints.filter((one) => one.state === "issued").length;
  const facts = [
    ["卡号", `${card.serial.slice(0, 5)}-${card.serial.slice(5)}`],
    ["状态", CARD_STATES[card.state].words + (card.isHeld ? "（只能由工会解冻）" : "")],
    ["实体卡", `${counting} 张有效`],
    ...events,
  ];
  byId("card-facts").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
  byId("card-form").hidden = card.state === "revoked";
  byId("card-choice").value = card.state === "frozen" ? "active" : "frozen";
  choose();
}

/** Offers the reasons that fit what is to be done. */
function choose() {
  const kind = byId("card-choice").value;
  for (const option of byId("card-reason").options) {
    option.hidden = !option.dataset.for.split(" ").includes(kind);
  }
  byId("card-reason").value = [...byId("card-reason").options].find((option) => !option.hidden)?.value ?? "";
  byId("card-why").hidden = kind === "print";
}

/** Saves the sheet to print, and asks for the card, which has one more copy now. */
async function print(address, headers) {
  await saveFile("实体卡.pdf", "POST", "/api/v1/staff/card-sheets", { people: [member.id] }, headers);
  return ask("GET", address);
}

async function act(event) {
  event.preventDefault();
  const kind = byId("card-choice").value;
  const reason = byId("card-reason").value;
  const headers = { "Idempotency-Key": key };
  if (kind === "print") {
    show(await dialog.tell(() => print(path(), headers)));
  } else if (kind === "reissue") {
    show(await dialog.ask("POST", path("/reissues"), { reason }, headers));
  } else {
    show(await dialog.ask("PUT", path("/state"), { state: kind, reason }));
  }
  key = crypto.randomUUID();
}

byId("card-choice").addEventListener("change", choose);
byId("card-form").addEventListener("submit", act);
