/** Appointments, failed sign-ins, and the sessions of one person. */

import { action, askHere, byId, coded, fill, fixed, lastDayOf, make, row, say, showPager, timeOf } from "./console.js";
import { POSTS, SESSION_KINDS } from "./console_words.js";

const SECURITY = "/api/v1/staff/security";

let chosen = null;
let shown = 1;

async function showAppointments(page) {
  const table = await askHere(byId("problem"), "GET", `${SECURITY}/appointments?page=${page}`);
  if (table) {
    shown = page;
    fill(byId("rows"), table.list.map(appointmentRow), "没有有效的任命");
    showPager(byId("pager"), table, showAppointments);
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
  say(byId("ending-problem"), "");
  byId("ending").showModal();
}

async function end() {
  const ended = await askHere(byId("ending-problem"), "DELETE", `${SECURITY}/appointments/${chosen.id}`);
  if (ended !== undefined) {
    byId("ending").close();
    showAppointments(shown);
  }
}

async function openSessions(one) {
  chosen = one;
  byId("sessions-whose").textContent = `${one.name}（${POSTS[one.role]}）`;
  byId("sessions-rows").replaceChildren();
  byId("sessions-end").disabled = true;
  byId("sessions").showModal();
  await showSessions();
}

async function showSessions() {
  const sessions = await askHere(byId("sessions-problem"), "GET", `${SECURITY}/people/${chosen.person}/sessions`);
  if (sessions) {
    byId("sessions-end").disabled = sessions.items.length === 0;
    fill(byId("sessions-rows"), sessions.items.map(sessionRow), "没有登录");
  }
}

function sessionRow(one) {
  return row(fixed(SESSION_KINDS[one.kind]), fixed(timeOf(one.openedAt)), fixed(timeOf(one.expiresAt)));
}

async function endSessions() {
  const ended = await askHere(byId("sessions-problem"), "DELETE", `${SECURITY}/people/${chosen.person}/sessions`);
  if (ended) {
    await showSessions();
  }
}

byId("ending-cancel").addEventListener("click", () => byId("ending").close());
byId("ending-confirm").addEventListener("click", end);
byId("sessions-close").addEventListener("click", () => byId("sessions").close());
byId("sessions-end").addEventListener("click", endSessions);
showAppointments(1);
showFailures();
