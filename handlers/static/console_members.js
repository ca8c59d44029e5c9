/** Members: masked; one is shown in full after a reason was given, which the audit holds by then. */

import { action, askHere, byId, fill, fixed, link, make, row, saveHere, say, showPager } from "./console.js";
import { openCard } from "./console_cards.js";
import { MEMBERSHIP_STATES } from "./console_words.js";
import "./console_choice.js";

const MEMBERS = "/api/v1/staff/members";

let chosen = null;
let asked = 0;

async function show(page) {
  const text = byId("search").value.trim();
  const organisation = byId("organisation").value;
  const isSearch = text !== "";
  byId("search-clear").hidden = !isSearch;
  asked += 1;
  const number = asked;
  const table = isSearch
    ? await askHere(byId("problem"), "POST", `${MEMBERS}/searches`, { text, page })
    : await askHere(byId("problem"), "GET", `${MEMBERS}?page=${page}${organisation && `&organisation=${organisation}`}`);
  if (!table || number !== asked) {
    return; // What was asked for before is not shown over what was asked for since.
  }
  fill(byId("rows"), table.list.map(memberRow), isSearch ? "您管理的组织里没有这样的会员" : "还没有会员");
  showPager(byId("pager"), table, show);
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
  say(byId("unmask-problem"), "");
  showParticulars(null);
  byId("unmask").showModal();
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
  const path = `${MEMBERS}/${chosen.id}/unmaskings`;
  const particulars = await askHere(byId("unmask-problem"), "POST", path, { reason });
  if (particulars) {
    showParticulars(particulars);
  }
}

function close() {
  byId("unmask").close();
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
byId("unmask-cancel").addEventListener("click", close);
byId("unmask-close").addEventListener("click", close);
byId("unmask").addEventListener("close", () => showParticulars(null));
show(1);
