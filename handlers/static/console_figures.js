/** Figures of memberships on a past date, as entered by a day, with what was corrected since; level by level. */

import { askHere, byId, fill, make, row, say } from "./console.js";
import "./console_choice.js";

const ORGANISATIONS = "/api/v1/staff/organisations";

async function show() {
  const organisation = byId("organisation").value;
  const found = organisation && (await ask(organisation));
  byId("below").disabled = !found;
  if (found) {
    fill(byId("rows"), [figuresRow(found)], "");
    byId("told").textContent = `${found.date} 的会员数，按 ${found.asOf} 日终为止的登记。`;
  }
}

/** Adds those that stand directly below, one after the other. */
async function showBelow() {
  const organisation = byId("organisation").value;
  byId("below").disabled = true;
  for (let page = 1, last = 1; page <= last; page += 1) {
    const path = `${ORGANISATIONS}?above=${organisation}&page=${page}&pageSize=50`;
    const table = await askHere(byId("problem"), "GET", path);
    if (!table) {
      return;
    }
    last = Math.ceil(table.total / table.pageSize);
    for (const one of table.list) {
      const found = await ask(one.id);
      if (!found || byId("organisation").value !== organisation) {
        return;
      }
      byId("rows").append(figuresRow(found));
    }
    if (table.total === 0) {
      say(byId("problem"), "没有下级组织");
    }
  }
}

function ask(organisation) {
  const query = new URLSearchParams();
  for (const [name, id] of [["date", "date"], ["asOf", "as-of"]]) {
    if (byId(id).value) {
      query.set(name, byId(id).value);
    }
  }
  return askHere(byId("problem"), "GET", `${ORGANISATIONS}/${organisation}/figures?${query}`);
}

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
