/** The audit: whether the seal holds, the entries, the newest blocks. */

import { askHere, byId, codeWords, coded, createAsking, fill, fixed, make, row, showPager, timeOf } from "./console.js";
import { DETAILS, FINDINGS, KINDS, MEMBERSHIP_STATES, VALUES } from "./console_words.js";
import { localOf } from "./words.js";

const AUDIT = "/api/v1/staff/audit";
const checking = createAsking(byId("problem"));
const table = createAsking(byId("problem"));
const WORDS = codeWords();
const STANDINGS = new Set(["from", "to"]);
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

async function check() {
  const report = await checking.ask("POST", `${AUDIT}/checks`);
  if (!report) {
    return;
  }
  const isGood = report.findings.length === 0;
  byId("check-words").className = isGood ? "seal good" : "seal bad";
  byId("check-words").textContent = isGood
    ? `完好：查了最近 ${report.last - report.first + 1} 块、${report.entries} 条记录，另有 ${report.unsealed} 条等待封存`
    : `发现 ${report.findings.length} 处异常，请立即报告`;
  byId("findings").replaceChildren(...report.findings.map(findingLine));
  byId("head").replaceChildren(`最后一块 ${report.last}：`, make("span", "code", report.head));
}

function findingLine(finding) {
  const place = finding.block === null ? "" : `，第 ${finding.block} 块`;
  const entry = finding.entry === null ? "" : `，记录 ${finding.entry}`;
  return make("li", "", `${FINDINGS[finding.kind]}${place}${entry}`);
}

async function showEntries(page) {
  const text = byId("filter").value.trim();
  byId("filter-clear").hidden = text === "";
  const filter = text === "" ? "" : `&${byId("filter-kind").value}=${encodeURIComponent(text)}`;
  const found = await table.ask("GET", `${AUDIT}/entries?page=${page}${filter}`);
  if (found) {
    fill(byId("rows"), found.list.map(entryRow), "没有这样的记录");
    showPager(byId("pager"), found, showEntries);
  }
}

function entryRow(entry) {
  const details = Object.entries(entry.details).map(([name, text]) => `${DETAILS[name] || name} ${spelled(name, text)}`);
  const isDone = entry.outcome === "success";
  return row(
    fixed(timeOf(entry.at)),
    fixed(WORDS[entry.action]),
    make("td", "", make("span", isDone ? "mark good" : "mark bad", isDone ? "成功" : "被拒")),
    coded(entry.actor),
    make("td", "fixed", `${KINDS[entry.kind] || entry.kind} `, objectOf(entry)),
    make("td", "words", details.join("；")),
    fixed(entry.block === null ? "待封存" : String(entry.block)),
  );
}

/** A detail for people: a standing is its state and the organisation, a moment is told by the local clock. */
function spelled(name, text) {
  const [state, place] = text.split(" ");
  if (STANDINGS.has(name) && MEMBERSHIP_STATES[state]) {
    return `${MEMBERSHIP_STATES[state].words} ${place}`;
  }
  return MOMENT.test(text) ? timeOf(localOf(Date.parse(text))) : VALUES[text] || WORDS[text] || text;
}

function objectOf(entry) {
  return entry.kind === "audit" ? VALUES[entry.object] : make("span", "code", shortened(entry.object));
}

/** A hash of an imported list is longer than a column is wide. */
function shortened(text) {
  return text.length > 24 ? `${text.slice(0, 16)}…` : text;
}

async function showBlocks() {
  const blocks = await askHere(byId("problem"), "GET", `${AUDIT}/blocks`);
  if (blocks) {
    const rows = blocks.items.map((block) =>
      row(fixed(String(block.number)), fixed(timeOf(block.at)), fixed(String(block.entries)), coded(block.hash)),
    );
    fill(byId("blocks"), rows, "还没有块");
  }
}

byId("check-again").addEventListener("click", check);
byId("filter-form").addEventListener("submit", (event) => {
  event.preventDefault();
  showEntries(1);
});
byId("filter-clear").addEventListener("click", () => {
  byId("filter").value = "";
  showEntries(1);
});
check();
showEntries(1);
showBlocks();
