/** Signing in: a QR code that a phone confirms, or password and one-time code. */

import { ask, byId, Refused, say } from "./console.js";

const POLL_MILLISECONDS = 1500;
const HOME = "/console";
const SIGN_INS = "/api/v1/staff/sign-ins";

let asked = null;
let poll = 0;

/** Shows a new code; the secret that makes it a session stays in this page. */
async function begin() {
  window.clearTimeout(poll);
  byId("qr-again").hidden = true;
  try {
    asked = await ask("POST", SIGN_INS);
  } catch (refused) {
    stop(refused.message);
    return;
  }
  byId("qr").src = `${SIGN_INS}/${asked.code}/qr.png`;
  byId("qr").dataset.code = asked.code;
  byId("qr").hidden = false;
  byId("qr-words").textContent = "请在两分钟内扫码确认";
  poll = window.setTimeout(look, POLL_MILLISECONDS);
}

/** Asks whether the phone has confirmed. */
async function look() {
  try {
    const { state } = await ask("GET", `${SIGN_INS}/${asked.code}`);
    if (state === "confirmed") {
      await ask("POST", `${SIGN_INS}/${asked.code}/session`, { secret: asked.secret });
      window.location.assign(HOME);
      return;
    }
  } catch (refused) {
    stop(refused.code === "sign_in_not_found" ? "二维码已过期" : refused.message);
    return;
  }
  poll = window.setTimeout(look, POLL_MILLISECONDS);
}

function stop(words) {
  byId("qr").hidden = true;
  byId("qr-words").textContent = words;
  byId("qr-again").hidden = false;
}

async function signIn(event) {
  event.preventDefault();
  say(byId("password-problem"), "");
  try {
    await ask("POST", "/api/v1/staff/password-sign-ins", {
      account: byId("account").value.trim(),
      password: byId("password").value,
      oneTimeCode: byId("one-time-code").value.trim(),
    });
    window.location.assign(HOME);
  } catch (refused) {
    if (!(refused instanceof Refused)) {
      throw refused;
    }
    const isMalformed = refused.code === "invalid_request";
    say(byId("password-problem"), isMalformed ? "账号、密码或动态码不正确" : refused.message);
    byId("one-time-code").value = "";
  }
}

byId("qr-again").addEventListener("click", begin);
byId("password-form").addEventListener("submit", signIn);
begin();
