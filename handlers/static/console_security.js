/** Appointments, failed sign-ins, and the sessions of one person. */

import { action, askHere, byId, coded, createAsking, fill, fixed, lastDayOf, make, row, showPager, timeOf } from "./console.js";
import { createDialog } from "./console_dialog.js";
import { POSTS, SESSION_KINDS } from "./console_words.js";

const SECURITY = "/api/v1/staff/security";

const table = createAsking(byId("problem"));
const ending = createDialog("ending");
const sessions = createDialog("sessions");
let chosen = null;
let shown = 1;

async function showAppointments(page) {
  const found = await table.ask("GET", `${SECURITY}/appointments?page=${page}`);
  if (found) {
    shown = page;
    fill(byId("rows"), found.list.map(appointmentRow), "没有有效的任命");
    showPager(byId("pager"), found, showAppointments);
  }
}

function appointmentRow(one) {
  const name = one.name || "（已删除）";
  const look = action("登录状态", `查看 ${name} 的登录状态`, () => openSessions(one));
  const end = action("结束任命", `结束 ${name} 的任命`, () => openEnding(one));
  return row(
    fixed(name),
    fixed(POSTS[one.role]),
    make("td", "words", one.organisation),
    fixed(one.since.slice(0, 10)),
    fixed(one.until === null ? "未定" : lastDayOf(one.until)),
    coded(one.person),
    make("td", "fixed", look, ...(one.isProtected ? [] : [" ", end])),
  );
}

async function showFailures() {
  const failures = await askHere(byId("problem"), "GET", `${SECURITY}/failed-sign-ins`);
  if (failures) {
    fill(byId("failures"), failures.items.map((one) => failureRow(one, failures.serverTime)), "没有");
  }
}

function failureRow(one, now) {
  const isLocked = one.lockedUntil !== null && one.lockedUntil > now;
  return row(
    one.account === null ? fixed("（没有这个账号）") : coded(one.account),
    fixed(String(one.failures)),
    fixed(timeOf(one.last)),
    make("td", "", isLocked ? make("span", "mark bad", `锁定到 ${one.lockedUntil.slice(11, 16)}`) : make("span", "mark wait", "未锁定")),
    one.person === null ? fixed("–") : coded(one.person),
  );
}

function openEnding(one) {
  chosen = one;
  byId("ending-whose").textContent = `${one.name}（${POSTS[one.role]}，${one.organisation}）`;
  ending.open();
}

async function end() {
  const ended = await ending.send("DELETE", `${SECURITY}/appointments/${chosen.id}`);
  if (ended !== undefined) {
    showAppointments(shown);
  }
}

async function openSessions(one) {
  chosen = one;
  byId("sessions-whose").textContent = `${one.name}（${POSTS[one.role]}）`;
  byId("sessions-rows").replaceChildren();
  byId("sessions-end").disabled = true;
  sessions.open();
  await showSessions();
}

async function showSessions() {
  const found = await sessions.ask("GET", `${SECURITY}/people/${chosen.person}/sessions`);
  if (found) {
    byId("sessions-end").disabled = found.items.length === 0;
    fill(byId("sessions-rows"), found.items.map(sessionRow), "没有登录");
  }
}

function sessionRow(one) {
  return row(fixed(SESSION_KINDS[one.kind]), fixed(timeOf(one.openedAt)), fixed(timeOf(one.expiresAt)));
}

async function endSessions() {
  const ended = await sessions.ask("DELETE", `${SECURITY}/people/${chosen.person}/sessions`);
  if (ended) {
    await showSessions();
  }
}

byId("ending-confirm").addEventListener("click", end);
byId("sessions-end").addEventListener("click", endSessions);
showAppointments(1);
showFailures();
