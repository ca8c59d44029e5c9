/** The word of staff that their station is open, or stays closed, today. */

import { byId } from "./demo.js";

/** The word, for the station that the shift has chosen. */
export function createStationWord() {
  let client = null;
  let code = null;

  function show(said) {
    const word = said?.open ? "今天已开门" : "今天不开放";
    byId("word-said").textContent = said
      ? `${said.at.slice(11, 16)} 已说明：${word}`
      : "今天没有说明，照公布的开放时间";
  }

  /** Shows what an answer says, unless another station was chosen meanwhile. */
  async function tell(asking) {
    const asked = code;
    try {
      const said = await asking;
      if (asked === code) {
        show(said);
      }
    } catch (error) {
      byId("word-said").textContent = error.message;
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
      const isThere = client !== null && code !== null;
      byId("word").hidden = !isThere;
      byId("word").open = false;
      if (isThere) {
        tell(client.station(code).then(({ evidence }) => evidence.statement));
      }
    },
  };
}
