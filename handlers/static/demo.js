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

/** The window's storage of that name, or null where it is forbidden: naming it throws there. */
function findStorage(name) {
  try {
    return window[name];
  } catch (forbidden) {
    return null;
  }
}

/** A storage for keys with a prefix. One that is forbidden or full never stops the page. */
function storageIn(kept, prefix) {
  const texts = kept === null ? memoryStorage() : webStorage(kept);
  return {
    get: (key) => texts.get(prefix + key),
    set: (key, text) => {
      try {
        texts.set(prefix + key, text);
      } catch (full) {
        // What could not be kept is still there until the page is left.
      }
    },
    remove: (key) => texts.remove(prefix + key),
    keys: () => texts.keys().filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
  };
}

const lasting = findStorage("localStorage");

/** What outlives a reload of this tab, and not the tab. */
export const tabStorage = storageIn(findStorage("sessionStorage"), "demo.");

/**
 * A storage of its own for each demo person: two phones in one browser.
 * @param {string} name
 */
export const storageOf = (name) => storageIn(lasting, `demo.${name}.`);

/**
 * The client on a demo person's phone.
 * @param {string} person the demo person's key
 * @param {{isStaff: (boolean|undefined), subscribe: (function(string[]): Promise<object>|undefined)}} [options]
 */
export function clientOf(person, { isStaff = false, subscribe } = {}) {
  return createClient({
    baseUrl: window.location.origin,
    login: () => loginCode(person),
    isStaff,
    subscribe,
    storage: storageOf(person),
  });
}

/**
 * The client of this machine as a scanning device.
 * @param {string} code the one-time code that was typed; "" for a device that was enrolled before
 */
export function clientOfDevice(code = "") {
  const storage = storageOf("device");
  const installation = storage.get("installation") || crypto.randomUUID();
  storage.set("installation", installation);
  const login = async () => {
    if (code === "") {
      throw new Error("no code was typed");
    }
    return code;
  };
  return createClient({ baseUrl: window.location.origin, login, installation, storage });
}

/** What `wx.login` gives on that person's phone. */
const loginCode = (person) => demoCode("/demo/login-codes", person);

/**
 * What WeChat's phone button gives on that person's phone.
 * @param {string} person the demo person's key
 * @returns {Promise<string>}
 */
export const phoneCode = (person) => demoCode("/demo/phone-codes", person);

async function demoCode(path, person) {
  return (await (await demoPost(path, { person })).json()).code;
}

/** Does on the simulated phone what is done in WeChat. @returns {Promise<Response>} */
export async function demoPost(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) {
    throw new Error(`no answer of ${path}: ${answer.status}`);
  }
  return answer;
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
