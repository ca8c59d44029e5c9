"use strict";

/** What people do at a station: check in, say how good it is, and what is wrong there. */

const API = "/api/v1";
const NAME_LENGTH = 24;
const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";

/**
 * The calls of visitors. Each logs in silently, so that a member who consents to movements is counted by name;
 * everybody else is counted once by the random name of this device, which the server does not keep.
 * @param {object} parts
 * @param {function(string, string, object=): Promise<*>} parts.request
 * @param {{read: function(): ?string, write: function(string): void}} parts.slot keeps the device's name
 * @param {function(): number} [parts.random]
 */
function createVisits({ request, slot, random = Math.random }) {
  function device() {
    if (slot.read() === null) {
      const letters = Array.from({ length: NAME_LENGTH }, () => LETTERS[Math.floor(random() * LETTERS.length)]);
      slot.write(letters.join(""));
    }
    return slot.read();
  }

  const pathOf = (code, part) => `${API}/stations/${encodeURIComponent(code)}/${part}`;
  const withDevice = (body) => Object.assign({}, body, { device: device() });

  return {
    /**
     * Checks in at a station; again within the window of four hours answers the first visit.
     * @param {string} code on the station's sign
     * @param {{worker: (string|undefined), screenCode: (string|undefined),
     *   position: ({longitude: number, latitude: number, datum: "gcj02"|"wgs84"|"bd09"}|undefined)}} [proof]
     *   `screenCode` is the `k` of the link on the station's screen; the position is used and not kept
     * @returns {Promise<{presence: string, at: string, until: string, again: boolean, withPerson: boolean,
     *   message: string, nextStep: string}>} refused with what to do next in `details.nextStep`
     */
    checkIn: (code, proof = {}) => request("POST", pathOf(code, "check-ins"), { body: withDevice(proof) }),

    /**
     * Rates a station where this member checked in by name within seven days; a later rating replaces the first.
     * @param {string} code
     * @param {1|2|3|4|5} stars 5 is best
     * @returns {Promise<{station: string, stars: number, at: string, message: string}>} refused with
     *   `visit_required` and what to do next in `details.nextStep`
     */
    rate: (code, stars) => request("PUT", pathOf(code, "ratings/mine"), { body: { stars } }),

    /**
     * Says what is wrong at a station; the same again within the hour is the same report.
     * @param {string} code
     * @param {{problem: "locked"|"nothing_works"|"facility_broken"|"wrong_place"|"other",
     *   facility: (string|undefined), words: (string|undefined)}} said `facility` with `facility_broken`: what it is
     * @returns {Promise<{report: string, mark: ?object, message: string, nextStep: string}>} `report` is its id
     */
    report: (code, said) => request("POST", pathOf(code, "reports"), { body: withDevice(said) }),

    /**
     * Adds a photo to a report that this device sent within the last hour, in place of an earlier one.
     * @param {string} report its id
     * @param {{type: "image/jpeg"|"image/png"|"image/webp", content: (ArrayBuffer|Blob)}} photo at most 10 MB
     * @returns {Promise<{report: string}>}
     */
    reportPhoto: (report, photo) => {
      const path = `${API}/reports/${encodeURIComponent(report)}/photo`;
      return request("PUT", path, { query: { device: device() }, upload: photo });
    },
  };
}

module.exports = { createVisits };
