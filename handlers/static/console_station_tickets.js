/** Tickets of stations that people doubt: whose turn it is, how long there is still, and what was found. */

import { action, byId, createAsking, fill, fixed, linked, make, options, row, say, showPager, timeOf } from "./console.js";
import { createDialog } from "./console_dialog.js";
import { facilityOf, photoOf, whenOf, wordsOf } from "./console_reports.js";
import { PROBLEM_ANSWERS } from "./console_words.js";

const TICKETS = "/api/v1/staff/station-tickets";
/** Where on its page a station's record is put right, and for what. */
const EQUIPMENT = { part: "#equipment", name: "设施好坏和数量", when: "一时修不好的，请先标明：" };
const PARTS = {
  locked: { part: "#hours-title", name: "开放时间", when: "公布的时间不对的，请先更正：" },
  nothing_works: EQUIPMENT,
  facility_broken: EQUIPMENT,
  wrong_place: { part: "#record-title", name: "基本资料", when: "位置或地址不对的，请先更正：" },
};
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
    linked(ticket.name, partOf(ticket)),
    fixed(ticket.problemWords),
    fixed(timeOf(ticket.opened).slice(0, 16)),
    fixed(ticket.tierWords),
    make("td", "fixed", make("span", left.isLate ? "late" : "", left.words)),
    make("td", "fixed", action("处理", `处理 ${ticket.name} 的问题：${ticket.problemWords}`, () => openAnswer(ticket))),
  );
}

const partOf = ({ station, problem }) => `/console/stations/${station}${PARTS[problem]?.part ?? ""}`;

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
  const answers = ticket.answers.map((one) => [one, PROBLEM_ANSWERS[one]]);
  byId("answer").replaceChildren(...options([["", "请选择"], ...answers]));
  showPart(ticket);
  answering.open();
  const found = await answering.ask("GET", `/api/v1/staff/stations/${ticket.station}/reports`);
  if (found) {
    const told = found.items.filter((report) => report.problem === ticket.problem && isTelling(report));
    byId("reports").replaceChildren(...told.slice(0, 5).map(reportLine));
  }
}

function showPart(ticket) {
  const { when = "", name = "" } = PARTS[ticket.problem] ?? {};
  byId("mending").hidden = when === "";
  byId("mending-when").textContent = when;
  byId("mending-link").textContent = name;
  byId("mending-link").href = partOf(ticket);
}

const isTelling = (report) => report.words || report.facility || report.hasPhoto;

function reportLine(report) {
  const facility = facilityOf(report);
  const line = make("p", "quiet", whenOf(report), facility && ` ${facility}`, " ", ...wordsOf(report));
  return make("div", "report", line, ...(report.hasPhoto ? [photoOf(report)] : []));
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

byId("answering-form").addEventListener("submit", answer);
byId("all").addEventListener("change", () => show(1));
show(1);
