/** The stations that a phone keeps for when there is no network: those of the districts that were looked at. */

/** An answer without a network has no further pages, and so is as long as one may be. */
const MOST = 100;

/** A district that is shown again and again is asked for that seldom; what has not changed is not sent. */
const AGAIN_MILLISECONDS = 10 * 60000;

/**
 * What is kept of the districts around the stations that are shown.
 * @param {{client: object}} options
 * @returns {{keepAround: function(object[]): Promise<void>, find: function(object): ?object}}
 */
export function createKeptList({ client }) {
  const districts = new Map();
  const asked = new Map();

  /** Keeps the district of the nearest of some stations, quietly: without it the list is as good as it was. */
  async function keepAround(items) {
    if (items.length === 0) {
      return;
    }
    const [{ code }] = items.slice().sort((one, other) => one.distanceMetres - other.distanceMetres);
    try {
      if (!districts.has(code)) {
        districts.set(code, (await client.station(code)).district);
      }
      const district = districts.get(code);
      if (Date.now() - (asked.get(district) ?? 0) >= AGAIN_MILLISECONDS) {
        await client.keepDistrict(district);
        asked.set(district, Date.now());
      }
    } catch (impossible) {
      // The next answer tries again.
    }
  }

  /** What the kept districts answer to a question; null where none is kept, or only the server can answer. */
  function find(query) {
    if (client.keptDistricts().length === 0) {
      return null;
    }
    try {
      return client.keptStationsNear({ ...query, limit: MOST });
    } catch (refusal) {
      return null;
    }
  }

  return { keepAround, find };
}
