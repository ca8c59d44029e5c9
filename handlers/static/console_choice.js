/**
 * Choosing an organisation, mine or any: a field that suggests while one types, for trees of thousands.
 *
 * A page says where, by `<span data-choice="ID">`: the id then is that of a hidden input with the organisation's
 * id, which tells its changes as a select does; the label is for `ID-text`. `data-none` has the words for no
 * choice, `data-required` demands one, `data-first` begins with the topmost. Mine alone are offered, but with
 * `data-everywhere` every open one: where a membership goes, or what stands in the other tree. The pattern is the
 * combobox with a list of WAI-ARIA 1.2.
 */

import { ask, make, say, tellHere } from "./console.js";
import { createOrder } from "./latest.js";

const ORGANISATIONS = "/api/v1/staff/organisations";
const EVERYWHERE = "/api/v1/organisations";
const WHOLE_CODE = /^[0-9A-Z]{6,40}$/i;
const MOST = 20;
const PAUSE_MILLISECONDS = 200;
const NONE = { id: "", name: "" };

const choices = new Map();

/** What is chosen in a field. @param {string} id @returns {{id: string, name: string}} */
export const chosenOrganisation = (id) => choices.get(id).chosen();

/** Chooses in a field, without telling its page. @param {string} id @param {{id: string, name: string}} one */
export const chooseOrganisation = (id, one) => choices.get(id).show(one);

/** Offers one organisation no longer in a field: the one that something is done to. @param {string} id @param {string} one */
export const leaveOut = (id, one) => choices.get(id).leaveOut(one);

/** Finds mine by a part of the name or a code; without one, the topmost and what stands below the only one. */
async function find(typed) {
  const page = (query) => ask("GET", `${ORGANISATIONS}?${new URLSearchParams({ ...query, pageSize: MOST })}`);
  if (typed !== "") {
    return page({ search: typed });
  }
  const topmost = await page({});
  const below = topmost.total === 1 ? await page({ above: topmost.list[0].id }) : { list: [], total: 0 };
  const open = [...topmost.list, ...below.list].filter((one) => one.state === "active");
  return { list: open, total: topmost.total + below.total };
}

/** Finds any open one by a part of the name, or by a whole code. */
async function findEverywhere(typed) {
  const page = (query) => ask("GET", `${EVERYWHERE}?${new URLSearchParams({ ...query, limit: MOST })}`);
  const named = typed === "" ? { items: [] } : await page({ name: typed });
  const isCode = named.items.length === 0 && WHOLE_CODE.test(typed);
  return { list: isCode ? (await page({ code: typed.toUpperCase() })).items : named.items };
}

function wordsOf({ list, total }, typed) {
  const isEverywhere = total === undefined;
  if (list.length === 0 && isEverywhere) {
    return typed === "" ? "请输入名称的一部分，或完整的代码" : "没有找到，请换名称或代码再试";
  }
  if (list.length === 0) {
    return "您管理的组织里没有找到，请换名称或代码再试";
  }
  if (isEverywhere) {
    return list.length === MOST ? `只列出 ${MOST} 个，请输入更完整的名称` : "";
  }
  const more = total - list.length;
  return more > 0 ? `另有 ${more} 个，请输入${typed === "" ? "名称或代码查找" : "更完整的名称"}` : "";
}

function createChoice(place) {
  const { choice: id, none } = place.dataset;
  const isRequired = "required" in place.dataset;
  const seek = "everywhere" in place.dataset ? findEverywhere : find;
  const value = Object.assign(make("input", ""), { type: "hidden", id });
  const text = Object.assign(make("input", ""), { id: `${id}-text`, autocomplete: "off", spellcheck: false, maxLength: 60 });
  const list = Object.assign(make("ul", ""), { id: `${id}-list` });
  const words = make("p", "quiet");
  const box = make("span", "suggestions", list, words);
  const beginSearch = createOrder();
  let picked = NONE;
  let left = "";
  let shown = [];
  let active = -1;
  let timer = 0;

  function show(one) {
    picked = one;
    value.value = one.id;
    text.value = one.name;
  }

  function pick(one) {
    const isOther = one.id !== picked.id;
    show(one);
    close();
    if (isOther) {
      value.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  function close() {
    beginSearch();
    clearTimeout(timer);
    box.hidden = true;
    shown = [];
    list.replaceChildren();
    mark(-1);
    text.setAttribute("aria-expanded", "false");
  }

  async function suggest(typed) {
    const isLatest = beginSearch();
    if (typed.length === 1) {
      fill([], "请再输入一个字");
      return;
    }
    const found = await tellHere(words, () => seek(typed), isLatest);
    if (isLatest()) {
      const all = none && typed === "" ? [{ ...NONE, words: none }] : [];
      const others = found ? found.list.filter((one) => one.id !== left) : [];
      fill([...all, ...others], found ? wordsOf(found, typed) : words.textContent);
    }
  }

  function fill(some, told) {
    shown = some;
    list.replaceChildren(...some.map(suggestion));
    list.hidden = some.length === 0;
    say(words, told);
    box.hidden = false;
    text.setAttribute("aria-expanded", "true");
    mark(-1);
  }

  function suggestion(one, number) {
    const about = [one.above, one.region, one.code].filter(Boolean).join(" · ");
    const made = make("li", "", make("strong", "", one.words ?? one.name), make("span", "quiet", about));
    made.id = `${id}-${number}`;
    made.setAttribute("role", "option");
    made.addEventListener("click", () => pick(one));
    return made;
  }

  function mark(number) {
    active = number;
    Array.from(list.children).forEach((one, at) => one.setAttribute("aria-selected", String(at === number)));
    if (number >= 0) {
      text.setAttribute("aria-activedescendant", `${id}-${number}`);
      list.children[number].scrollIntoView({ block: "nearest" });
    } else {
      text.removeAttribute("aria-activedescendant");
    }
  }

  /** Moves through the suggestions in a circle, or opens them. */
  function move(step) {
    if (box.hidden) {
      suggest("");
    } else if (shown.length > 0) {
      mark(active < 0 && step < 0 ? shown.length - 1 : (active + step + shown.length) % shown.length);
    }
  }

  /** Takes the marked one, or the only one; or else lets Enter send the form, if nothing is half typed. */
  function enter(event) {
    const one = shown[active] ?? (shown.length === 1 ? shown[0] : undefined);
    if (one) {
      event.preventDefault();
      pick(one);
    } else if (text.value !== picked.name) {
      event.preventDefault();
    }
  }

  /** What is left half typed is what was chosen before; what is emptied is none, where that is a choice. */
  function leave() {
    const typed = text.value.trim();
    const same = shown.find((one) => one.name === typed);
    const isNone = typed === "" && !isRequired;
    pick(isNone ? NONE : same && typed !== picked.name ? same : picked);
  }

  function press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      move(step);
    } else if (event.key === "Enter") {
      enter(event);
    } else if (event.key === "Escape" && (!box.hidden || text.value !== picked.name)) {
      event.preventDefault();
      show(picked);
      close();
    }
  }

  /** A late answer takes nothing from who has begun to choose. */
  async function chooseFirst() {
    const topmost = await tellHere(words, () => find(""));
    const isUntouched = picked === NONE && text.value === "" && box.hidden;
    if (topmost && topmost.list.length > 0 && isUntouched) {
      pick(topmost.list[0]);
    }
  }

  text.placeholder = none ?? "输入名称或代码查找";
  text.required = isRequired;
  const roles = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id };
  Object.entries(roles).forEach(([name, role]) => text.setAttribute(name, role));
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "组织");
  words.setAttribute("role", "status");
  box.hidden = true;
  box.addEventListener("mousedown", (event) => event.preventDefault());
  text.addEventListener("input", () => {
    close(); // What was suggested for other words is not to be taken by a quick key.
    timer = setTimeout(() => suggest(text.value.trim()), PAUSE_MILLISECONDS);
  });
  text.addEventListener("focus", () => text.select());
  text.addEventListener("click", () => box.hidden && suggest(""));
  text.addEventListener("keydown", press);
  text.addEventListener("blur", leave);
  const begin = () => ("first" in place.dataset ? chooseFirst() : undefined);
  place.closest("form")?.addEventListener("reset", () => {
    show(NONE);
    begin();
  });
  place.classList.add("chooser");
  place.append(value, text, box);
  choices.set(id, { show, chosen: () => picked, leaveOut: (one) => (left = one) });
  begin();
}

document.querySelectorAll("[data-choice]").forEach(createChoice);
