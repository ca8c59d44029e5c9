/** One station: how many there are of each facility, and which do not work since when. */

import { byId, fill, fixed, make, options, row, say } from "./console.js";
import { createPart, rowField } from "./console_station_part.js";

const part = createPart(byId("equipment-problem"), "equipment");
const BROKEN = "broken";
const STATES = [["", "正常"], [BROKEN, "故障"]];

/** What the rows' fields say, facility by facility. */
let readers = [];

async function load() {
  const station = await part.load();
  if (station) {
    show(station);
    if (window.location.hash === "#equipment") {
      byId("equipment").scrollIntoView();
    }
  }
}

function show({ items }) {
  const broken = items.filter((one) => one.brokenSince !== null).map((one) => one.words);
  const state = broken.length > 0 ? `对外公布：${broken.join("、")}。` : "";
  byId("equipment-words").textContent =
    items.length > 0 ? `${state}坏了的设施，找这项设施的人不会找到本站。` : "没有登记设施，请先在基本资料里勾选。";
  byId("equipment-form").hidden = items.length === 0;
  const rows = items.map(facilityRow);
  readers = rows.map(({ read }) => read);
  fill(byId("equipment-rows"), rows.map((one) => one.row), "");
}

/** The day that it is here now. */
const today = () => new Date().toLocaleDateString("sv-SE", { timeZone: "Asia/Shanghai" });

function facilityRow({ facility, name, count, brokenSince }) {
  const limits = { min: 1, max: 999, inputMode: "numeric" };
  const number = rowField(`${name}的数量`, "number", count ?? "", { id: `count-${facility}`, ...limits });
  const since = rowField(`${name}从哪天起坏的`, "date", brokenSince ?? "", { id: `since-${facility}` });
  const state = make("select", "", ...options(STATES));
  state.id = `state-${facility}`;
  state.setAttribute("aria-label", `${name}的好坏`);
  state.value = brokenSince === null ? "" : BROKEN;
  const follow = () => {
    since.disabled = state.value !== BROKEN;
    since.required = state.value === BROKEN;
    since.value = state.value === BROKEN ? since.value || today() : "";
  };
  state.addEventListener("change", follow);
  follow();
  return {
    row: row(fixed(name), number, state, since),
    read: () => ({
      facility,
      count: number.value === "" ? null : Number(number.value),
      brokenSince: since.value || null,
    }),
  };
}

async function save(event) {
  event.preventDefault();
  const station = await part.save({ items: readers.map((read) => read()) });
  if (station) {
    show(station);
    say(byId("done"), "已保存设施情况");
  }
}

byId("equipment-form").addEventListener("submit", save);
byId("station").addEventListener("record", load);
load();
