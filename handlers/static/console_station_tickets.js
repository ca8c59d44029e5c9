/** Tickets of stations that people doubt: whose turn it is, how long there is still, and what was found. */

import { action, byId, createAsking, fill, fixed, linked, make, row, say, showPager, timeOf } from "./console.js";
import { createDialog } from "./console_dialog.js";
import { PROBLEM_ANSWERS } from "./console_words.js";

const TICKETS = "/api/v1/staff/station-tickets";
/** Where on its page a station is mended. */
const PARTS = { facility_broken: "#equipment", nothing_works: "#equipment" };
const MINUTE = 60_000;

const table = createAsking(byId("problem"));
const answering = createDialog("answering");
let chosen = null;
let shown = 1;

async function show(page) {
  shown = page;
  const isAll = byId("all").checked;
  const found = await table.ask("GET", `${TICKETS}?page=${page}&own=${!isAll}`);
  if (!found) {
    return;
  }
  if (found.list.length === 0 && page > 1) {
    show(page - 1);
    return;
  }
  const none = isAll ? "全市没有待处理的驿站问题" : "您管理的驿站没有待处理的问题";
  fill(byId("rows"), found.list.map((ticket) => ticketRow(ticket, found.serverTime)), none);
  showPager(byId("pager"), found, show);
}

function ticketRow(ticket, now) {
  const left = clockOf(ticket.due, now);
  return row(
    linked(ticket.name, `/console/stations/${ticket.station}${PARTS[ticket.problem] ?? ""}`),
    fixed(ticket.problemWords),
    fixed(timeOf(ticket.opened).slice(0, 16)),
    fixed(ticket.tierWords),
    make("td", "fixed", make("span", left.isLate ? "late" : "", left.words)),
    make("td", "fixed", action("处理", `处理 ${ticket.name} 的问题：${ticket.problemWords}`, () => openAnswer(ticket))),
  );
}

/** How much time a ticket's turn has left; without a clock every turn is over. */
function clockOf(due, now) {
  const minutes = due === null ? 0 : Math.ceil((Date.parse(due) - Date.parse(now)) / MINUTE);
  if (minutes <= 0) {
    return { words: "已超时", isLate: true };
  }
  const hours = Math.floor(minutes / 60);
  const words = hours > 0 ? `还剩 ${hours} 小时 ${minutes % 60} 分` : `还剩 ${minutes} 分钟`;
  return { words: `${words}（${due.slice(5, 16).replace("T", " ")} 前）`, isLate: false };
}

async function openAnswer(ticket) {
  chosen = ticket;
  byId("answering-which").textContent = `${ticket.name}：${ticket.problemWords}`;
  byId("answering-form").reset();
  byId("reports").replaceChildren();
  byId("equipment").hidden = PARTS[ticket.problem] === undefined;
  byId("equipment-link").href = `/console/stations/${ticket.station}#equipment`;
  answering.open();
  const found = await answering.ask("GET", `/api/v1/staff/stations/${ticket.station}/reports`);
  if (found) {
    const told = found.items.filter((report) => report.problem === ticket.problem && isTelling(report));
    byId("reports").replaceChildren(...told.slice(0, 5).map(reportLine));
  }
}

const isTelling = (report) => report.words || report.facility || report.hasPhoto;

function reportLine(report) {
  const at = timeOf(report.at).slice(0, 16);
  const said = [at, report.facilityWords && `${report.facilityWords}不能用`, report.words && `“${report.words}”`];
  const line = make("div", "report", make("p", "quiet", said.filter(Boolean).join(" ")));
  if (report.hasPhoto) {
    line.append(photoOf(report, at));
  }
  return line;
}

/** A report's photo, which opens alone in its full size; one that WeChat objects to is not shown. */
function photoOf(report, at) {
  const shown = make("img", "");
  shown.src = `/api/v1/staff/reports/${report.report}/photo`;
  shown.alt = `${at} 反映时拍的照片，点开看原图`;
  const opens = make("a", "photo", shown);
  opens.href = shown.src;
  opens.target = "_blank";
  shown.addEventListener("error", () => opens.replaceWith(make("p", "quiet", "照片不能显示：可能没有通过内容安全检查，或已过期")));
  return opens;
}

async function answer(event) {
  event.preventDefault();
  const body = { answer: byId("answer").value };
  const answered = await answering.send("PUT", `${TICKETS}/${chosen.ticket}`, body);
  if (answered) {
    say(byId("done"), `已处理：${answered.name}，${PROBLEM_ANSWERS[answered.answer]}`);
    show(shown);
  }
}

function fillAnswers() {
  const choices = Object.entries(PROBLEM_ANSWERS).map(([code, words]) => {
    const choice = make("option", "", words);
    choice.value = code;
    return choice;
  });
  byId("answer").append(...choices);
}

byId("answering-form").addEventListener("submit", answer);
byId("all").addEventListener("change", () => show(1));
fillAnswers();
show(1);
