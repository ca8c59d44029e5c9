/** Stations: the table, and importing a list: checked first, stored when every row's fate was seen. */

import { byId, coded, createAsking, fill, fixed, linked, make, row, saveHere, say, showPager, timeOf } from "./console.js";
import { ROW_OUTCOMES, STATION_LACKS, STATION_STATES } from "./console_words.js";

const STATIONS = "/api/v1/staff/stations";
/** What the interface takes; a body has its limit, and letters for bytes take a third more room. */
const LARGEST = 700_000;

const table = createAsking(byId("problem"));
const importing = createAsking(byId("import-problem"));
let list = null;
let report = null;

async function show(page) {
  const text = byId("search").value.trim();
  const asked = new URLSearchParams({ page, own: byId("own").checked });
  if (text) {
    asked.set("text", text);
  }
  if (byId("lacking").value) {
    asked.set("lacking", byId("lacking").value);
  }
  const isAll = !text && !byId("own").checked && !byId("lacking").value;
  const found = await table.ask("GET", `${STATIONS}?${asked}`);
  if (found) {
    fill(byId("rows"), found.list.map(stationRow), isAll ? "还没有驿站" : "没有找到这样的驿站");
    showPager(byId("pager"), found, show);
  }
}

function stationRow(station) {
  return row(
    coded(station.code),
    linked(station.name, `/console/stations/${station.code}`),
    fixed(station.district),
    stateCell(station),
    make("td", "words", station.hours),
    fixed(station.hasPosition ? "有" : "未公布"),
    fixed(timeOf(station.changedAt)),
  );
}

/** The state, and what the station lacks. */
function stateCell(station) {
  const lacks = station.lacks.map((lack) => make("span", "mark bad", STATION_LACKS[lack]));
  return make("td", "fixed", STATION_STATES[station.state], ...lacks.flatMap((mark) => [" ", mark]));
}

/** What was checked was another file. */
function forgetReport() {
  importing.forget();
  byId("report").hidden = true;
}

/** The file's bytes as base64, and its name. */
async function read(file) {
  const url = await new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(file);
  });
  return { fileName: file.name, content: url.slice(url.indexOf(",") + 1) };
}

async function check(event) {
  event.preventDefault();
  forgetReport();
  const [file] = byId("file").files;
  if (file.size > LARGEST) {
    say(byId("import-problem"), "文件超过 700 KB，请分成几个文件导入");
    return;
  }
  const chosen = await read(file);
  const checked = await importing.ask("POST", `${STATIONS}/imports/checks`, chosen);
  if (checked) {
    list = chosen;
    showReport(checked);
  }
}

/** No other file is checked meanwhile: it is told what became of this one. */
async function save() {
  const waiting = [byId("confirm-import"), byId("file"), byId("check")];
  waiting.forEach((control) => Object.assign(control, { disabled: true }));
  const saved = await importing.ask("POST", `${STATIONS}/imports`, list);
  waiting.forEach((control) => Object.assign(control, { disabled: false }));
  if (saved) {
    showReport(saved);
    show(1);
  }
}

function showReport(answer) {
  report = answer;
  const counts = Object.entries(answer.counts).map(([outcome, count]) => `${ROW_OUTCOMES[outcome].words} ${count}`);
  const ignored = answer.ignoredColumns.length > 0 ? `未采用的列：${answer.ignoredColumns.join("、")}。` : "";
  const { saved } = answer;
  const kept = saved && saved.hoursKept > 0 ? `保留工作人员更正的开放时间 ${saved.hoursKept} 个。` : "";
  const result = saved
    ? `已导入：新增 ${saved.created}，更新 ${saved.updated}，不变 ${saved.unchanged}。${kept}`
    : "检查完毕，还没有保存。";
  byId("report-words").textContent = `${result}${counts.join("，")}。${ignored}`;
  byId("report-words").className = saved ? "notice fresh" : "notice waiting";
  byId("confirm-import").hidden = saved !== null || answer.stations === 0;
  byId("confirm-import").textContent = `确认导入 ${answer.stations} 个驿站`;
  byId("problem-sheet").hidden = !answer.rows.some(isProblem);
  byId("report").hidden = false;
  showRows();
}

const isProblem = (one) => one.reason !== null || one.notes.length > 0;

/** The same list is read again: the sheet is made from it, and nothing is kept in between. */
async function saveProblems() {
  byId("problem-sheet").disabled = true;
  await saveHere(byId("import-problem"), "需要处理的行.xlsx", "POST", `${STATIONS}/imports/problems.xlsx`, list);
  byId("problem-sheet").disabled = false;
}

function showRows() {
  const rows = byId("only-problems").checked ? report.rows.filter(isProblem) : report.rows;
  fill(byId("report-rows"), rows.map(reportRow), "没有这样的行");
}

function reportRow(one) {
  const outcome = ROW_OUTCOMES[one.outcome];
  const why = one.reason ? [`${one.column}：${one.reason}`] : [];
  const notes = one.notes.map((note) => `${note.column}：${note.reason}`);
  return row(
    fixed(one.row === one.last ? String(one.row) : `${one.row}–${one.last}`),
    make("td", "", make("span", `mark ${outcome.tone}`, outcome.words)),
    make("td", "words", one.name),
    make("td", "words", [...why, ...notes].join("；")),
  );
}

byId("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  show(1);
});
byId("own").addEventListener("change", () => show(1));
byId("lacking").addEventListener("change", () => show(1));
byId("import-form").addEventListener("submit", check);
byId("file").addEventListener("change", forgetReport);
byId("only-problems").addEventListener("change", showRows);
byId("confirm-import").addEventListener("click", save);
byId("problem-sheet").addEventListener("click", saveProblems);
show(1);
