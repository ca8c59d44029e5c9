/** How was it: one question after a check-in that is kept as the member's own, answered with one tap or not at all. */

import { byId, make } from "./demo.js";

const STARS = [1, 2, 3, 4, 5];

/**
 * Asks, in place of an earlier question.
 * @param {{client: object, station: {code: string, name: string}}} options
 */
export function askRating({ client, station }) {
  const question = make("p", "", `“${station.name}”好用吗？5 分最好，不公开是谁打的。`);
  const choices = make("div", "rating", ...STARS.map((stars) => choice({ client, station, stars })));
  byId("rating-question").replaceChildren(question, choices);
  byId("rating-question").hidden = false;
}

function choice({ client, station, stars }) {
  const button = make("button", "", String(stars));
  button.type = "button";
  button.setAttribute("aria-label", `打 ${stars} 分`);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      tell(`${(await client.rate(station.code, stars)).message}，七天内可以改。`, button);
    } catch (error) {
      tell([error.message, error.details?.nextStep].filter(Boolean).join("，"));
    }
    button.disabled = false;
  });
  return button;
}

/** Says what came of it; the number that stands is pressed. */
function tell(words, pressed) {
  const place = byId("rating-question");
  place.querySelector("p").textContent = words;
  for (const button of pressed ? place.querySelectorAll("button") : []) {
    button.setAttribute("aria-pressed", String(button === pressed));
  }
}

/** Takes the question away: somebody else holds the phone. */
export function forgetRating() {
  byId("rating-question").hidden = true;
  byId("rating-question").replaceChildren();
}
