/** Appointments: making and ending them. */

import { action, byId, createAsking, dayAfter, fill, fixed, lastDayOf, make, row, say, showPager } from "./console.js";
import { APPOINTMENT_STATES, POSTS, TIERS } from "./console_words.js";
import { chooseOrganisation, chosenOrganisation } from "./console_choice.js";
import { createDialog } from "./console_dialog.js";

const PATH = "/api/v1/staff/appointments";

const table = createAsking(byId("problem"));
const form = createDialog("form");
const ending = createDialog("ending");
let chosen = null;
let shown = 1;
let key = "";

async function show(page) {
  const where = byId("where").value;
  const query = `page=${page}&over=${byId("which").value === "over"}${where && `&organisation=${where}`}`;
  const found = await table.ask("GET", `${PATH}?${query}`);
  if (found) {
    shown = page;
    fill(byId("rows"), found.list.map(appointmentRow), "没有任命");
    showPager(byId("pager"), found, show);
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
  form.open();
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
  const made = await form.send("POST", PATH, body, { "Idempotency-Key": key });
  if (made) {
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
  ending.open();
}

async function end() {
  const ended = await ending.send("DELETE", `${PATH}/${chosen.id}`);
  if (ended !== undefined) {
    say(byId("done"), "任命已结束");
    show(shown);
  }
}

byId("which").addEventListener("change", () => show(1));
byId("where").addEventListener("change", () => show(1));
byId("add").addEventListener("click", openForm);
byId("form-fields").addEventListener("submit", appoint);
byId("ending-confirm").addEventListener("click", end);
show(1);
