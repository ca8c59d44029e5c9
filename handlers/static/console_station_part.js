/** What the parts of a station's page share: where it is, and saving on condition of the version that was seen. */

import { askHere, byId, createAsking, make } from "./console.js";

/** The station's address in the interface. */
export const STATION = `/api/v1/staff/stations/${byId("station").dataset.code}`;

/** The version that was last seen, whichever part of the page has changed it. */
export const seenVersion = () => byId("station").dataset.version;

/** Remembers the version of an answer about the station. @param {{version: string}} answer */
export function seeVersion({ version }) {
  byId("station").dataset.version = version;
}

/**
 * Makes what asks for a part of the station, and saves it.
 * @param {HTMLElement} place where a refusal is told
 * @param {string} path the part's, below the station's
 */
export function createPart(place, path) {
  const asking = createAsking(place);
  const address = `${STATION}/${path}`;
  return {
    /** @returns {Promise<object|undefined>} the part; undefined after a refusal, or if it was saved meanwhile */
    load: () => asking.ask("GET", address),
    /**
     * Saves it, unless somebody has changed the station since it was seen.
     * @param {object} part @returns {Promise<object|undefined>} the answer, or undefined after a refusal
     */
    save: async (part) => {
      const saved = await askHere(place, "PUT", address, { version: seenVersion(), ...part });
      if (saved) {
        asking.forget();
        seeVersion(saved);
      }
      return saved;
    },
  };
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
