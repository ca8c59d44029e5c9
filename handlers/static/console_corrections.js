/** Requests for correction: what waits, what stands and what is wanted, and deciding on it. */

import { action, byId, createAsking, fill, fixed, make, row, say, showPager, timeOf } from "./console.js";
import { createDialog } from "./console_dialog.js";

const CORRECTIONS = "/api/v1/staff/corrections";
const FIELDS = { name: "姓名", id_document: "证件" };
const OUTCOMES = { done: "已更正", refused: "未更正" };

const table = createAsking(byId("problem"));
const looking = createAsking(byId("problem"));
const deciding = createDialog("decision");
let chosen = null;
let shown = 1;

async function show(page) {
  shown = page;
  const found = await table.ask("GET", `${CORRECTIONS}?page=${page}`);
  if (found) {
    fill(byId("rows"), found.list.map(waitingRow), "没有等待办理的更正申请");
    showPager(byId("pager"), found, show);
  }
}

function waitingRow(one) {
  const decide = action("办理", `办理 ${one.name} 的更正申请`, () => open(one));
  const place = make("td", "words", one.organisation);
  return row(fixed(one.name || "（已删除）"), fixed(FIELDS[one.corrects]), place, fixed(timeOf(one.askedAt)), decide);
}

/** Shows both texts in full; that somebody looked is in the audit by then. */
async function open(one) {
  const found = await looking.ask("GET", `${CORRECTIONS}/${one.id}`);
  if (found) {
    chosen = found;
    byId("now").textContent = found.now;
    byId("wanted").textContent = found.wanted;
    byId("choice").value = "";
    deciding.open();
  }
}

async function decide(event) {
  event.preventDefault();
  const body = { decision: byId("choice").value };
  const decided = await deciding.send("PUT", `${CORRECTIONS}/${chosen.id}`, body);
  if (decided) {
    const words = decided.reason === "document_taken" ? "未更正：该证件已登记在他人名下" : OUTCOMES[decided.state];
    say(byId("done"), `${FIELDS[decided.corrects]}${words}`);
  }
  show(shown);
}

byId("decision-form").addEventListener("submit", decide);
show(1);
