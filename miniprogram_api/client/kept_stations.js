"use strict";

/** Districts' stations, kept for when there is no network: the same stations in the same order as online. */

const { RANKING, localText, opennessAt } = require("./openings.js");
const { fromGcj02, metresBetween } = require("./positions.js");
const { readQuestion } = require("./questions.js");

const NOT_MODIFIED = 304;
const OPEN_RANKS = 2;
const DECIMALS = 1e6;

/** An edition that changes while its parts are fetched is fetched again, once. */
const MOST_TRIES = 2;

/**
 * @typedef {{district: string, version: string, parts: number, stations: number, since: string, days: number,
 *   keptAt: string}} Kept what is known of a kept district: for how many days from when its openings are told, and
 *   when the server last said that it is so
 */

/**
 * The kept districts' part of a client.
 * @param {object} parts
 * @param {function(string, string, object=): Promise<*>} parts.request
 * @param {function(): number} parts.now the server's time, milliseconds
 * @param {function(string): {read: function(): *, write: function(*): void}} parts.slot by name
 * @returns {object} the calls below
 */
function createKeptStations({ request, now, slot }) {
  const slots = new Map();
  const list = slot("districts");

  function slotOf(district, part) {
    const name = `district.${district}.${part}`;
    if (!slots.has(name)) {
      slots.set(name, slot(name));
    }
    return slots.get(name);
  }

  const kept = () => list.read() || [];

  /** A district's parts; null where the storage has lost some. */
  function filesOf({ district, version, parts }) {
    const files = [];
    for (let part = 1; part <= parts; part += 1) {
      files.push(slotOf(district, part).read());
    }
    return files.every((file) => file !== null && file.version === version) ? files : null;
  }

  function forgetDistrict(district) {
    kept()
      .filter((one) => one.district === district)
      .forEach((one) => {
        for (let part = 1; part <= one.parts; part += 1) {
          slotOf(district, part).write(null);
        }
      });
    list.write(kept().filter((one) => one.district !== district));
  }

  async function fetchParts(district, ifNoneMatch, tries) {
    const path = `/api/v1/districts/${encodeURIComponent(district)}/stations`;
    const first = await request("GET", path, { isPublic: true, ifNoneMatch });
    const files = [first];
    for (let part = 2; part <= first.parts; part += 1) {
      // One after the other: the next may already be of another edition.
      const file = await request("GET", path, { isPublic: true, query: { part } });
      if (file.version !== first.version) {
        if (tries <= 1) {
          throw new Error("the stations change while they are fetched");
        }
        return fetchParts(district, undefined, tries - 1);
      }
      files.push(file);
    }
    return files;
  }

  /** Puts an entry into the list, in place of the district's earlier one. */
  function listed(entry) {
    list.write(kept().filter((one) => one.district !== entry.district).concat([entry]));
    return entry;
  }

  async function keepDistrict(district) {
    const known = kept().find((one) => one.district === district && filesOf(one) !== null);
    let files;
    try {
      files = await fetchParts(district, known && `W/"${known.version}"`, MOST_TRIES);
    } catch (error) {
      if (error.status === NOT_MODIFIED) {
        return listed(Object.assign({}, known, { keptAt: localText(now()) }));
      }
      throw error;
    }
    forgetDistrict(district);
    files.forEach((file, place) => slotOf(district, place + 1).write(file));
    const [{ version, parts, since, days }] = files;
    const stations = files.reduce((sum, file) => sum + file.codes.length, 0);
    return listed({ district, version, parts, stations, since, days, keptAt: localText(now()) });
  }

  return {
    /**
     * Fetches a district's stations and keeps them; what has not changed is not sent again.
     * @param {string} district such as "金水区"
     * @returns {Promise<Kept>}
     */
    keepDistrict,

    /**
     * The districts that are kept.
     * @returns {Kept[]}
     */
    keptDistricts: () => kept().filter((one) => filesOf(one) !== null),

    /**
     * Drops a district.
     * @param {string} district
     */
    forgetDistrict,

    /**
     * Stations of the kept districts, the most useful first, without a network. Of days that a file does not
     * tell it is unknown whether a station is open. What set a station back when the file was written (its 站长
     * closed it for the day, people doubt that it is open), or made it open before its hours, and how lately it
     * was confirmed to be open, count for now alone, as online.
     * @param {import("./questions.js").Wanted} wanted
     * @returns {{items: object[], serverTime: string, keptAt: ?string}} as `stationsNear` gives them, and when the
     *   oldest district that they are of was kept, null without any
     * @throws {ApiError} for what `stationsNear` refuses, with the same code and words, and `network_failed` for
     *   what only the server can answer: `near` and `after`
     */
    keptStationsNear: (wanted) => {
      const question = readQuestion(wanted, now());
      const found = kept()
        .map((entry) => ({ entry, files: filesOf(entry) }))
        .filter(({ files }) => files !== null)
        .reduce((all, { entry, files }) => all.concat(...files.map((file) => nearIn(file, entry, question))), [])
        .sort(byUse)
        .slice(0, question.limit);
      return {
        items: found.map((one) => reply(one, question.datum)),
        serverTime: localText(now()),
        keptAt: oldest(found.map(({ entry }) => entry.keptAt)),
      };
    },
  };
}

/** The stations of a file that count, each with its rank and metres. */
function nearIn(file, entry, { here, at, isNow, facilities, kind, onlyOpen, radius }) {
  const span = { since: Date.parse(file.since), days: file.days };
  const states = file.schedules.map((openings) => opennessAt(openings, span, at));
  const setBack = isNow ? setBackAt(file, at) : new Map();
  // A file that was kept by an earlier edition of this library may have none.
  const setBacks = (isNow && file.setBacks) || [];
  const opened = isNow ? openedAt(file, at) : new Map();
  const bits = facilities.map((name) => file.facilityNames.indexOf(name));
  const found = [];
  file.codes.forEach((code, place) => {
    const { floor, mark, until } = setBack.get(place) || { floor: 0, mark: null, until: null };
    const usual = states[file.scheduleOf[place]];
    const open = opened.has(place)
      ? asOpened(usual, opened.get(place))
      : asSetBack(file.schedules[file.scheduleOf[place]], span, usual, floor, until);
    const rank = RANKING.indexOf(open.state);
    const hasAll = bits.every((bit) => bit >= 0 && (file.facilities[place] >> bit) & 1);
    const isOfKind = kind === null || file.kindNames[file.kinds[place]] === kind;
    if (hasAll && isOfKind && (rank < OPEN_RANKS || !onlyOpen)) {
      const metres = Math.round(metresBetween(here, [file.longitudes[place], file.latitudes[place]]));
      if (metres <= radius) {
        found.push({ entry, file, place, code, rank, metres, counted: metres + (setBacks[place] || 0), open, mark });
      }
    }
  });
  return found;
}

/** Which stations of a file rank no higher than a floor at a moment, by their place, and what is said of them. */
function setBackAt(file, at) {
  const found = new Map();
  // A file that was kept by an earlier edition of this library may have none.
  (file.marks || []).forEach(({ place, ranksAs, until, mark }) => {
    const known = found.get(place);
    if (until === null || at < Date.parse(until)) {
      const floor = Math.max(RANKING.indexOf(ranksAs), known ? known.floor : 0);
      found.set(place, known ? Object.assign(known, { floor }) : { floor, mark, until });
    }
  });
  return found;
}

/** What the 站长 says of the stations that he opened beside their hours, by their place, at a moment. */
function openedAt(file, at) {
  // A file that was kept by an earlier edition of this library may have none.
  return new Map(
    (file.opened || [])
      .filter(({ since, until }) => Date.parse(since) <= at && at < Date.parse(until))
      .map(({ place, words }) => [place, words])
  );
}

/** An openness by the schedule, as the 站长's word that it was opened makes it. */
function asOpened(open, words) {
  if (RANKING.indexOf(open.state) < OPEN_RANKS) {
    return open;
  }
  return { state: "open", until: null, opensAt: null, reason: { code: "keeper_opened", words, until: null } };
}

/** An openness by the schedule, as what is said of the station makes it: closed until then, or unknown. */
function asSetBack(openings, span, open, floor, until) {
  if (RANKING.indexOf(open.state) >= floor && until === null) {
    return open;
  }
  if (until === null) {
    return Object.assign({}, open, { state: RANKING[floor], until: null });
  }
  const after = opennessAt(openings, span, Date.parse(until));
  const opensAt = after.until === null && after.state !== "open" ? after.opensAt : until;
  return Object.assign({}, open, { state: "closed", until: null, opensAt });
}

/** The first of some local times; null without any, and where an earlier edition of this library did not note one. */
function oldest(times) {
  return times.length === 0 || times.includes(undefined) ? null : times.reduce((one, other) => (other < one ? other : one));
}

function byUse(one, other) {
  return one.rank - other.rank || one.counted - other.counted || (one.code < other.code ? -1 : 1);
}

function reply({ file, place, code, metres, open, mark }, datum) {
  const bits = file.facilities[place];
  return {
    code,
    name: file.names[place],
    address: file.addresses[place],
    position: positionIn(file.longitudes[place], file.latitudes[place], datum),
    kind: file.kinds[place] < 0 ? null : file.kindNames[file.kinds[place]],
    hours: file.schedules[file.scheduleOf[place]].hours,
    facilities: file.facilityNames.filter((_, bit) => (bits >> bit) & 1),
    distanceMetres: metres,
    open,
    mark,
  };
}

function positionIn(longitude, latitude, datum) {
  if (datum === "gcj02") {
    return { longitude, latitude, datum };
  }
  const [east, north] = fromGcj02(longitude, latitude, datum).map(
    (degrees) => Math.round(degrees * DECIMALS) / DECIMALS
  );
  return { longitude: east, latitude: north, datum };
}

module.exports = { createKeptStations };
