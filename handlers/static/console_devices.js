/** Scanning devices: registering them, giving out codes, revoking them. */

import { action, ask, byId, createAsking, dayAfter, fill, fixed, lastDayOf, make, row, say, showPager } from "./console.js";
import { createDialog } from "./console_dialog.js";
import { DEVICE_STATES } from "./console_words.js";
import "./console_choice.js";

const PATH = "/api/v1/staff/devices";

const table = createAsking(byId("problem"));
const renewing = createAsking(byId("problem"));
const form = createDialog("form");
const ending = createDialog("ending");
let chosen = null;
let shown = 1;
let key = "";

async function show(page) {
  const found = await table.ask("GET", `${PATH}?page=${page}`);
  if (found) {
    shown = page;
    fill(byId("rows"), found.list.map(deviceRow), "没有设备");
    showPager(byId("pager"), found, show);
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
  say(byId("stations-named"), "");
  form.open();
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
  const made = await form.send("POST", PATH, body, { "Idempotency-Key": key });
  if (made) {
    tell(made);
  } else {
    key = crypto.randomUUID();
  }
}

async function renew(one) {
  const made = await renewing.ask("POST", `${PATH}/${one.id}/codes`, {});
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
  ending.open();
}

async function end() {
  const ended = await ending.send("DELETE", `${PATH}/${chosen.id}`);
  if (ended) {
    say(byId("done"), `已停用：${ended.name}`);
    show(shown);
  }
}

byId("add").addEventListener("click", openForm);
byId("stations").addEventListener("change", nameStations);
byId("form-fields").addEventListener("submit", register);
byId("told-close").addEventListener("click", () => byId("told").close());
byId("told").addEventListener("close", () => { byId("told-code").textContent = ""; });
byId("ending-confirm").addEventListener("click", end);
show(1);
