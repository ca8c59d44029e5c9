/** The form of one organisation: to make it, or to change what is recorded of it. */

import { byId, say } from "./console.js";
import { createDialog } from "./console_dialog.js";

const PATH = "/api/v1/staff/organisations";
const COUNTS = ["workers", "members", "women", "migrants"];
const TEXTS = { name: "name", code: "code", "credit-code": "creditCode", region: "region", division: "division" };
const CHOICES = { "unit-form": "form", industry: "industry", kind: "kind", founded: "founded" };

const form = createDialog("form");
let changed = null;
let upper = null;
let key = "";
let after = null;

/**
 * Opens the form.
 * @param {object|null} one the organisation to change, null to make one
 * @param {object|null} above below which to make it
 * @param {function(object): void} saved told what was saved
 */
export function openForm(one, above, saved) {
  [changed, upper, after, key] = [one, above, saved, crypto.randomUUID()];
  byId("form-title").textContent = one ? "修改" : `在 ${above.name} 下新建`;
  for (const [id, field] of Object.entries({ ...TEXTS, ...CHOICES })) {
    byId(id).value = one?.[field] ?? "";
  }
  byId("term-begins").value = one?.term?.begins ?? "";
  byId("term-years").value = String(one?.term?.years ?? 5);
  byId("counted-on").value = one?.counts?.countedOn ?? "";
  for (const id of COUNTS) {
    byId(id).value = one?.counts?.[id] ?? "";
  }
  form.open();
}

/** What the form says, or null after saying what is missing. */
function read() {
  const body = changed ? { version: changed.version } : { above: upper.id };
  for (const [id, field] of Object.entries(TEXTS)) {
    body[field] = byId(id).value.trim();
  }
  for (const [id, field] of Object.entries(CHOICES)) {
    body[field] = byId(id).value || null;
  }
  const begins = byId("term-begins").value;
  body.term = begins ? { begins, years: Number(byId("term-years").value) } : null;
  const given = [...COUNTS, "counted-on"].filter((id) => byId(id).value !== "");
  if (given.length > 0 && given.length <= COUNTS.length) {
    say(byId("form-problem"), "人数请四项都填，并填统计日期；或都不填");
    return null;
  }
  body.counts = given.length > 0 ? { countedOn: byId("counted-on").value } : null;
  for (const id of given.length > 0 ? COUNTS : []) {
    body.counts[id] = Number(byId(id).value);
  }
  return body;
}

async function save(event) {
  event.preventDefault();
  const body = read();
  if (body === null) {
    return;
  }
  const tell = after;
  const saved = changed
    ? await form.send("PUT", `${PATH}/${changed.id}`, body)
    : await form.send("POST", PATH, body, { "Idempotency-Key": key });
  if (saved) {
    tell(saved);
  } else {
    key = crypto.randomUUID();
  }
}

byId("form-fields").addEventListener("submit", save);
