/** One station's figures: how many visits and people on each day that had some. */

import { byId, createAsking, fill, fixed, make, row } from "./console.js";
import { STATION } from "./console_station_part.js";
import { PRESENCES, WORKERS } from "./console_words.js";

const VISITS = `${STATION}/visits`;
const asking = createAsking(byId("visits-problem"));

async function load() {
  const { value: days } = byId("days");
  const found = await asking.ask("GET", `${VISITS}?days=${days}`);
  if (!found) {
    return;
  }
  const total = found.items.reduce((sum, day) => sum + day.visits, 0);
  byId("visits-words").textContent = `共 ${total} 人次，${found.items.length} 天有人到访；当天的数字到此刻为止。`;
  fill(byId("visits"), found.items.map(dayRow), "这段时间没有签到");
}

const dayRow = (day) =>
  row(
    fixed(day.day),
    make("td", "number", String(day.visits)),
    make("td", "number", String(day.people)),
    make("td", "words", wordsOf(day.presence, PRESENCES)),
    make("td", "words", wordsOf(day.workers, WORKERS)),
  );

/** Figures in words, the largest first. */
const wordsOf = (figures, names) =>
  Object.entries(figures)
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${names[name] || name} ${count}`)
    .join("，");

byId("days").addEventListener("change", load);
load();
