/** One station: what everybody is told of it now, when it is open, in the words that people write, and closures. */

import { ask, askHere, byId, createAsking, make, say, tellHere, timeOf } from "./console.js";
import { STATION, createPart, seenVersion, seeVersion } from "./console_station_part.js";
import { createOrder } from "./latest.js";
import { opennessWords } from "./words.js";

const closing = createPart(byId("closure-problem"), "closure");
const beginWords = createOrder();
const looking = createAsking(byId("problem"));

async function load() {
  const station = await askHere(byId("problem"), "GET", `${STATION}/hours`);
  if (station) {
    show(station);
    byId("hours-text").value = station.text || (station.hours ? station.words : "");
  }
}

function show(station) {
  seeVersion(station);
  byId("station").textContent = station.name;
  showNow(station);
  byId("hours-by").textContent = station.byOfficer ? "工作人员在此填写，导入驿站表不会改动" : "驿站表";
  const isUnread = station.kind === "unknown" && station.text !== "";
  byId("hours-words").textContent = isUnread ? `${station.words}（原文“${station.text}”看不懂）` : station.words;
  showClosure(station.closure);
}

/** What the public page says: how open the station is, what people report, when somebody was last there. */
function showNow({ state, headline, open, evidence, serverTime }) {
  looking.forget();
  const isTold = state === "operating" && open.reason?.code !== "doubted";
  byId("now").textContent = isTold ? opennessWords(open, serverTime) : headline;
  byId("marks").replaceChildren(...evidence.marks.map((mark) => make("span", "mark bad", mark.words)));
  byId("marked").hidden = evidence.marks.length === 0;
  byId("last-visit").textContent = evidence.lastVisit ? dayOrMinute(evidence.lastVisit) : "没有";
}

/** Of a visit that is thirty days old only the day is told, as its midnight. */
const dayOrMinute = (text) => (text.slice(11, 19) === "00:00:00" ? text.slice(0, 10) : minuteOf(text));

/** Shows what is told now after another part of the page has changed it. */
async function look() {
  const station = await looking.ask("GET", `${STATION}/hours`);
  if (station) {
    showNow(station);
  }
}

function showClosure(closure) {
  byId("reopen").hidden = closure === null;
  const until = closure?.until ? `，到 ${minuteOf(closure.until)} 恢复` : "，恢复时间另行通知";
  say(byId("closure-words"), closure ? `${closure.reason}：${minuteOf(closure.since)} 起${until}` : "");
}

const minuteOf = (text) => timeOf(text).slice(0, 16);

/** Sends words; where some are not understood they are selected, so that one sees which, unless others stand there. */
function sendWords(method, path, body, isLatest) {
  say(byId("hours-read"), "");
  return tellHere(byId("hours-problem"), async () => {
    try {
      return await ask(method, `${STATION}/${path}`, body);
    } catch (refused) {
      if (isLatest()) {
        point(refused.details?.place);
      }
      throw refused;
    }
  }, isLatest);
}

function point(place) {
  if (place !== undefined) {
    const field = byId("hours-text");
    field.focus();
    field.setSelectionRange(place, field.value.length);
  }
}

async function check() {
  const isLatest = beginWords();
  const read = await sendWords("POST", "hours/checks", { text: byId("hours-text").value }, isLatest);
  if (read && isLatest()) {
    say(byId("hours-read"), `意思是：${read.words}。按此现在：${opennessWords(read.open, read.serverTime)}`);
  }
}

async function saveHours(event) {
  event.preventDefault();
  const body = { version: seenVersion(), text: byId("hours-text").value };
  const station = await sendWords("PUT", "hours", body, beginWords());
  if (station) {
    show(station);
    say(byId("done"), `已公布：${station.words}`);
  }
}

/** What the field says is local time here, wherever the browser stands. */
const momentOf = (id) => (byId(id).value === "" ? null : `${byId(id).value}:00+08:00`);

async function close(event) {
  event.preventDefault();
  const closure = { reason: byId("reason").value.trim(), since: momentOf("since"), until: momentOf("until") };
  const station = await closing.save(closure);
  if (station) {
    show(station);
    byId("closure-form").reset();
    say(byId("done"), "已公布临时关闭");
  }
}

async function reopen() {
  const station = await askHere(byId("closure-problem"), "DELETE", `${STATION}/closure`);
  if (station) {
    show(station);
    say(byId("done"), "已恢复开放");
  }
}

byId("hours-check").addEventListener("click", check);
byId("hours-form").addEventListener("submit", saveHours);
byId("hours-text").addEventListener("input", () => {
  beginWords();
  say(byId("hours-read"), "");
});
byId("closure-form").addEventListener("submit", close);
byId("reopen").addEventListener("click", reopen);
byId("station").addEventListener("statement", look);
byId("station").addEventListener("record", look);
load();
