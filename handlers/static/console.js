/** What the console's pages share: asking the interface, filling tables, turning pages. */

import { createOrder } from "./latest.js";

/** Writes bear this header, which a page of another site cannot set: that is the defence against forged requests. */
const OWN_PAGE = { "X-Console-Request": "1" };

/** What only looks is asked a second time where the network or an engine was away for a moment. */
const AGAIN_MILLISECONDS = 2000;

/** @param {string} id @returns {HTMLElement} */
export const byId = (id) => document.getElementById(id);

/**
 * Makes an element.
 * @param {string} tag
 * @param {string} className
 * @param {...(string|Node)} content
 * @returns {HTMLElement}
 */
export function make(tag, className, ...content) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}

/** Shows words in an element, and the element only while there are some. */
export function say(element, words) {
  element.textContent = words;
  element.hidden = words === "";
}

/** The words of codes, as exports tell them too: on pages whose frame bears them. @returns {Object<string, string>} */
export const codeWords = () => JSON.parse(document.querySelector("main").dataset.words);

/** A refusal, with the words for the person. */
export class Refused extends Error {
  constructor(status, problem) {
    super(wordsOf(problem));
    this.status = status;
    this.code = problem.code;
    this.details = problem.details ?? {};
  }
}

/**
 * Asks the interface. The session is the cookie, which no script sees.
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @param {Object<string, string>} [headers]
 * @returns {Promise<object|null>} the answer; Refused otherwise
 */
export async function ask(method, path, body, headers = {}) {
  const text = await (await send(method, path, body, headers)).text();
  return text === "" ? null : JSON.parse(text);
}

/** Sends a request and returns the answer to it, if it is a yes; Refused otherwise. */
async function send(method, path, body, headers = {}) {
  const sent = { method, headers: { ...OWN_PAGE, ...headers }, credentials: "same-origin" };
  if (body instanceof Blob) {
    sent.headers["Content-Type"] = body.type;
    sent.body = body;
  } else if (body !== undefined) {
    sent.headers["Content-Type"] = "application/json";
    sent.body = JSON.stringify(body);
  }
  let answer = await reach(path, sent);
  if (method === "GET" && !(answer && answer.status !== 503)) {
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MILLISECONDS));
    answer = await reach(path, sent);
  }
  if (!answer) {
    throw new Refused(0, { code: "no_network", message: "网络不通，请稍后再试" });
  }
  if (!answer.ok) {
    throw new Refused(answer.status, problemOf(await answer.text()));
  }
  return answer;
}

/** The answer, or null where there is no network. */
async function reach(path, sent) {
  try {
    return await fetch(path, sent);
  } catch (lost) {
    return null;
  }
}

/** A refused day is told with the days that are possible. */
function wordsOf({ message, details }) {
  const { earliest, latest } = details ?? {};
  return earliest && latest ? `${message}：${earliest} 至 ${latest}` : message;
}

/** What went wrong, in words, even where a proxy answered in our place. */
function problemOf(text) {
  try {
    return JSON.parse(text);
  } catch (foreign) {
    return { code: "unknown", message: "服务没有正常回答，请稍后再试" };
  }
}

/**
 * Asks from a page that needs a session; where it is over, the way leads to the sign-in.
 * @param {HTMLElement} place where a refusal is told
 * @returns {Promise<object|null|undefined>} the answer, or undefined after a refusal
 */
export function askHere(place, method, path, body, headers) {
  return tellHere(place, () => ask(method, path, body, headers));
}

/**
 * Makes what asks, as `askHere` does, for a part of a page that shows one answer at a time: of several questions that
 * are on their way, the latest alone has an answer, or a refusal that is told.
 * @param {HTMLElement} place where a refusal is told
 * @returns {{ask: function(string, string, object=): Promise<object|null|undefined>, forget: function()}} `forget`
 *   makes void what is on its way: something newer is shown
 */
export function createAsking(place) {
  const begin = createOrder();
  const askLatest = async (method, path, body) => {
    const isLatest = begin();
    const answer = await tellHere(place, () => ask(method, path, body), isLatest);
    return isLatest() ? answer : undefined;
  };
  return { ask: askLatest, forget: begin };
}

/** Asks for a file, and lets the browser save it. @param {string} name the file's name */
export async function saveFile(name, method, path, body, headers) {
  const file = await (await send(method, path, body, headers)).blob();
  const link = make("a", "");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Saves a file as `saveFile` does. @param {HTMLElement} place where a refusal is told */
export const saveHere = (place, ...asked) => tellHere(place, () => saveFile(...asked));

/**
 * Sends a file as it is.
 * @param {HTMLElement} place where a refusal is told
 * @param {string} path
 * @param {File} file
 * @returns {Promise<object|null>} the answer, or null after a refusal
 */
export async function sendFile(place, path, file) {
  const type = file.name.toLowerCase().endsWith(".csv") ? "text/csv" : "application/octet-stream";
  const answer = await tellHere(place, () => send("POST", path, new Blob([file], { type })));
  return answer ? answer.json() : null;
}

/**
 * Does something that may be refused, and tells the refusal.
 * @param {HTMLElement} place where a refusal is told
 * @param {function(): Promise<*>} asking
 * @param {function(): boolean} [isLatest] whether a refusal still concerns what the place is about
 * @returns {Promise<*>} what it came to, or undefined after a refusal
 */
export async function tellHere(place, asking, isLatest = () => true) {
  say(place, "");
  try {
    return await asking();
  } catch (refused) {
    if (refused.status === 401) {
      window.location.assign("/console/sign-in");
    } else if (!(refused instanceof Refused)) {
      throw refused;
    } else if (isLatest()) {
      say(place, refused.message);
    }
    return undefined;
  }
}

/**
 * Fills a table's body.
 * @param {HTMLElement} body
 * @param {HTMLElement[]} rows
 * @param {string} none what is said when there are none
 */
export function fill(body, rows, none) {
  const empty = make("td", "empty", none);
  empty.colSpan = headingsOf(body).length;
  body.replaceChildren();
  if (rows.length > 0) {
    addRows(body, rows);
  } else {
    body.append(make("tr", "", empty));
  }
}

/**
 * Adds rows to a table's body; each cell knows its column's name, which stands beside it on narrow screens.
 * @param {HTMLElement} body
 * @param {HTMLTableRowElement[]} rows
 */
export function addRows(body, rows) {
  const names = headingsOf(body).map((heading) => (heading.querySelector(".unseen") ? "" : heading.textContent));
  for (const one of rows) {
    [...one.cells].forEach((cell, place) => {
      cell.dataset.label = names[place];
    });
  }
  body.append(...rows);
}

const headingsOf = (body) => [...body.closest("table").querySelectorAll("thead th")];

/**
 * Makes a button of a table's row.
 * @param {string} words @param {string} label what a screen reader says: the row's name with it
 * @param {function(): void} act
 * @returns {HTMLButtonElement}
 */
export function action(words, label, act) {
  const made = make("button", "", words);
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

/**
 * Makes a link of a table's row.
 * @param {string} words @param {string} label what a screen reader says: the row's name with it
 * @param {string} address
 * @returns {HTMLAnchorElement}
 */
export function link(words, label, address) {
  const made = make("a", "button", words);
  made.href = address;
  made.setAttribute("aria-label", label);
  return made;
}

/** Makes the options of a select. @param {[string, string][]} pairs value and words */
export function options(pairs) {
  return pairs.map(([value, words]) => new Option(words, value));
}

/** @param {...(string|Node|{className: string, content: (string|Node)})} cells @returns {HTMLElement} */
export function row(...cells) {
  return make("tr", "", ...cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : make("td", "", cell))));
}

/** A cell that does not break its line. */
export const fixed = (content) => make("td", "fixed", content);

/** A cell that leads to another page. @param {string} words @param {string} href */
export function linked(words, href) {
  const link = make("a", "linked", words);
  link.href = href;
  return make("td", "", link);
}

/** A cell for an id or a hash. */
export const coded = (text) => make("td", "fixed", make("span", "code", text));

/**
 * Shows where in a table one is, and the ways on.
 * @param {HTMLElement} place
 * @param {{total: number, page: number, pageSize: number}} table
 * @param {function(number): void} turn
 */
export function showPager(place, table, turn) {
  const last = Math.max(1, Math.ceil(table.total / table.pageSize));
  const button = (words, page) => {
    const made = make("button", "", words);
    made.type = "button";
    made.disabled = page < 1 || page > last;
    made.addEventListener("click", () => turn(page));
    return made;
  };
  place.replaceChildren(
    make("p", "", `共 ${table.total} 条，第 ${table.page} / ${last} 页`),
    button("上一页", table.page - 1),
    button("下一页", table.page + 1),
  );
}

/** A moment as people here write it. */
export function timeOf(text) {
  return text.slice(0, 19).replace("T", " ");
}

const DAY_MILLISECONDS = 86400000;

/** The last day of what ends at a moment: the day before, if it ends at midnight. */
export function lastDayOf(end) {
  const local = end.slice(0, 10);
  return end.slice(11, 19) === "00:00:00" ? shifted(local, -1) : local;
}

/** The day after a day that still counts, as the interface wants it; null for none. @param {string} day */
export const dayAfter = (day) => (day === "" ? null : shifted(day, 1));

const shifted = (day, days) => new Date(Date.parse(day) + days * DAY_MILLISECONDS).toISOString().slice(0, 10);
