/** Claims that did not match whole: what did, why it did not go through; the officer decides. */

import { action, byId, codeWords, createAsking, fill, fixed, make, row, say, showPager, timeOf } from "./console.js";
import { createDialog } from "./console_dialog.js";
import { CLAIM_PARTS, CLAIM_WHYS } from "./console_words.js";
import "./console_choice.js";

const WORDS = codeWords();
const CLAIMS = "/api/v1/staff/claims";

const table = createAsking(byId("problem"));
const deciding = createDialog("decision");
let chosen = null;
let shown = 1;

async function show(page) {
  shown = page;
  const organisation = byId("organisation").value;
  const path = `${CLAIMS}?page=${page}${organisation && `&organisation=${organisation}`}`;
  const found = await table.ask("GET", path);
  if (found) {
    fill(byId("rows"), found.list.map(claimRow), "没有等待核实的认领");
    showPager(byId("pager"), found, show);
  }
}

const partsWords = (parts) => parts.map((part) => CLAIM_PARTS[part]).join("、") || "无";

function claimRow(one) {
  const decide = action("核实", `核实 ${one.claimedName} 的认领`, () => open(one));
  decide.disabled = one.isOwn;
  decide.title = one.isOwn ? "不能处理本人的认领" : "";
  return row(
    fixed(one.claimedName),
    fixed(one.claimedPhone),
    fixed(one.name),
    fixed(one.evidence ? WORDS[one.evidence] : ""),
    make("td", "words", one.organisation),
    make("td", "words", `${CLAIM_WHYS[one.why]}；相符：${partsWords(one.matched)}；不符：${partsWords(one.differing)}`),
    fixed(String(one.tries)),
    fixed(timeOf(one.lastAt)),
    decide,
  );
}

function open(one) {
  chosen = one;
  byId("decision-words").textContent = `${one.claimedName}（${one.claimedPhone}）认领 ${one.name} 在“${one.organisation}”的会员信息${one.evidence ? `（实名依据：${WORDS[one.evidence]}）` : ""}。相符：${partsWords(one.matched)}；不符：${partsWords(one.differing)}。`;
  deciding.open();
}

async function decide(decision) {
  const decided = await deciding.send("POST", `${CLAIMS}/${chosen.id}/decisions`, { decision });
  if (decided) {
    say(byId("done"), `${decided.claimedName}：${decided.state === "accepted" ? "已确认是本人，会员信息已认领" : "已驳回"}`);
    show(shown);
  }
}

byId("organisation").addEventListener("change", () => show(1));
byId("accept").addEventListener("click", () => decide("accept"));
byId("dismiss").addEventListener("click", () => decide("dismiss"));
show(1);
