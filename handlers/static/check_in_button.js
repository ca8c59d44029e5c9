/** Checking in at a station of the list, by the login of whoever holds the phone. */

import { byId, make } from "./demo.js";
import { askRating, forgetRating } from "./rating_question.js";

/** Whoever is further from a station cannot be there. */
export const REACH_METRES = 500;

/**
 * The button beside a station; the answer stands above the list.
 * @param {{client: object, station: {code: string, name: string},
 *   position: {longitude: number, latitude: number, datum: string}}} options
 */
export function makeCheckIn({ client, station, position }) {
  const button = make("button", "wide", "到站签到");
  button.type = "button";
  button.setAttribute("aria-label", `到站签到：${station.name}`);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const visit = await client.checkIn(station.code, { position });
      tell(station, visit);
      if (visit.withPerson) {
        askRating({ client, station });
      } else {
        forgetRating();
      }
    } catch (error) {
      answer("", `${station.name}：${[error.message, error.details?.nextStep].filter(Boolean).join("，")}`);
    }
    button.disabled = false;
  });
  return button;
}

function tell(station, { again, withPerson, message, nextStep }) {
  const whose = withPerson ? "已记在“我去过的驿站”里" : "没有记名";
  answer(again ? "waiting" : "fresh", `${station.name}：${message}，${nextStep}。${whose}。`);
}

function answer(kind, words) {
  byId("check-in-answer").className = `notice ${kind}`;
  byId("check-in-answer").textContent = words;
  byId("check-in-answer").hidden = false;
}

/** Takes the answer away: somebody else holds the phone. */
export function forgetAnswer() {
  byId("check-in-answer").hidden = true;
  forgetRating();
}
