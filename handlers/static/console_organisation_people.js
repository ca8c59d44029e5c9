/** Who speaks for an organisation: masked, in full after the audit holds it, changed only in full. */

import { askHere, byId, say } from "./console.js";

const FIELDS = ["chair", "contact", "phone"];

let path = "";
let version = "";

/** Opens the contacts of an organisation, masked. */
export async function openPeople(organisation) {
  path = `/api/v1/staff/organisations/${organisation}/contacts`;
  say(byId("people-problem"), "");
  show({}, false);
  byId("people").showModal();
  const masked = await askHere(byId("people-problem"), "GET", path);
  if (masked) {
    version = masked.version;
    show(masked, version === "");
  }
}

/** Shows contacts; what is masked cannot be changed. */
function show(contacts, isFull) {
  for (const id of FIELDS) {
    byId(id).value = contacts[id] ?? "";
    byId(id).readOnly = !isFull;
  }
  byId("people-open").hidden = isFull;
  byId("people-save").disabled = !isFull;
}

async function open() {
  const full = await askHere(byId("people-problem"), "POST", `${path}/unmaskings`, { reason: "contact" });
  if (full) {
    show(full, true);
  }
}

async function save(event) {
  event.preventDefault();
  const body = Object.fromEntries(FIELDS.map((id) => [id, byId(id).value.trim()]));
  const saved = await askHere(byId("people-problem"), "PUT", path, { ...body, version });
  if (saved) {
    byId("people").close();
  }
}

byId("people-open").addEventListener("click", open);
byId("people-form").addEventListener("submit", save);
byId("people-cancel").addEventListener("click", () => byId("people").close());
byId("people").addEventListener("close", () => show({}, false));
