/** Appointments: making and ending them. */

import { action, askHere, byId, dayAfter, fill, fixed, lastDayOf, make, row, say, showPager } from "./console.js";
import { APPOINTMENT_STATES, POSTS, TIERS } from "./console_words.js";
import { chooseOrganisation, chosenOrganisation } from "./console_choice.js";

const PATH = "/api/v1/staff/appointments";

let chosen = null;
let shown = 1;
let key = "";

async function show(page) {
  const where = byId("where").value;
  const query = `page=${page}&over=${byId("which").value === "over"}${where && `&organisation=${where}`}`;
  const table = await askHere(byId("problem"), "GET", `${PATH}?${query}`);
  if (table) {
    shown = page;
    fill(byId("rows"), table.list.map(appointmentRow), "没有任命");
    showPager(byId("pager"), table, show);
  }
}

function appointmentRow(one) {
  const name = one.name || "（已删除）";
  const state = APPOINTMENT_STATES[one.state];
  const end = action("结束任命", `结束 ${name} 的任命`, () => openEnding(one));
  return row(
    fixed(name),
    fixed(one.role === "officer" ? `${POSTS.officer}（${TIERS[one.tier]}）` : POSTS[one.role]),
    make("td", "words", one.organisation),
    make("td", "", make("span", `mark ${state.tone}`, state.words)),
    fixed(one.since.slice(0, 10)),
    fixed(one.until === null ? "未定" : lastDayOf(one.until)),
    make("td", "fixed", ...(one.isMineToEnd ? [end] : [])),
  );
}

function openForm() {
  key = crypto.randomUUID();
  byId("form-fields").reset();
  chooseOrganisation("organisation", chosenOrganisation("where"));
  say(byId("form-problem"), "");
  byId("form").showModal();
}

async function appoint(event) {
  event.preventDefault();
  const body = {
    name: byId("name").value.trim(),
    phone: byId("phone").value.trim(),
    role: byId("role").value,
    organisation: byId("organisation").value,
    since: byId("since").value || null,
    until: dayAfter(byId("until").value),
  };
  const made = await askHere(byId("form-problem"), "POST", PATH, body, { "Idempotency-Key": key });
  if (made) {
    byId("form").close();
    const since = body.since && Date.parse(made.since) > Date.now() ? `，${body.since} 起生效` : "";
    say(byId("done"), `已任命：${POSTS[made.role]}，${made.organisation}${since}`);
    byId("which").value = "current";
    show(1);
  } else {
    key = crypto.randomUUID();
  }
}

function openEnding(one) {
  chosen = one;
  byId("ending-whose").textContent = `${one.name}（${POSTS[one.role]}，${one.organisation}）`;
  say(byId("ending-problem"), "");
  byId("ending").showModal();
}

async function end() {
  const ended = await askHere(byId("ending-problem"), "DELETE", `${PATH}/${chosen.id}`);
  if (ended !== undefined) {
    byId("ending").close();
    say(byId("done"), "任命已结束");
    show(shown);
  }
}

byId("which").addEventListener("change", () => show(1));
byId("where").addEventListener("change", () => show(1));
byId("add").addEventListener("click", openForm);
byId("form-fields").addEventListener("submit", appoint);
byId("form-cancel").addEventListener("click", () => byId("form").close());
byId("ending-cancel").addEventListener("click", () => byId("ending").close());
byId("ending-confirm").addEventListener("click", end);
show(1);
