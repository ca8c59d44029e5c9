/** Who speaks for an organisation: masked, in full after the audit holds it, changed only in full. */

import { byId } from "./console.js";
import { createDialog } from "./console_dialog.js";

const FIELDS = ["chair", "contact", "phone"];

const people = createDialog("people");
let path = "";
let version = "";

/** Opens the contacts of an organisation, masked. */
export async function openPeople(organisation) {
  path = `/api/v1/staff/organisations/${organisation}/contacts`;
  show({}, false);
  people.open();
  const masked = await people.ask("GET", path);
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
  const full = await people.ask("POST", `${path}/unmaskings`, { reason: "contact" });
  if (full) {
    show(full, true);
  }
}

async function save(event) {
  event.preventDefault();
  const body = Object.fromEntries(FIELDS.map((id) => [id, byId(id).value.trim()]));
  await people.send("PUT", path, { ...body, version });
}

byId("people-open").addEventListener("click", open);
byId("people-form").addEventListener("submit", save);
byId("people").addEventListener("close", () => show({}, false));
