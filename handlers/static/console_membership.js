/** One membership: where it stands, what may be entered now, and all its entries with their corrections. */

import { action, ask, byId, codeWords, fill, fixed, lastDayOf, make, row, say, tellHere, timeOf } from "./console.js";
import { openCorrection } from "./console_membership_correction.js";
import { offerEvents } from "./console_membership_entry.js";
import { GIG_KINDS, MEMBERSHIP_STATES, WORKER_FORMS } from "./console_words.js";
import { createOrder } from "./latest.js";

const begin = createOrder();
const WORDS = codeWords();
const path = () => `/api/v1/staff/memberships/${encodeURIComponent(window.location.hash.slice(1))}`;

async function show() {
  const isLatest = begin();
  const file = await tellHere(byId("problem"), () => ask("GET", path()), isLatest);
  if (!isLatest()) {
    return;
  }
  byId("entering").hidden = !file || file.membership.isOwn;
  if (!file) {
    return;
  }
  const { membership, evidence, entries } = file;
  byId("name").textContent = `${membership.name || "（已删除）"} 的会籍`;
  const facts = factsOf(membership, evidence).filter(([, value]) => value);
  byId("facts").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
  showLog(entries, membership.isOwn);
  if (!membership.isOwn) {
    byId("entering").hidden = !offerEvents(membership, path(), tell);
  }
}

function factsOf(one, evidence) {
  const state = MEMBERSHIP_STATES[one.state];
  return [
    ["会籍", make("span", `mark ${state.tone}`, state.words)],
    ["所在工会", one.organisation],
    ["转往", one.target && `${one.target}${one.isReleased ? "（已办转出，待接收）" : "（待办转出）"}`],
    ["从哪天起", one.since],
    ["办理期限", one.reviewBy && `${lastDayOf(one.reviewBy)} 止${one.isOverdue ? "，已超期" : ""}`],
    ["手机号", one.phone],
    ["实名依据", evidence && WORDS[evidence]],
    ["用工形式", [WORKER_FORMS[one.workerForm], GIG_KINDS[one.gigKind]].filter(Boolean).join(" · ")],
    ["说明", one.isOwn ? "这是您本人的会籍，请由其他工作人员办理。" : ""],
  ];
}

/** Shows the entries, the latest first, each with what a later one corrected. */
function showLog(entries, isOwn) {
  const corrections = new Map();
  entries.filter(({ corrects }) => corrects !== null).forEach((one) => corrections.set(one.corrects, one));
  const counting = entries.filter(({ number, corrects }) => corrects === null && !corrections.get(number)?.cancels);
  const last = counting.at(-1);
  const rows = entries.map((one) => {
    const mayCancel = one === last && counting.length > 1;
    const correct = action("更正", `更正第 ${one.number} 条`, () => openCorrection({ one, mayCancel, path: path(), words: WORDS, done: tell }));
    return logRow(one, corrections.get(one.number), !isOwn && counting.includes(one) ? correct : "");
  });
  fill(byId("rows"), rows.reverse(), "没有记录");
}

function logRow(one, corrected, correct) {
  const isVoid = corrected !== undefined && corrected.cancels;
  const place = one.target ? `${one.organisation} → ${one.target}` : one.organisation;
  const made = row(
    fixed(String(one.number)),
    fixed(WORDS[one.event]),
    fixed(one.validOn),
    fixed(timeOf(one.enteredAt)),
    fixed(one.by === "member" ? "本人" : "工会"),
    make("td", "words", place),
    fixed(MEMBERSHIP_STATES[one.state].words),
    fixed(one.reason ? WORDS[one.reason] : ""),
    make("td", "words note", noteOf(one, corrected)),
    fixed(correct),
  );
  made.className = isVoid ? "void" : "";
  return made;
}

function noteOf(one, corrected) {
  if (one.corrects !== null) {
    return one.cancels ? `撤销第 ${one.corrects} 条` : `第 ${one.corrects} 条改为从 ${one.validOn} 起`;
  }
  if (corrected === undefined) {
    return "";
  }
  const what = corrected.cancels ? "已撤销" : `已更正为从 ${corrected.validOn} 起`;
  return `${what}（第 ${corrected.number} 条）`;
}

async function tell(words) {
  await show();
  say(byId("done"), words);
}

window.addEventListener("hashchange", show);
show();
