/** One station's screen: pairing a tablet by a code that is told once, and ending the pairing. */

import { askHere, byId, say, timeOf } from "./console.js";
import { STATION } from "./console_station_part.js";

const SCREEN = `${STATION}/screen`;

async function load() {
  const screen = await askHere(byId("screen-problem"), "GET", SCREEN);
  if (screen) {
    show(screen);
  }
}

function show(screen) {
  const waits = screen.pairingUntil === null ? "" : `配对码已生成，${screen.pairingUntil.slice(11, 16)} 前有效。`;
  const isPaired = screen.paired !== null;
  byId("screen-words").textContent = waits + (isPaired ? `已配对，自 ${timeOf(screen.paired).slice(0, 16)} 起。` : "没有配对的屏幕。");
  byId("screen-revoke").hidden = !isPaired && screen.pairingUntil === null;
}

async function offer() {
  const made = await askHere(byId("screen-problem"), "POST", SCREEN);
  if (made) {
    byId("told-url").textContent = made.kioskUrl;
    byId("told-code").textContent = made.pairingCode.replace(/(.{4})(?=.)/g, "$1 ");
    byId("told-until").textContent = made.until.slice(11, 16);
    byId("told").showModal();
    load();
  }
}

function openEnding() {
  say(byId("ending-problem"), "");
  byId("ending").showModal();
}

async function end() {
  const screen = await askHere(byId("ending-problem"), "DELETE", SCREEN);
  if (screen) {
    byId("ending").close();
    say(byId("done"), "已解除配对");
    show(screen);
  }
}

byId("screen-offer").addEventListener("click", offer);
byId("screen-revoke").addEventListener("click", openEnding);
byId("told-close").addEventListener("click", () => byId("told").close());
byId("told").addEventListener("close", () => {
  byId("told-code").textContent = "";
  load();
});
byId("ending-cancel").addEventListener("click", () => byId("ending").close());
byId("ending-confirm").addEventListener("click", end);
load();
