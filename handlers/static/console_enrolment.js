/** Taking up an account: the one-time enrolment code, a password, a first code of the authenticator. */

import { ask, byId, Refused, say } from "./console.js";

async function enrol(event) {
  event.preventDefault();
  say(byId("problem"), "");
  try {
    await ask("POST", "/api/v1/staff/enrolments", {
      account: byId("account").value.trim(),
      enrolment: byId("enrolment").value.trim().toUpperCase(),
      password: byId("password").value,
      oneTimeCode: byId("one-time-code").value.trim(),
    });
  } catch (refused) {
    if (!(refused instanceof Refused)) {
      throw refused;
    }
    const isMalformed = refused.code === "invalid_request";
    say(byId("problem"), isMalformed ? "账号、启用码或动态码的格式不对" : refused.message);
    return;
  }
  byId("enrolment-form").hidden = true;
  byId("done").hidden = false;
}

byId("enrolment-form").addEventListener("submit", enrol);
