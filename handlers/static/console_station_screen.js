/** One station's screen: pairing a tablet by a code that is told once, and ending the pairing. */

import { byId, createAsking, say, timeOf } from "./console.js";
import { createDialog } from "./console_dialog.js";
import { STATION } from "./console_station_part.js";

const SCREEN = `${STATION}/screen`;

const asking = createAsking(byId("screen-problem"));
const offering = createAsking(byId("screen-problem"));
const ending = createDialog("ending");

async function load() {
  const screen = await asking.ask("GET", SCREEN);
  if (screen) {
    show(screen);
  }
}

function show(screen) {
  asking.forget();
  const waits = screen.pairingUntil === null ? "" : `配对码已生成，${screen.pairingUntil.slice(11, 16)} 前有效。`;
  const isPaired = screen.paired !== null;
  byId("screen-words").textContent = waits + (isPaired ? `已配对，自 ${timeOf(screen.paired).slice(0, 16)} 起。` : "没有配对的屏幕。");
  byId("screen-revoke").hidden = !isPaired && screen.pairingUntil === null;
}

async function offer() {
  const made = await offering.ask("POST", SCREEN);
  if (made) {
    byId("told-url").textContent = made.kioskUrl;
    byId("told-code").textContent = made.pairingCode.replace(/(.{4})(?=.)/g, "$1 ");
    byId("told-until").textContent = made.until.slice(11, 16);
    byId("told").showModal();
    load();
  }
}

async function end() {
  const screen = await ending.send("DELETE", SCREEN);
  if (screen) {
    say(byId("done"), "已解除配对");
    show(screen);
  }
}

byId("screen-offer").addEventListener("click", offer);
byId("screen-revoke").addEventListener("click", ending.open);
byId("told-close").addEventListener("click", () => byId("told").close());
byId("told").addEventListener("close", () => {
  byId("told-code").textContent = "";
  load();
});
byId("ending-confirm").addEventListener("click", end);
load();
