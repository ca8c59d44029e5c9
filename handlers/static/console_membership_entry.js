/** Entering what happened to a membership: what its state admits, with the reason, the day and the other union. */

import { askHere, byId, codeWords, createAsking, options, say } from "./console.js";
import { chosenOrganisation, leaveOut } from "./console_choice.js";

const WORDS = codeWords();
const DECISIONS = ["approve", "refuse", "release", "accept_transfer", "refuse_transfer"];
const CHOICES = {
  applied: () => ["approve", "refuse"],
  transferring: ({ isReleased }) => [isReleased ? "accept_transfer" : "release", "refuse_transfer", "leave", "expel"],
  active: () => ["start_transfer", "retain", "leave", "expel"],
  retained: () => ["resume", "start_transfer", "leave", "expel"],
};
const ABOUT = {
  start_transfer: "不用重新入会。提出后即视为已办转出，由新的工会接收；接收之前会籍和权益不变。",
  retain: "保留会籍期间不交会费、没有选举权，不计入会员数，会员卡照常可用。",
  leave: "会籍终止，会员卡同时停用。以后可以重新申请入会。",
  expel: "会籍终止，会员卡同时停用。由基层工会讨论决定，并报上级工会备案。",
};

const keepers = createAsking(byId("problem"));
let membership = null;
let path = "";
let after = null;
let key = "";

/**
 * Offers what may be entered now.
 * @param {object} one the membership
 * @param {string} address of it
 * @param {function(string): Promise<void>} done told in words what was done
 * @returns {boolean} whether there is anything
 */
export function offerEvents(one, address, done) {
  [membership, path, after, key] = [one, address, done, crypto.randomUUID()];
  const events = CHOICES[one.state]?.(one) ?? [];
  byId("entry").reset();
  byId("event").replaceChildren(...options([["", "请选择"], ...events.map((event) => [event, WORDS[event]])]));
  leaveOut("target", one.organisationId);
  choose();
  if (events.includes("retain")) {
    offerKeepers();
  }
  return events.length > 0;
}

/** A membership is retained where it is, or above. */
async function offerKeepers() {
  byId("keeper").replaceChildren(...options([["", membership.organisation]]));
  const known = await keepers.ask("GET", `/api/v1/staff/organisations/${membership.organisationId}`);
  const above = known ? known.path.map((one) => [one.id, one.name]).reverse() : [];
  byId("keeper").append(...options(above));
}

function choose() {
  const event = byId("event").value;
  const reasons = JSON.parse(byId("entry").dataset.reasons)[event] ?? [];
  byId("event-words").textContent = ABOUT[event] ?? "";
  byId("why").hidden = reasons.length === 0;
  byId("reason").required = reasons.length > 0;
  byId("reason").replaceChildren(...options([["", "请选择"], ...reasons.map((code) => [code, WORDS[code]])]));
  byId("transfer").hidden = event !== "start_transfer";
  byId("target-text").required = event === "start_transfer";
  byId("keeper-field").hidden = event !== "retain";
}

/** What is sent: only what the event has. */
function entryOf(event) {
  const places = { start_transfer: chosenOrganisation("target").id, retain: byId("keeper").value };
  const fields = {
    reason: byId("reason").value,
    validOn: byId("valid").value,
    organisationId: places[event],
    ground: event === "start_transfer" ? byId("ground").value : "",
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
}

async function enter(submitted) {
  submitted.preventDefault();
  const event = byId("event").value;
  const isDecision = DECISIONS.includes(event);
  const body = { [isDecision ? "decision" : "event"]: event, ...entryOf(event) };
  const headers = { "Idempotency-Key": key };
  say(byId("done"), "");
  const done = await askHere(byId("problem"), "POST", `${path}/${isDecision ? "decisions" : "entries"}`, body, headers);
  if (done) {
    await after(`已办理：${WORDS[event]}`);
  } else {
    key = crypto.randomUUID();
  }
}

byId("event").addEventListener("change", choose);
byId("entry").addEventListener("submit", enter);
