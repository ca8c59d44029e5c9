/** Figures of memberships on a past date, as entered by a day, with what was corrected since; level by level. */

import { addRows, ask, byId, fill, make, row, say, tellHere } from "./console.js";
import { createOrder } from "./latest.js";
import "./console_choice.js";

const ORGANISATIONS = "/api/v1/staff/organisations";

const begin = createOrder();
let organisation = "";
let dates = "";

/** Shows the figures of what is chosen; rows of what was chosen before come no more. */
async function show() {
  organisation = byId("organisation").value;
  dates = datesOf();
  const isLatest = begin();
  byId("below").disabled = true;
  const found = organisation && (await askFigures(organisation, isLatest));
  if (!isLatest()) {
    return;
  }
  byId("below").disabled = !found;
  if (found) {
    fill(byId("rows"), [figuresRow(found)], "");
    byId("told").textContent = `${found.date} 的会员数，按 ${found.asOf} 日终为止的登记。`;
  }
}

/** Adds those that stand directly below what is shown, on the same dates, one after the other. */
async function showBelow() {
  const isLatest = begin();
  byId("below").disabled = true;
  for (let page = 1, last = 1; page <= last; page += 1) {
    const path = `${ORGANISATIONS}?above=${organisation}&page=${page}&pageSize=50`;
    const table = await tellHere(byId("problem"), () => ask("GET", path), isLatest);
    if (!table || !isLatest()) {
      return;
    }
    last = Math.ceil(table.total / table.pageSize);
    for (const one of table.list) {
      const found = await askFigures(one.id, isLatest);
      if (!found || !isLatest()) {
        return;
      }
      addRows(byId("rows"), [figuresRow(found)]);
    }
    if (table.total === 0) {
      say(byId("problem"), "没有下级组织");
    }
  }
}

/** The dates as a query. */
function datesOf() {
  const query = new URLSearchParams();
  for (const [name, id] of [["date", "date"], ["asOf", "as-of"]]) {
    if (byId(id).value) {
      query.set(name, byId(id).value);
    }
  }
  return query;
}

const askFigures = (one, isLatest) =>
  tellHere(byId("problem"), () => ask("GET", `${ORGANISATIONS}/${one}/figures?${dates}`), isLatest);

function figuresRow(one) {
  return row(
    make("td", "words", one.organisation),
    ...numbers(one.counted, one.countedCorrection),
    ...numbers(one.retained, one.retainedCorrection),
  );
}

function numbers(then, correction) {
  return [String(then), correction > 0 ? `+${correction}` : String(correction), String(then + correction)].map((text) =>
    make("td", "number", text),
  );
}

byId("asked").addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
byId("organisation").addEventListener("change", show);
byId("below").addEventListener("click", showBelow);
show();
