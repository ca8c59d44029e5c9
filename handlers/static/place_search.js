/** Finding a place by its name: a district, a street or a station; of several, the person picks one. */

import { byId, make, say, tabStorage } from "./demo.js";
import { createOrder } from "./latest.js";

const NAMED = "namedPlace";
const SHORTEST = 2;
const SEVERAL = "place_ambiguous";

/**
 * The search for places, which become the option `named-place` of the choice of places.
 * @param {{client: object, onPlace: function(): void}} options
 * @returns {{clear: function(): void}} takes back what the last search said
 */
export function wirePlaceSearch({ client, onPlace }) {
  const option = byId("named-place");
  const begin = createOrder();

  function answer(words, ...candidates) {
    say(byId("near-words"), words);
    byId("near-list").replaceChildren(...candidates);
    byId("near-list").hidden = candidates.length === 0;
  }

  function clear() {
    begin();
    byId("near-text").value = "";
    answer("");
  }

  /** Makes a place the option; of a district its name says all. */
  function offer({ name, district, longitude, latitude, datum }) {
    option.value = `${longitude},${latitude},${datum}`;
    option.textContent = name === district ? name : `${name}（${district}）`;
    option.hidden = false;
  }

  function pick(place) {
    offer(place);
    tabStorage.set(NAMED, JSON.stringify(place));
    clear();
    onPlace();
  }

  function candidate(place) {
    const button = make("button", "", make("strong", "", place.name), make("span", "", place.district));
    button.type = "button";
    button.addEventListener("click", () => pick(place));
    return make("li", "", button);
  }

  async function search(event) {
    event.preventDefault();
    const isLatest = begin();
    const near = byId("near-text").value.trim();
    if (near.length < SHORTEST) {
      answer("请至少输入两个字");
      return;
    }
    answer("正在查找…");
    try {
      const { place } = await client.stationsNear({ near, limit: 1 });
      if (isLatest()) {
        pick({ name: place.name, district: place.district, ...place.position });
      }
    } catch (problem) {
      if (isLatest()) {
        tell(problem);
      }
    }
  }

  function tell({ code, message, details }) {
    if (code !== SEVERAL) {
      answer(message);
      return;
    }
    const more = details.more ? "还有别的，可以写得更具体一些" : "";
    answer([message, more].filter(Boolean).join("。"), ...details.candidates.map(candidate));
  }

  const kept = tabStorage.get(NAMED);
  if (kept !== null) {
    offer(JSON.parse(kept));
  }
  byId("near-search").addEventListener("submit", search);
  return { clear };
}
