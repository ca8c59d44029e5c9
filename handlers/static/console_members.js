/** Members: masked; one is shown in full after a reason was given, which the audit holds by then. */

import { action, byId, createAsking, fill, fixed, link, make, row, saveHere, showPager } from "./console.js";
import { openCard } from "./console_cards.js";
import { createDialog } from "./console_dialog.js";
import { MEMBERSHIP_STATES } from "./console_words.js";
import "./console_choice.js";

const MEMBERS = "/api/v1/staff/members";

const table = createAsking(byId("problem"));
const unmasking = createDialog("unmask");
let chosen = null;

async function show(page) {
  const text = byId("search").value.trim();
  const organisation = byId("organisation").value;
  const isSearch = text !== "";
  byId("search-clear").hidden = !isSearch;
  const found = isSearch
    ? await table.ask("POST", `${MEMBERS}/searches`, { text, page })
    : await table.ask("GET", `${MEMBERS}?page=${page}${organisation && `&organisation=${organisation}`}`);
  if (found) {
    fill(byId("rows"), found.list.map(memberRow), isSearch ? "您管理的组织里没有这样的会员" : "还没有会员");
    showPager(byId("pager"), found, show);
  }
}

function memberRow(member) {
  const state = MEMBERSHIP_STATES[member.state];
  const look = action("查看", `查看 ${member.name} 的完整信息`, () => open(member));
  const card = action("卡", `办理 ${member.name} 的卡`, () => openCard(member));
  return row(
    fixed(member.name || "（已删除）"),
    fixed(member.phone),
    make("td", "words", member.organisation),
    make("td", "", make("span", `mark ${state.tone}`, state.words)),
    fixed(member.since),
    make("td", "fixed", look, " ", card, " ", link("会籍", `${member.name} 的会籍`, `/console/membership#${member.id}`)),
  );
}

function open(member) {
  chosen = member;
  byId("unmask-name").textContent = member.name;
  byId("reason").value = "";
  showParticulars(null);
  unmasking.open();
}

/** Shows what was answered, or forgets it. */
function showParticulars(particulars) {
  byId("unmask-form").hidden = particulars !== null;
  byId("unmasked").hidden = particulars === null;
  byId("full-name").textContent = particulars ? particulars.name : "";
  byId("full-id").textContent = particulars ? particulars.idDocument : "";
  byId("full-phone").textContent = particulars ? particulars.phone : "";
}

async function unmask(event) {
  event.preventDefault();
  const reason = byId("reason").value;
  const particulars = await unmasking.ask("POST", `${MEMBERS}/${chosen.id}/unmaskings`, { reason });
  if (particulars) {
    showParticulars(particulars);
  }
}

/** Saves the chosen organisation's members: masked, or in full for a reason, which the audit holds by then. */
async function saveMembers(event) {
  event.preventDefault();
  const reason = byId("export-reason").value;
  const organisationId = byId("organisation").value;
  const body = { ...(organisationId && { organisationId }), ...(reason && { unmasked: true, reason }) };
  await saveHere(byId("problem"), "会员名单.xlsx", "POST", `${MEMBERS}/exports`, body);
}

byId("export-form").addEventListener("submit", saveMembers);
byId("organisation").addEventListener("change", () => {
  byId("search").value = "";
  show(1);
});
byId("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  show(1);
});
byId("search-clear").addEventListener("click", () => {
  byId("search").value = "";
  show(1);
});
byId("unmask-form").addEventListener("submit", unmask);
byId("unmask").addEventListener("close", () => showParticulars(null));
show(1);
