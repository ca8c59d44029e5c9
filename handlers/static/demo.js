/** What both pages of the demo share: the simulated phone's client, what it keeps, and making elements. */

const { createClient, memoryStorage, webStorage } = window.UnionStation;

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

/**
 * Shows words in an element, and the element only while there are some.
 * @param {HTMLElement} element
 * @param {string} words
 */
export function say(element, words) {
  element.textContent = words;
  element.hidden = words === "";
}

/** The browser's storage, or memory where it is forbidden: naming it throws there. */
function pickStorage() {
  try {
    return webStorage(window.localStorage);
  } catch (forbidden) {
    return memoryStorage();
  }
}

const everything = pickStorage();

/**
 * A storage of its own for each demo person: two phones in one browser.
 * @param {string} name
 */
export function storageOf(name) {
  const keyOf = (key) => `demo.${name}.${key}`;
  return {
    get: (key) => everything.get(keyOf(key)),
    set: (key, text) => everything.set(keyOf(key), text),
    remove: (key) => everything.remove(keyOf(key)),
  };
}

/**
 * The client on a demo person's phone.
 * @param {string} person the demo person's key
 * @param {{isStaff: (boolean|undefined)}} [options]
 */
export function clientOf(person, { isStaff = false } = {}) {
  return createClient({
    baseUrl: window.location.origin,
    login: () => loginCode(person),
    isStaff,
    storage: storageOf(person),
  });
}

/** What `wx.login` gives on that person's phone. */
async function loginCode(person) {
  const answer = await fetch("/demo/login-codes", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ person }),
  });
  if (!answer.ok) {
    throw new Error(`no login code: ${answer.status}`);
  }
  return (await answer.json()).code;
}

/**
 * The buttons of the demo people.
 * @param {function(string, string): void} onPick gets the key and the name
 * @returns {HTMLButtonElement[]}
 */
export function wirePeople(onPick) {
  const buttons = Array.from(document.querySelectorAll("button[data-person]"));
  buttons.forEach((button) => {
    button.addEventListener("click", () => onPick(button.dataset.person, button.dataset.name));
  });
  return buttons;
}
