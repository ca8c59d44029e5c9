/** One station: the word that it is open, or stays closed, today; it holds for the day, before the published hours. */

import { byId, createAsking, say } from "./console.js";

const CODE = byId("station").dataset.code;
const asking = createAsking(byId("statement-problem"));

async function load() {
  const station = await asking.ask("GET", `/api/v1/stations/${CODE}`);
  if (station) {
    show(station.evidence.statement);
  }
}

function show(said) {
  const word = said?.open ? "今天已开门" : "今天不开放";
  byId("statement-words").textContent = said
    ? `${said.at.slice(11, 16)} 已说明：${word}。今天以此为准，明天起照公布的时间。`
    : "今天没有说明，照公布的开放时间。";
  byId("state-open").setAttribute("aria-pressed", String(said?.open === true));
  byId("state-closed").setAttribute("aria-pressed", String(said?.open === false));
}

async function state(open) {
  const said = await asking.ask("PUT", `/api/v1/staff/stations/${CODE}/statement`, { open });
  if (said) {
    show(said);
    byId("station").dispatchEvent(new Event("statement"));
    say(byId("done"), open ? "已公布：今天已开门" : "已公布：今天不开放");
  }
}

byId("state-open").addEventListener("click", () => state(true));
byId("state-closed").addEventListener("click", () => state(false));
load();
