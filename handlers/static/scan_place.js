/**
 * Where this shift scans, and what for: a scan at a station may be its holder's visit there, too. A device knows
 * its stations; people choose one by the code on its sign. The choice lasts as long as the shift.
 */

import { byId, say, tabStorage } from "./demo.js";
import { codeOf } from "./desk.js";
import { createOrder } from "./latest.js";
import { createStationWord } from "./station_word.js";

const STATION = "scanner.station";
const PURPOSE = "scanner.purpose";

const purposes = () => Array.from(document.querySelectorAll("input[name=purpose]"));

/**
 * The choice.
 * @param {{onChosen: function(): void}} options called when a station was chosen by hand
 */
export function createScanPlace({ onChosen }) {
  const word = createStationWord();
  const begin = createOrder();
  let client = null;
  let isDevice = false;
  let bound = [];
  let chosen = null;

  function show() {
    const station = stationOf();
    byId("place-field").hidden = bound.length < 2;
    byId("place-form").hidden = bound.length > 0 || chosen !== null;
    byId("place-chosen").hidden = chosen === null;
    byId("place-words").textContent = chosen === null ? "" : `在${chosen.name}扫码`;
    byId("purposes").hidden = station === undefined;
    byId("purpose-words").hidden = purposeOf() !== "check_in";
  }

  /** The code of the station where a scan is made, if that is known. */
  const stationOf = () => (bound.length > 0 ? byId("place").value : chosen?.code);

  /** Without a station a scan is no visit. */
  const purposeOf = () =>
    stationOf() === undefined ? "identify" : purposes().find((one) => one.checked).value;

  function choose(station) {
    chosen = station;
    if (station === null) {
      tabStorage.remove(STATION);
    } else {
      tabStorage.set(STATION, JSON.stringify(station));
    }
    followWord();
    show();
  }

  const followWord = () => word.follow(isDevice ? null : client, chosen?.code ?? null);

  function setPurpose(purpose) {
    purposes().forEach((one) => {
      one.checked = one.value === purpose;
    });
  }

  /** Takes the code on a station's sign, or the link that a scanner reads there. */
  async function find(event) {
    event.preventDefault();
    const code = codeOf(byId("place-code").value).replace(/^.*\/S\/|\?.*$/g, "");
    say(byId("place-problem"), "");
    const isLatest = begin();
    try {
      const { code: known, name } = await client.station(code);
      if (!isLatest()) {
        return;
      }
      byId("place-code").value = "";
      choose({ code: known, name });
      onChosen();
    } catch (error) {
      if (isLatest()) {
        say(byId("place-problem"), error.message);
      }
    }
  }

  byId("place-form").addEventListener("submit", find);
  byId("place-change").addEventListener("click", () => choose(null));
  byId("purposes").addEventListener("change", () => {
    tabStorage.set(PURPOSE, purposeOf());
    show();
  });

  return {
    /**
     * Begins a shift, or goes on with it after a reload.
     * @param {object} ofShift the client
     * @param {{code: string, name: string}[]} [stations] those of a device
     */
    open: (ofShift, stations) => {
      begin();
      client = ofShift;
      isDevice = stations !== undefined;
      bound = stations ?? [];
      chosen = bound.length > 0 ? null : JSON.parse(tabStorage.get(STATION));
      byId("place").replaceChildren(...bound.map((one) => new Option(one.name || one.code, one.code)));
      setPurpose(tabStorage.get(PURPOSE) || "identify");
      say(byId("place-problem"), "");
      followWord();
      show();
    },
    /** What a scan is for, and where. @returns {{purpose: string, station: (string|undefined)}} */
    current: () => ({ purpose: purposeOf(), station: stationOf() }),
    /** Ends the shift. */
    close: () => {
      begin();
      [STATION, PURPOSE].forEach((key) => tabStorage.remove(key));
    },
  };
}
