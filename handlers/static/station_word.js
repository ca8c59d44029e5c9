/** The word of staff that their station is open, or stays closed, today. */

import { byId } from "./demo.js";
import { createOrder } from "./latest.js";

/** The word, for the station that the shift has chosen. */
export function createStationWord() {
  const begin = createOrder();
  let client = null;
  let code = null;

  function show(said) {
    const word = said?.open ? "今天已开门" : "今天不开放";
    byId("word-said").textContent = said
      ? `${said.at.slice(11, 16)} 已说明：${word}`
      : "今天没有说明，照公布的开放时间";
  }

  /** Shows what an answer says, unless something else was asked meanwhile. */
  async function tell(asking) {
    const isLatest = begin();
    try {
      const said = await asking;
      if (isLatest()) {
        show(said);
      }
    } catch (error) {
      if (isLatest()) {
        byId("word-said").textContent = error.message;
      }
    }
  }

  const state = (open) =>
    tell(client.request("PUT", `/api/v1/staff/stations/${code}/statement`, { body: { open } }));

  byId("word-open").addEventListener("click", () => state(true));
  byId("word-closed").addEventListener("click", () => state(false));

  return {
    /**
     * Shows the word of a station; null for none, and for a device, which has no say.
     * @param {?object} ofStaff the client
     * @param {?string} station its code
     */
    follow: (ofStaff, station) => {
      client = ofStaff;
      code = station;
      begin();
      const isThere = client !== null && code !== null;
      byId("word").hidden = !isThere;
      byId("word").open = false;
      if (isThere) {
        tell(client.station(code).then(({ evidence }) => evidence.statement));
      }
    },
  };
}
