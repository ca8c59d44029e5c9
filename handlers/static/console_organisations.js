/** Organisations: the tree, one of them, and what is recorded of it. */

import { action, ask, byId, createAsking, fill, fixed, make, row, say, showPager, tellHere } from "./console.js";
import { openAct } from "./console_reorganisation.js";
import { openForm } from "./console_organisation_form.js";
import { openPeople } from "./console_organisation_people.js";
import { createOrder } from "./latest.js";
import { LINKS, ORGANISATION_STATES, TIERS } from "./console_words.js";

export const ORGANISATIONS = "/api/v1/staff/organisations";

const table = createAsking(byId("problem"));
const beginLooking = createOrder();
let above = null;
let shown = null;
/** My own topmost organisations: what is above them is not mine to enter. */
let roots = new Set();

async function show(page) {
  const text = byId("search").value.trim();
  const where = text ? `&search=${encodeURIComponent(text)}` : above === null ? "" : `&above=${above.id}`;
  const found = await table.ask("GET", `${ORGANISATIONS}?page=${page}${where}`);
  if (found) {
    roots = above === null && !text ? new Set(found.list.map((one) => one.id)) : roots;
    fill(byId("rows"), found.list.map(organisationRow), text ? "没有找到" : "没有下级组织");
    showPager(byId("pager"), found, show);
    showTrail(text !== "");
  }
}

function organisationRow(one) {
  const state = ORGANISATION_STATES[one.state];
  const below = action("下级", `查看 ${one.name} 的下级`, () => enter(one));
  const open = action("详情", `查看 ${one.name} 的详情`, () => look(one.id));
  return row(
    make("td", "words", one.name),
    fixed(TIERS[one.tier]),
    make("td", "", make("span", `mark ${state.tone}`, state.words)),
    fixed(one.region || "–"),
    fixed(one.code || "–"),
    make("td", "fixed", open, ...(one.hasBelow ? [" ", below] : [])),
  );
}

function enter(one) {
  byId("search").value = "";
  above = one;
  show(1);
  if (one !== null) {
    look(one.id);
  }
}

/** The way from my own organisations to where one is. */
function showTrail(isSearch) {
  const steps = [action("我管理的组织", "回到我管理的组织", () => enter(null))];
  if (!isSearch && above !== null) {
    const path = above.path ?? [];
    const first = path.findIndex((one) => roots.has(one.id));
    for (const one of first < 0 ? [] : path.slice(first)) {
      steps.push(action(one.name, `到 ${one.name}`, () => enter(one)));
    }
    steps.push(make("strong", "", above.name));
  }
  byId("trail").replaceChildren(...steps.flatMap((step, place) => (place ? [" › ", step] : [step])));
}

async function look(id) {
  const isLatest = beginLooking();
  const detail = await tellHere(byId("problem"), () => ask("GET", `${ORGANISATIONS}/${id}`), isLatest);
  if (detail && isLatest()) {
    showDetail(detail);
    byId("detail-name").focus();
  } else if (detail) {
    knowAbove(detail);
  }
}

/** The way to where one is comes with its detail, though another one's may be shown by then. */
function knowAbove(detail) {
  if (above !== null && above.id === detail.id) {
    above = detail;
  }
  showTrail(byId("search").value.trim() !== "");
}

/** Shows an organisation as it is now. */
function showDetail(detail) {
  shown = detail;
  knowAbove(detail);
  const isOpen = detail.state === "active";
  byId("detail").hidden = false;
  byId("detail-name").textContent = detail.name;
  byId("facts").replaceChildren(...factsOf(detail).flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
  for (const id of ["edit", "add", "contacts", "reorganise"]) {
    byId(id).disabled = !isOpen;
  }
}

function factsOf(one) {
  const counts = one.counts;
  const facts = [
    ["状态", ORGANISATION_STATES[one.state].words + (one.ended ? `（${one.ended}）` : "")],
    ["现由", one.successor ? `${one.successor.name} 接续` : ""],
    ["上级", one.path.map((upper) => upper.name).join(" › ")],
    ["层级", TIERS[one.tier]],
    ["地区", [one.region, one.division].filter(Boolean).join(" ")],
    ["统计代码", one.code],
    ["信用代码", one.creditCode],
    ["组织类型", chosenWords("unit-form", one.form)],
    ["行业", chosenWords("industry", one.industry)],
    ["单位类别", chosenWords("kind", one.kind)],
    ["建会日期", one.founded],
    ["任期", one.term ? `${one.term.begins} 起 ${one.term.years} 年，到 ${one.term.ends}` : ""],
    ["人数", counts ? `职工 ${counts.workers}，会员 ${counts.members}（女 ${counts.women}，农民工 ${counts.migrants}），${counts.countedOn}` : ""],
    ["关联", one.links.map((link) => `${LINKS[link.kind]}：${link.organisation.name}`).join("；")],
    ["曾用名", one.formerNames.map((former) => `${former.name}（到 ${former.until}）`).join("；")],
  ];
  return facts.filter(([, value]) => value);
}

/** The words of a choice, from the form that offers it. */
function chosenWords(select, value) {
  const options = value ? [...byId(select).options] : [];
  return options.find((option) => option.value === value)?.textContent ?? "";
}

/** Tells what was done, and shows it. */
async function tell(words, id) {
  say(byId("done"), words);
  await show(1);
  await look(id);
}

byId("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  show(1);
});
byId("edit").addEventListener("click", () => openForm(shown, null, (saved) => tell("已保存", saved.id)));
byId("add").addEventListener("click", () => openForm(null, shown, (made) => tell(`已新建：${made.name}`, made.id)));
byId("contacts").addEventListener("click", () => openPeople(shown.id));
byId("reorganise").addEventListener("click", () => openAct(shown, (words) => tell(words, shown.id)));
show(1);
