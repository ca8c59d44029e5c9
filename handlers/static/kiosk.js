/**
 * The tablet at a station: pairs itself once, then shows a link as a QR code, a new one every 30 s. The codes are
 * made here from the keys of eight days, so that a network that is cut changes nothing for a week.
 */

const { drawLinkQr, drawOnCanvas, screenLinkAt, secondsLeft } = window.UnionStation;

const STATION = document.body.dataset.station;
const KEPT = `kiosk.${STATION}`;
const PIXELS = 900;
/** A pairing that was ended shows on the screen within so long: nobody is to scan codes that count no more. */
const REFRESH_MILLISECONDS = 60000;
const RETRY_MILLISECONDS = 30000;
const NOT_PAIRED = ["screen_not_paired", "station_not_found"];

const byId = (id) => document.getElementById(id);

/** What the screen was given: token, link, dayKeys, offset of the server's clock; null when it is not paired. */
let screen = read();
let shownText = null;
let waiting = 0;

function read() {
  try {
    return JSON.parse(window.localStorage.getItem(KEPT));
  } catch (unreadable) {
    return null;
  }
}

function keep(value) {
  screen = value;
  try {
    if (value === null) {
      window.localStorage.removeItem(KEPT);
    } else {
      window.localStorage.setItem(KEPT, JSON.stringify(value));
    }
  } catch (full) {
    // The page goes on with what it holds until it is closed.
  }
}

/** Posts JSON; throws `{code, message}` for a refusal and a TypeError without a network. */
async function post(path, body) {
  const answer = await fetch(`/api/v1/stations/${STATION}/screen/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
  });
  const value = await answer.json();
  if (!answer.ok) {
    throw value;
  }
  return value;
}

function say(id, words) {
  byId(id).textContent = words;
  byId(id).hidden = words === "";
}

/** Keeps an answer's keys, and how far the server's clock is ahead. */
function take({ link, dayKeys, serverTime }, token) {
  keep({ token, link, dayKeys, offset: Date.parse(serverTime) - Date.now() });
  say("offline", "");
  show();
}

/** Whether the screen is still paired as it was: what is answered to an earlier pairing says nothing of a later one. */
const isPairedBy = (token) => screen !== null && screen.token === token;

function show() {
  const isPaired = screen !== null;
  byId("shown").hidden = !isPaired;
  byId("pairing").hidden = isPaired;
  if (isPaired) {
    drawNow();
  }
}

function drawNow() {
  const now = Date.now() + screen.offset;
  const { text } = screenLinkAt({ link: screen.link, dayKeys: screen.dayKeys, now });
  byId("left").textContent = secondsLeft(now);
  if (text === null) {
    say("offline", "离线已超过一周，无法再出码。请让屏幕连上网络，页面会自动恢复");
  }
  if (text === shownText) {
    return;
  }
  shownText = text;
  const canvas = byId("picture");
  canvas.width = PIXELS;
  canvas.height = PIXELS;
  canvas.dataset.link = text === null ? "" : text;
  if (text !== null) {
    drawOnCanvas(canvas.getContext("2d"), drawLinkQr(text), PIXELS);
  }
}

function tell(problem) {
  if (NOT_PAIRED.includes(problem.code)) {
    keep(null);
    say("lost", problem.message);
    show();
  } else {
    say("offline", "屏幕暂时连不上网络，签到码照常更新，可以放心扫");
  }
}

/** Asks for the keys of the next days; what the network cannot give now is asked for again soon. */
async function refresh() {
  let wait = REFRESH_MILLISECONDS;
  if (screen !== null) {
    const { token } = screen;
    try {
      const answer = await post("keys", { token });
      if (isPairedBy(token)) {
        take(answer, token);
      }
    } catch (problem) {
      wait = RETRY_MILLISECONDS;
      if (isPairedBy(token)) {
        tell(problem);
      }
    }
  }
  clearTimeout(waiting);
  waiting = setTimeout(refresh, wait);
}

/** Does not wait for the next turn: the network is back. */
function refreshSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 0);
}

async function pair(event) {
  event.preventDefault();
  say("problem", "");
  const pairingCode = byId("code").value.normalize("NFKC").replace(/\D/g, "");
  try {
    const answer = await post("pairings", { pairingCode });
    byId("code").value = "";
    say("lost", "");
    take(answer, answer.token);
  } catch (problem) {
    const isWrongForm = problem.code === "invalid_request";
    const words = isWrongForm ? "配对码是 8 位数字" : problem.message;
    say("problem", problem.code ? words : "连不上网络，请检查后再试");
  }
}

/** Has this page kept by the browser, for a start without a network; where that cannot be, it lasts while it is open. */
async function keepPage() {
  try {
    await navigator.serviceWorker.register("/kiosk/worker.js", { scope: "/kiosk/" });
    const { active } = await navigator.serviceWorker.ready;
    active.postMessage(window.location.pathname);
  } catch (impossible) {
    // Without TLS there is no service worker.
  }
}

byId("pair").addEventListener("submit", pair);
window.addEventListener("online", refreshSoon);
setInterval(() => screen !== null && drawNow(), 500);
show();
refresh();
keepPage();
