/** Scanning devices: registering them, giving out codes, revoking them. */

import { action, ask, askHere, byId, dayAfter, fill, fixed, lastDayOf, make, row, say, showPager } from "./console.js";
import { DEVICE_STATES } from "./console_words.js";
import "./console_choice.js";

const PATH = "/api/v1/staff/devices";

let chosen = null;
let shown = 1;
let key = "";

async function show(page) {
  const table = await askHere(byId("problem"), "GET", `${PATH}?page=${page}`);
  if (table) {
    shown = page;
    fill(byId("rows"), table.list.map(deviceRow), "没有设备");
    showPager(byId("pager"), table, show);
  }
}

function deviceRow(one) {
  const state = DEVICE_STATES[one.state];
  const isOver = one.state === "revoked" || one.state === "over";
  const again = action("新登记码", `给 ${one.name} 新的登记码`, () => renew(one));
  const end = action("停用", `停用 ${one.name}`, () => openEnding(one));
  return row(
    make("td", "words", one.name),
    make("td", "words", one.organisation),
    make("td", "words", one.stations.map((place) => place.name || place.code).join("、") || "不限"),
    make("td", "", make("span", `mark ${state.tone}`, state.words)),
    fixed(one.until === null ? "未定" : lastDayOf(one.until)),
    make("td", "fixed", ...(isOver ? [] : [again, " ", end])),
  );
}

function openForm() {
  key = crypto.randomUUID();
  byId("form-fields").reset();
  say(byId("form-problem"), "");
  say(byId("stations-named"), "");
  byId("form").showModal();
}

const codes = () => byId("stations").value.toUpperCase().split(/[\s,，、]+/).filter(Boolean);

/** Says which stations were typed, before a device is bound to the wrong one. */
async function nameStations() {
  const typed = codes();
  const found = await Promise.all(typed.map(nameOf));
  if (typed.join() === codes().join()) {
    say(byId("stations-named"), found.join("、"));
  }
}

async function nameOf(code) {
  try {
    return (await ask("GET", `/api/v1/stations/${encodeURIComponent(code)}`)).name;
  } catch (refused) {
    return `${code}：${refused.message}`;
  }
}

async function register(event) {
  event.preventDefault();
  const body = {
    name: byId("name").value.trim(),
    organisation: byId("organisation").value,
    stations: codes(),
    until: dayAfter(byId("until").value),
  };
  const made = await askHere(byId("form-problem"), "POST", PATH, body, { "Idempotency-Key": key });
  if (made) {
    byId("form").close();
    tell(made);
  } else {
    key = crypto.randomUUID();
  }
}

async function renew(one) {
  const made = await askHere(byId("problem"), "POST", `${PATH}/${one.id}/codes`, {});
  if (made) {
    tell(made);
  }
}

function tell(made) {
  byId("told-name").textContent = made.device.name;
  byId("told-code").textContent = made.code;
  byId("told-until").textContent = made.codeUntil.slice(11, 16);
  byId("told").showModal();
  show(shown);
}

function openEnding(one) {
  chosen = one;
  byId("ending-which").textContent = one.name;
  say(byId("ending-problem"), "");
  byId("ending").showModal();
}

async function end() {
  const ended = await askHere(byId("ending-problem"), "DELETE", `${PATH}/${chosen.id}`);
  if (ended) {
    byId("ending").close();
    say(byId("done"), `已停用：${ended.name}`);
    show(shown);
  }
}

byId("add").addEventListener("click", openForm);
byId("stations").addEventListener("change", nameStations);
byId("form-fields").addEventListener("submit", register);
byId("form-cancel").addEventListener("click", () => byId("form").close());
byId("told-close").addEventListener("click", () => byId("told").close());
byId("told").addEventListener("close", () => { byId("told-code").textContent = ""; });
byId("ending-cancel").addEventListener("click", () => byId("ending").close());
byId("ending-confirm").addEventListener("click", end);
show(1);
