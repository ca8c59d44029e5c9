/** Importing a roster: the file is checked in the background, then run with progress, and erased at the end. */

import { ask, askHere, byId, fill, fixed, make, row, say, sendFile, tellHere } from "./console.js";
import { ROSTER_OUTCOMES, ROSTER_STATES } from "./console_words.js";
import "./console_choice.js";
import { createOrder } from "./latest.js";

const IMPORTS = "/api/v1/staff/members/imports";
const LARGEST = 10_000_000;
const POLL_MILLISECONDS = 700;
const WORKING = ["receiving", "checking", "running"];

const beginShowing = createOrder();

async function begin(event) {
  event.preventDefault();
  const [file] = byId("file").files;
  if (file.size > LARGEST) {
    say(byId("import-problem"), "文件超过 10 MB，请分成几个文件导入");
    return;
  }
  const organisation = byId("organisation").value;
  const query = `updates=${byId("updates").checked}${organisation && `&organisation=${organisation}`}`;
  byId("check").disabled = true;
  const job = await sendFile(byId("import-problem"), `${IMPORTS}?${query}`, file);
  byId("check").disabled = false;
  if (job) {
    follow(job.id);
  }
}

/** Shows an import again and again while something happens to it. */
async function follow(id) {
  const isLatest = beginShowing();
  const job = await tellHere(byId("import-problem"), () => ask("GET", `${IMPORTS}/${id}`), isLatest);
  if (!job || !isLatest()) {
    return;
  }
  show(job);
  if (WORKING.includes(job.state)) {
    setTimeout(() => isLatest() && follow(id), POLL_MILLISECONDS);
  }
}

function show(job) {
  const counts = Object.entries(ROSTER_OUTCOMES)
    .filter(([outcome]) => outcome in job.counts)
    .map(([outcome, { words }]) => `${words} ${job.counts[outcome]}`);
  const ignored = job.ignoredColumns.length > 0 ? `未采用的列：${job.ignoredColumns.join("、")}。` : "";
  const words = job.errorWords ?? (counts.length > 0 ? `${counts.join("，")}。${ignored}` : "");
  byId("report").hidden = false;
  byId("report-words").textContent = [ROSTER_STATES[job.state].words, words].filter(Boolean).join("：");
  byId("report-words").className = `notice ${ROSTER_STATES[job.state].tone}`;
  byId("progress").hidden = !WORKING.includes(job.state);
  byId("progress").max = Math.max(job.rows, 1);
  byId("progress").value = job.state === "running" ? job.done : job.rows;
  byId("progress-words").textContent = WORKING.includes(job.state) ? `已处理 ${job.done} 行` : "";
  byId("confirm-import").hidden = job.state !== "checked";
  byId("cancel-import").hidden = job.state !== "checked";
  byId("problem-sheet").hidden = job.problems.length === 0;
  byId("problem-sheet").href = `${IMPORTS}/${job.id}/problems.xlsx`;
  byId("confirm-import").onclick = () => step("POST", `${IMPORTS}/${job.id}/runs`);
  byId("cancel-import").onclick = () => step("DELETE", `${IMPORTS}/${job.id}`);
  fill(byId("report-rows"), job.problems.map(problemRow), "没有需要处理的行");
}

async function step(method, path) {
  byId("confirm-import").disabled = true;
  const job = await askHere(byId("import-problem"), method, path);
  byId("confirm-import").disabled = false;
  if (job) {
    follow(job.id);
  }
}

function problemRow(one) {
  const outcome = ROSTER_OUTCOMES[one.outcome];
  return row(
    fixed(String(one.row)),
    make("td", "", make("span", `mark ${outcome.tone}`, outcome.words)),
    fixed(one.column),
    make("td", "words", one.reason),
  );
}

/** An import that goes on is shown after a reload, too. */
async function resume() {
  const isLatest = beginShowing();
  const found = await askHere(byId("import-problem"), "GET", IMPORTS);
  const last = found?.items[0];
  if (last && isLatest() && (WORKING.includes(last.state) || last.state === "checked")) {
    follow(last.id);
  }
}

byId("import-form").addEventListener("submit", begin);
resume();
