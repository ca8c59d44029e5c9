/**
 * The page behind a station's sign: check in with one tap, say what is wrong. Without scripts the page still tells
 * everything that it knows. The device's random name stays in this browser; the server does not keep it.
 */

const NAME = "device";
const OF_A_FACILITY = "facility_broken";
const SCREEN_CODE = /^[0-9A-HJKMNP-TV-Z]{15}$/i;
const PHOTO_BYTES = 10 * 1024 * 1024;
/** Why a photo is not taken, where the server's words are for programs. */
const PHOTO_PROBLEMS = {
  unsupported_media_type: "只收 JPEG、PNG、WebP 格式的照片",
  body_too_large: "照片超过 10 MB，请换一张小一些的",
};
const PHOTO_AGAIN = "一小时内可以换一张，再点一次“告诉大家”";
const POSITION_OPTIONS = { enableHighAccuracy: true, timeout: 6000, maximumAge: 0 };

const byId = (id) => document.getElementById(id);
const station = byId("check-in").dataset.station;
/** The code of the station's screen; what has not its form came from no screen, and is a visit by the sign. */
const screenCode = (new URLSearchParams(window.location.search).get("k") || "").match(SCREEN_CODE)?.[0];

/** A random name of 24 letters and digits, the same for as long as the browser keeps it. */
function deviceName() {
  const fresh = Array.from(crypto.getRandomValues(new Uint8Array(12)), (octet) =>
    octet.toString(16).padStart(2, "0")
  ).join("");
  try {
    const kept = window.localStorage.getItem(NAME) || fresh;
    window.localStorage.setItem(NAME, kept);
    return kept;
  } catch (forbidden) {
    return fresh;
  }
}

const device = deviceName();

/** Sends a request; throws `{code, message, details}` for a refusal and a TypeError without a network. */
async function send(method, path, headers, body) {
  const answer = await fetch(path, { method, headers, body, credentials: "omit" });
  const value = await answer.json();
  if (!answer.ok) {
    throw value;
  }
  return value;
}

const post = (path, body) =>
  send("POST", path, { "Content-Type": "application/json" }, JSON.stringify(body));

/** Where the phone is, or nothing when it does not say; browsers tell WGS-84. */
function findPosition() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) {
      resolve({});
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) =>
        resolve({ position: { longitude: coords.longitude, latitude: coords.latitude, datum: "wgs84" } }),
      () => resolve({}),
      POSITION_OPTIONS
    );
  });
}

function say(id, kind, ...lines) {
  const element = byId(id);
  element.className = `notice ${kind}`;
  element.replaceChildren(
    ...lines.filter(Boolean).flatMap((line, at) => (at ? [document.createElement("br"), line] : [line]))
  );
  element.hidden = false;
}

function complain(id, problem) {
  if (problem.code === undefined) {
    say(id, "", "连不上网络，请稍后再试");
    return;
  }
  const { nextStep, metres } = problem.details || {};
  say(id, "", problem.message, metres && `离驿站约 ${metres} 米`, nextStep);
}

/** Does what a form asks for; its button waits meanwhile. */
function wire(form, answer, work) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await work();
    } catch (problem) {
      complain(answer, problem);
    }
    button.disabled = false;
  });
}

async function checkIn() {
  const worker = byId("worker").value;
  const proof = screenCode ? { screenCode } : await findPosition();
  const body = { device, ...(worker ? { worker } : {}), ...proof };
  const { message, nextStep, again } = await post(`/api/v1/stations/${station}/check-ins`, body);
  say("check-in-answer", again ? "waiting" : "fresh", message, nextStep);
}

/** The facility that does not work, for a problem of that kind alone. */
function whichFacility() {
  return byId("problem").value === OF_A_FACILITY && byId("facility") ? byId("facility").value : "";
}

async function report() {
  const words = byId("words").value.trim();
  const [photo] = byId("photo").files;
  const facility = whichFacility();
  const body = {
    device,
    problem: byId("problem").value,
    ...(facility ? { facility } : {}),
    ...(words ? { words } : {}),
  };
  const made = await post(`/api/v1/stations/${station}/reports`, body);
  const taken = [made.message, made.mark && made.mark.words];
  if (!photo) {
    say("report-answer", "fresh", ...taken, made.nextStep);
    return;
  }
  say("report-answer", "fresh", ...taken, "正在传照片…");
  try {
    await sendPhoto(made.report, photo);
    say("report-answer", "fresh", ...taken, "照片已收到");
  } catch (problem) {
    say("report-answer", "waiting", ...taken, `照片没有收到：${photoWords(problem)}`, PHOTO_AGAIN);
  }
}

/** Adds a photo to a report that was taken; the same report sent again takes another one in its place. */
async function sendPhoto(report, photo) {
  if (photo.size > PHOTO_BYTES) {
    throw { code: "body_too_large" };
  }
  const path = `/api/v1/reports/${report}/photo?device=${device}`;
  await send("PUT", path, { "Content-Type": photo.type }, photo);
}

function photoWords({ code, message }) {
  return PHOTO_PROBLEMS[code] || (code ? message : "连不上网络");
}

/** Asks which facility it is where that is the problem; the page of a station without any never asks. */
function askWhich() {
  if (byId("which")) {
    byId("which").hidden = byId("problem").value !== OF_A_FACILITY;
  }
}

byId("problem").addEventListener("change", askWhich);
// A browser that comes back to the page keeps what was chosen.
askWhich();
wire(byId("check-in-form"), "check-in-answer", checkIn);
wire(byId("report-form"), "report-answer", report);
byId("check-in").hidden = false;
byId("report-form").hidden = false;
