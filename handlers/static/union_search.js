/** Finding a union by name, place or code: what both joining and transferring need. */

import { byId, make, say } from "./demo.js";
import { createOrder } from "./latest.js";

const CODE = /^[0-9A-Za-z]{8,}$/;
const SHORTEST = 2;

/**
 * The search of a form, whose elements have ids with a prefix.
 * @param {{client: object, prefix: string, onPick: function(object): void}} options
 */
export function createUnionSearch({ client, prefix, onPick }) {
  const begin = createOrder();
  const part = (name) => byId(`${prefix}-${name}`);

  async function search(event) {
    event.preventDefault();
    const isLatest = begin();
    const text = part("text").value.trim();
    if (text.length < SHORTEST) {
      say(part("words"), "请至少输入两个字");
      return;
    }
    say(part("words"), "正在查找…");
    try {
      const found = await find(text);
      if (isLatest()) {
        say(part("words"), found.length === 0 ? "没有找到。可以换个名称、地区（如“金水区”）或单位代码再试" : "");
        part("list").replaceChildren(...found.map(choice));
      }
    } catch (error) {
      if (isLatest()) {
        say(part("words"), error.message);
      }
    }
  }

  /** A code is asked for as one; other words may be of a name or of a place. */
  async function find(text) {
    const ask = async (query) => (await client.request("GET", "/api/v1/organisations", { query })).items;
    if (CODE.test(text)) {
      return ask({ code: text });
    }
    const lists = await Promise.all([ask({ name: text }), ask({ region: text })]);
    return [...new Map(lists.flat().map((one) => [one.id, one])).values()];
  }

  function choice(union) {
    const about = [union.above, union.region].filter(Boolean).join(" · ");
    const button = make("button", "", make("strong", "", union.name), make("span", "", about));
    button.type = "button";
    button.addEventListener("click", () => onPick(union));
    return make("li", "", button);
  }

  part("search").onsubmit = search;
  return {
    clear: () => {
      begin();
      part("text").value = "";
      part("list").replaceChildren();
      say(part("words"), "");
    },
  };
}
