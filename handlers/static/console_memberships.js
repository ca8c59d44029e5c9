/** Applications and transfers: what waits, and deciding on it. A decision bears one key, however often it is sent. */

import { action, byId, createAsking, fill, fixed, lastDayOf, link, make, row, say, showPager, timeOf } from "./console.js";
import { createDialog } from "./console_dialog.js";
import { DECISIONS, GIG_KINDS, MEMBERSHIP_STATES, REFUSAL_REASONS, WORKER_FORMS } from "./console_words.js";
import "./console_choice.js";

const MEMBERSHIPS = "/api/v1/staff/memberships";
const CHOICES = {
  applied: () => ["approve", "refuse"],
  releasing: (one) => (one.isReleased ? ["refuse_transfer"] : ["release", "refuse_transfer"]),
  receiving: (one) => (one.isReleased ? ["accept_transfer", "refuse_transfer"] : ["refuse_transfer"]),
};

const table = createAsking(byId("problem"));
const deciding = createDialog("decision");
let chosen = null;
let key = "";
let shown = 1;

async function show(page) {
  shown = page;
  const organisation = byId("organisation").value;
  const queue = byId("queue").value;
  const query = `state=${queue}&page=${page}${organisation && `&organisation=${organisation}`}`;
  const found = await table.ask("GET", `${MEMBERSHIPS}?${query}`);
  if (found) {
    fill(byId("rows"), found.list.map((one) => waitingRow(one, queue)), "没有等待办理的事项");
    showPager(byId("pager"), found, show);
  }
}

function waitingRow(one, queue) {
  const decide = action("办理", `办理 ${one.name} 的事项`, () => open(one, CHOICES[queue](one)));
  decide.disabled = one.isOwn;
  decide.title = one.isOwn ? "不能办理本人的会籍" : "";
  const place = one.target ? `${one.organisation} → ${one.target}${one.isReleased ? "（已转出）" : ""}` : one.organisation;
  return row(
    fixed(one.name || "（已删除）"),
    fixed(one.phone),
    make("td", "words", place),
    fixed([WORKER_FORMS[one.workerForm], GIG_KINDS[one.gigKind]].filter(Boolean).join(" · ")),
    fixed(timeOf(one.enteredAt)),
    make("td", "fixed", one.isOverdue ? make("span", "mark bad", "已超期") : one.reviewBy ? lastDayOf(one.reviewBy) : ""),
    make("td", "fixed", decide, " ", link("记录", `${one.name} 的全部记录`, `/console/membership#${one.id}`)),
  );
}

function open(one, choices) {
  chosen = one;
  key = crypto.randomUUID();
  byId("decision-words").textContent = `${one.name}，${one.target ? `${one.organisation} → ${one.target}` : one.organisation}`;
  byId("decision-choice").replaceChildren(...[["", "请选择"], ...choices.map((name) => [name, DECISIONS[name]])].map(option));
  offerReasons();
  deciding.open();
}

function option([value, words]) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = words;
  return made;
}

/** A refusal needs a reason, nothing else has one. */
function offerReasons() {
  const reasons = REFUSAL_REASONS[byId("decision-choice").value] ?? {};
  const has = Object.keys(reasons).length > 0;
  byId("decision-reason").replaceChildren(...[["", "请选择"], ...Object.entries(reasons)].map(option));
  byId("decision-reason").required = has;
  byId("decision-reason").hidden = !has;
  byId("decision-reason-label").hidden = !has;
}

async function decide(event) {
  event.preventDefault();
  const body = { decision: byId("decision-choice").value };
  if (byId("decision-reason").value) {
    body.reason = byId("decision-reason").value;
  }
  const path = `${MEMBERSHIPS}/${chosen.id}/decisions`;
  const decided = await deciding.send("POST", path, body, { "Idempotency-Key": key });
  if (decided) {
    say(byId("done"), `${decided.name}：${DECISIONS[body.decision]}，会籍${MEMBERSHIP_STATES[decided.state].words}`);
  }
  show(shown);
}

byId("queue").addEventListener("change", () => show(1));
byId("organisation").addEventListener("change", () => show(1));
byId("decision-choice").addEventListener("change", offerReasons);
byId("decision-form").addEventListener("submit", decide);
show(1);
