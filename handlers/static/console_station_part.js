/** What the parts of a station's page share: where it is, and saving on condition of the version that was seen. */

import { askHere, byId, make } from "./console.js";

/** The station's address in the interface. */
export const STATION = `/api/v1/staff/stations/${byId("station").dataset.code}`;

/** The version that was last seen, whichever part of the page has changed it. */
export const seenVersion = () => byId("station").dataset.version;

/** Remembers the version of an answer about the station. @param {{version: string}} answer */
export function seeVersion({ version }) {
  byId("station").dataset.version = version;
}

/**
 * Saves a part of the station, unless somebody has changed the station since it was seen.
 * @param {HTMLElement} place where a refusal is told
 * @param {string} path the part's, below the station's
 * @param {object} part
 * @returns {Promise<object|undefined>} the answer, or undefined after a refusal
 */
export async function savePart(place, path, part) {
  const saved = await askHere(place, "PUT", `${STATION}/${path}`, { version: seenVersion(), ...part });
  if (saved) {
    seeVersion(saved);
  }
  return saved;
}

/**
 * Makes a field of a table's row.
 * @param {string} label what a screen reader says
 * @param {string} type @param {string|number} value
 * @param {object} more other properties of the input
 * @returns {HTMLInputElement}
 */
export function rowField(label, type, value, more) {
  const made = make("input", "");
  Object.assign(made, { type, value, autocomplete: "off" }, more);
  made.setAttribute("aria-label", label);
  return made;
}
