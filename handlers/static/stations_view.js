/** Stations near a place: no login, the open ones first, each a link to its own page. */

import { byId, make, tabStorage } from "./demo.js";
import { distanceWords, opennessWords } from "./words.js";

const PLACE = "place";
const NEAR_METRES = 5000;
const WIDE_METRES = 50000;
const MOST = 30;
const REFRESH_MILLISECONDS = 60000;

/**
 * The list of stations. It lives as long as the page: it belongs to nobody.
 * @param {{client: object}} options
 */
export function createStationsView({ client }) {
  const chips = Array.from(document.querySelectorAll("button[data-facility]"));
  const names = new Map(chips.map((chip) => [chip.dataset.facility, chip.textContent]));
  let radius = NEAR_METRES;
  let asked = 0;

  async function refresh() {
    asked += 1;
    const turn = asked;
    const facilities = chips.filter(isPressed).map((chip) => chip.dataset.facility);
    const [longitude, latitude, datum] = byId("place").value.split(",");
    const wanted = facilities.length === 0 ? undefined : facilities;
    try {
      const query = { longitude, latitude, datum, facilities: wanted, radius, limit: MOST };
      const answer = await client.stationsNear(query);
      if (turn === asked) {
        show(answer, facilities.length > 0);
      }
    } catch (error) {
      if (turn === asked) {
        byId("stations-words").textContent = error.message;
      }
    }
  }

  function show({ items, serverTime }, isFiltered) {
    byId("stations-list").replaceChildren(...items.map((station) => entry(station, serverTime, names)));
    byId("stations-words").textContent = summary(items, isFiltered, radius);
    byId("stations-wider").hidden = items.length > 0 || radius === WIDE_METRES;
  }

  function search(metres) {
    radius = metres;
    refresh();
  }

  chips.forEach((chip) =>
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(!isPressed(chip)));
      refresh();
    })
  );
  restorePlace();
  byId("place").addEventListener("change", () => {
    tabStorage.set(PLACE, byId("place").value);
    search(NEAR_METRES);
  });
  byId("stations-wider").addEventListener("click", () => search(WIDE_METRES));
  wireLocation(() => search(NEAR_METRES));
  setInterval(() => document.visibilityState === "visible" && refresh(), REFRESH_MILLISECONDS);
  refresh();
}

/** Chooses the place that was chosen before a station's page was opened. */
function restorePlace() {
  const place = byId("place");
  const kept = tabStorage.get(PLACE);
  if (Array.from(place.options).some((option) => option.value === kept)) {
    place.value = kept;
  }
}

const isPressed = (chip) => chip.getAttribute("aria-pressed") === "true";

function summary(items, isFiltered, radius) {
  const reach = `${radius / 1000} 公里内`;
  if (items.length === 0) {
    return isFiltered ? `${reach}没有设施都符合的驿站，可以少选几项。` : `${reach}没有已公布位置的驿站。`;
  }
  const open = items.filter((station) => ["open", "closing"].includes(station.open.state)).length;
  const count = items.length === MOST ? `最近的 ${MOST} 个` : `${reach} ${items.length} 个`;
  return `${count}，现在开放 ${open} 个`;
}

function entry(station, now, names) {
  const link = make("a", "station");
  link.href = `/s/${station.code}`;
  const state = make("span", `state ${station.open.state}`, opennessWords(station.open, now));
  const distance = make("span", "distance", distanceWords(station.distanceMetres));
  link.append(make("strong", "", station.name), make("span", "state-line", state, distance));
  link.append(make("span", "quiet", station.address));
  const facilities = station.facilities.map((facility) => names.get(facility)).join("　");
  if (facilities) {
    link.append(make("span", "facilities", facilities));
  }
  return make("li", "", link);
}

/** Offers the phone's own position where the browser can give it: on a secure address only. */
function wireLocation(onPlace) {
  if (!window.isSecureContext || !navigator.geolocation) {
    return;
  }
  const button = byId("locate");
  const place = byId("place");
  const option = byId("own-place");
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        option.value = `${coords.longitude},${coords.latitude},wgs84`;
        option.hidden = false;
        place.value = option.value;
        button.disabled = false;
        onPlace();
      },
      () => {
        byId("stations-words").textContent = "没有取到您的位置，请选一个地点。";
        button.disabled = false;
      },
      { timeout: 10000, maximumAge: 60000 }
    );
  });
}
