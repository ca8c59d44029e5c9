/** The demo's phones: an invented person confirms the code on the page, through the same interface as a phone. */

import { ask, byId, Refused, say } from "./console.js";

async function confirmAs(person) {
  say(byId("demo-problem"), "");
  try {
    const { code } = await ask("POST", "/demo/login-codes", { person });
    const { token } = await ask("POST", "/api/v1/sessions", { code, staff: true });
    const path = `/api/v1/staff/sign-ins/${byId("qr").dataset.code}/confirmation`;
    await ask("POST", path, undefined, { Authorization: `Bearer ${token}` });
  } catch (refused) {
    if (!(refused instanceof Refused)) {
      throw refused;
    }
    say(byId("demo-problem"), refused.message);
  }
}

document.querySelectorAll("button[data-person]").forEach((button) => {
  button.addEventListener("click", () => confirmAs(button.dataset.person));
});
