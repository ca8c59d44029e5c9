/** Stations near a place: no login, the open ones first, each a link to its own page. */

import { REACH_METRES, forgetAnswer, makeCheckIn } from "./check_in_button.js";
import { byId, make, tabStorage } from "./demo.js";
import { createKeptList } from "./kept_list.js";
import { createOrder } from "./latest.js";
import { wirePlaceSearch } from "./place_search.js";
import { distanceWords, localOf, momentWords, opennessWords } from "./words.js";

const PLACE = "place";
const NEAR_METRES = 5000;
const WIDE_METRES = 50000;
const PAGE = 20;
const REFRESH_MILLISECONDS = 60000;
const HOUR_MILLISECONDS = 3600000;
const HOURS_AHEAD = 24;

/** What is wrong with the question itself has no other answer. */
const REFUSED = [400, 404];

/**
 * The list of stations. It lives as long as the page: it belongs to nobody; who holds the phone may check in.
 * @param {{client: object}} options
 * @returns {{setVisitor: function(object): void}}
 */
export function createStationsView({ client }) {
  const chips = Array.from(document.querySelectorAll("button[data-facility]"));
  const names = new Map(chips.map((chip) => [chip.dataset.facility, chip.textContent]));
  Array.from(byId("kind").options).forEach((option) => option.value && names.set(option.value, option.textContent));
  const onlyOpen = byId("only-open");
  const begin = createOrder();
  let radius = NEAR_METRES;
  let shown = [];
  let following = null;
  let visitor = null;
  let shownFor = "";
  const kept = createKeptList({ client });

  /** What is asked for now; the pages that follow ask the same. */
  function question() {
    const facilities = chips.filter(isPressed).map((chip) => chip.dataset.facility);
    const [longitude, latitude, datum] = byId("place").value.split(",");
    return {
      longitude,
      latitude,
      datum,
      facilities: facilities.length === 0 ? undefined : facilities,
      kind: byId("kind").value || undefined,
      onlyOpen: isPressed(onlyOpen) || undefined,
      at: byId("when").value || undefined,
      radius,
      limit: PAGE,
    };
  }

  async function ask(query) {
    const isLatest = begin();
    if (isOther(query)) {
      byId("stations-words").textContent = "正在查找…";
    }
    try {
      const answer = await client.stationsNear(query);
      if (isLatest()) {
        show(answer, query, visitor);
        byId("stations-words").textContent = summary(shown, query, following !== null);
        kept.keepAround(answer.items);
      }
    } catch (error) {
      if (isLatest()) {
        showWithout(error, query);
      }
    }
  }

  const refresh = () => ask(question());

  /** Whether the list that is shown answers something else; a further page asks the same. */
  const isOther = (query) => JSON.stringify({ ...query, after: undefined }) !== shownFor;

  /** Without the server's answer: what is kept, and never another question's list. */
  function showWithout(error, query) {
    const isRefused = REFUSED.includes(error.status) || query.after !== undefined;
    const found = isRefused ? null : kept.find(query);
    if (found !== null) {
      show({ ...found, next: null }, query, null);
      byId("stations-words").textContent = keptWords(error, found, query);
      return;
    }
    if (isOther(query)) {
      show({ items: [], next: null }, query, null);
      byId("stations-wider").hidden = true;
    }
    byId("stations-words").textContent = error.message;
  }

  /** Shows an answer; `checksIn` is whose check-ins it offers, null for nobody's. */
  function show({ items, next, serverTime }, query, checksIn) {
    shown = query.after === undefined ? items : shown.concat(items);
    shownFor = JSON.stringify({ ...query, after: undefined });
    following = next === null ? null : Object.assign({}, query, { after: next });
    const entries = items.map((station) => withCheckIn(entry(station, serverTime, names), station, query, checksIn));
    if (query.after === undefined) {
      byId("stations-list").replaceChildren(...entries);
    } else {
      byId("stations-list").append(...entries);
    }
    if (query.after === undefined && serverTime) {
      offerMoments(serverTime);
    }
    byId("stations-more").hidden = following === null;
    byId("stations-wider").hidden = shown.length > 0 || radius === WIDE_METRES;
  }

  /** Offers to check in at what is near enough, now. */
  function withCheckIn(made, station, { longitude, latitude, datum, at }, checksIn) {
    if (checksIn !== null && at === undefined && station.distanceMetres <= REACH_METRES) {
      const position = { longitude: Number(longitude), latitude: Number(latitude), datum };
      made.append(makeCheckIn({ client: checksIn, station, position }));
    }
    return made;
  }

  function search(metres) {
    radius = metres;
    refresh();
  }

  [onlyOpen, ...chips].forEach((chip) =>
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(!isPressed(chip)));
      refresh();
    })
  );
  const places = wirePlaceSearch({ client, onPlace: () => goTo(byId("named-place").value) });
  restorePlace();
  const goTo = (place) => {
    byId("place").value = place;
    tabStorage.set(PLACE, place);
    search(NEAR_METRES);
  };
  byId("place").addEventListener("change", () => {
    places.clear();
    goTo(byId("place").value);
  });
  byId("when").addEventListener("change", refresh);
  byId("kind").addEventListener("change", refresh);
  byId("stations-more").addEventListener("click", () => following && ask(following));
  byId("stations-wider").addEventListener("click", () => search(WIDE_METRES));
  wireLocation(() => {
    places.clear();
    search(NEAR_METRES);
  });
  // Who has turned pages keeps them: the first would push them away.
  const isAtFirstPage = () => shown.length <= PAGE;
  setInterval(
    () => document.visibilityState === "visible" && isAtFirstPage() && refresh(),
    REFRESH_MILLISECONDS
  );
  window.addEventListener("online", refresh);
  refresh();
  return {
    /** Says who holds the phone, by the client that has the login. */
    setVisitor: (client) => {
      visitor = client;
      forgetAnswer();
      refresh();
    },
  };
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

/** Offers now and the whole hours of the next day, keeping what is chosen. */
function offerMoments(serverTime) {
  const when = byId("when");
  const first = Math.floor(Date.parse(serverTime) / HOUR_MILLISECONDS) + 1;
  const moments = Array.from({ length: HOURS_AHEAD }, (_, hour) => localOf((first + hour) * HOUR_MILLISECONDS));
  if (when.options[1]?.value === moments[0]) {
    return;
  }
  const chosen = when.value;
  const options = moments.map((at) => new Option(momentWords(at, serverTime), at));
  when.replaceChildren(when.options[0], ...options);
  when.value = moments.includes(chosen) ? chosen : "";
}

function summary(items, { facilities, kind, onlyOpen, radius, at }, hasMore) {
  const reach = `${radius / 1000} 公里内`;
  const then = at === undefined ? "现在" : "那时";
  if (items.length === 0 && onlyOpen) {
    return `${reach}${then}没有${kind ? "这种" : ""}开放的驿站${facilities ? "有这些设施" : ""}，可以取消“只看开放”。`;
  }
  if (items.length === 0 && kind) {
    return `${reach}没有这种驿站${facilities ? "有这些设施" : ""}，可以改选“不限”。`;
  }
  if (items.length === 0) {
    return facilities ? `${reach}没有设施都符合的驿站，可以少选几项。` : `${reach}没有已公布位置的驿站。`;
  }
  const open = items.filter((station) => ["open", "closing"].includes(station.open.state)).length;
  const count = hasMore ? `先列出 ${items.length} 个` : `${reach} ${items.length} 个`;
  return onlyOpen ? `${count}，${then}都开放` : `${count}，${then}开放 ${open} 个`;
}

/** What is said above a list that was kept: why it is shown, and of when it is. */
function keptWords(error, { items, serverTime, keptAt }, query) {
  const why = error.status === 0 ? "没有网络" : "暂时连不上服务";
  if (items.length === 0) {
    return `${why}，已存的资料里没有找到这附近的驿站，等有网络再查。`;
  }
  const when = keptAt === null ? "" : `（${momentWords(keptAt, serverTime)}）`;
  return `${why}，按已存的资料${when}：${summary(items, query, false)}`;
}

function entry(station, now, names) {
  const link = make("a", "station");
  link.href = `/s/${station.code}`;
  const state = make("span", `state ${station.open.state}`, opennessWords(station.open, now));
  const distance = make("span", "distance", distanceWords(station.distanceMetres));
  link.append(make("strong", "", station.name), make("span", "state-line", state, distance));
  if (station.mark && station.mark.words !== station.open.reason?.words) {
    link.append(make("span", "said", station.mark.words));
  }
  link.append(make("span", "quiet", station.address));
  const offers = [station.kind, ...station.facilities].filter(Boolean).map((one) => names.get(one));
  if (offers.length > 0) {
    link.append(make("span", "facilities", offers.join("　")));
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
  const begin = createOrder();
  button.hidden = false;
  place.addEventListener("change", begin);
  button.addEventListener("click", () => {
    const isLatest = begin();
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        button.disabled = false;
        if (!isLatest()) {
          return; // Another place was chosen meanwhile.
        }
        option.value = `${coords.longitude},${coords.latitude},wgs84`;
        option.hidden = false;
        place.value = option.value;
        onPlace();
      },
      () => {
        button.disabled = false;
        if (isLatest()) {
          byId("stations-words").textContent = "没有取到您的位置，请选一个地点。";
        }
      },
      { timeout: 10000, maximumAge: 60000 }
    );
  });
}
