/** One station: what people reported of it lately, whether or not a ticket came of it. */

import { askHere, byId, fill, fixed, make, row } from "./console.js";
import { facilityOf, photoOf, whenOf, wordsOf } from "./console_reports.js";
import { STATION } from "./console_station_part.js";

async function load() {
  const found = await askHere(byId("reports-problem"), "GET", `${STATION}/reports`);
  if (found) {
    fill(byId("reports"), found.items.map(reportRow), "三十天内没有人反映");
  }
}

const reportRow = (report) =>
  row(
    fixed(whenOf(report)),
    fixed(facilityOf(report) || report.problemWords),
    make("td", "words", ...wordsOf(report)),
    make("td", "", ...(report.hasPhoto ? [photoOf(report)] : [])),
  );

load();
