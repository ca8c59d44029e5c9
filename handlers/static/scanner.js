/** The page of a staff scanner: sign in, scan, and see at a glance, or hear, whether a card is good. */

import { byId, clientOf, clientOfDevice, say, storageOf, tabStorage, wirePeople } from "./demo.js";
import { canUseCamera, openCamera } from "./camera.js";
import { createDesk } from "./desk.js";
import { pickEye, smallPicture } from "./eyes.js";
import { createOrder } from "./latest.js";
import { popupOf } from "./popup.js";
import { offerReminders } from "./reminders.js";
import { createScanPlace } from "./scan_place.js";
import { createSounds } from "./sounds.js";

const STAFF_KEY = "scanner.staff";

const sounds = createSounds(storageOf("scanner"));
const SERVER_SEES = "本机浏览器不会识码：画面由服务器识别，每秒最多两帧，会用流量；画面不保存。";
const CLOSED_IDLE = "两分钟没有扫到码，摄像头已关闭。";

/** Answers after which looking on is of no use: the session or the appointment is over. */
const FINAL = [401, 403];

const hasKeyboard = window.matchMedia("(pointer: fine)").matches;
const beginShift = createOrder();
const beginCamera = createOrder();
let desk = null;
let eye = null;
let stopCamera = null;

/** Signs a person in, and opens the desk; the server decides who is staff. */
async function signIn(person, name) {
  const isLatest = beginShift();
  say(byId("sign-in-problem"), "");
  const client = clientOf(person, { isStaff: true, subscribe: popupOf(person) });
  try {
    const { member } = await client.signIn();
    await openDesk(client, member ? member.membership.organisationName : name, isLatest);
    if (isLatest()) {
      tabStorage.set(STAFF_KEY, person);
      await offerReminders(client, isLatest);
    }
  } catch (error) {
    if (isLatest()) {
      say(byId("sign-in-problem"), `${name}：${error.message}`);
    }
  }
}

/** Opens the desk, unless another sign-in was begun meanwhile: a double tap opens one. */
async function openDesk(client, title, isLatest, stations) {
  const picked = await pickEye(client);
  if (!isLatest()) {
    return;
  }
  eye = picked;
  place.open(client, stations);
  desk = createDesk({ client, sounds, title, place });
  showDesk(true);
  focusEntry();
}

/** Redeems a one-time code: from now on this machine is that device, whoever stands before it. */
async function enrol(event) {
  event.preventDefault();
  sounds.unlock();
  say(byId("enrolment-problem"), "");
  const isLatest = beginShift();
  const client = clientOfDevice(byId("enrolment-code").value.trim());
  try {
    const device = await client.signIn();
    byId("enrolment-code").value = "";
    await openDevice(clientOfDevice(), device, isLatest);
  } catch (error) {
    say(byId("enrolment-problem"), error.message);
  }
}

/** Goes on as the device that this machine was enrolled as; one that was revoked may be enrolled anew. */
async function resumeDevice() {
  const isLatest = beginShift();
  const client = clientOfDevice();
  try {
    await openDevice(client, await client.renewDevice(), isLatest);
  } catch (error) {
    say(byId("enrolment-problem"), FINAL.includes(error.status) ? `这台设备已停用或到期：${error.message}` : error.message);
  }
}

async function openDevice(client, { name, organisation, stations }, isLatest) {
  const where = stations.length === 1 ? stations[0].name || stations[0].code : organisation;
  await openDesk(client, `${name}，${where}`, isLatest, stations);
  if (isLatest()) {
    byId("sign-out").hidden = true;
  }
}

/** Ends the shift here. What has not reached the server stays, and goes out at the next sign-in. */
async function signOut() {
  const ending = desk;
  beginShift();
  desk = null;
  closeCamera();
  tabStorage.remove(STAFF_KEY);
  place.close();
  showDesk(false);
  try {
    await ending.signOut();
  } catch (error) {
    say(byId("sign-in-problem"), `已在本机退出。${error.message}`);
  }
}

function showDesk(isOpen) {
  byId("sign-in").hidden = isOpen;
  byId("desk").hidden = !isOpen;
  byId("reminders").hidden = true;
  byId("sign-out").hidden = !isOpen;
  byId("sound").hidden = !isOpen;
}

/** On a phone the focus would open the keyboard over the verdict. */
function focusEntry() {
  if (hasKeyboard) {
    byId("code").focus();
  }
}

/** Said twice a second: what has not changed is not read out again. */
function sayOfCamera(words) {
  if (byId("camera-words").textContent !== words) {
    byId("camera-words").textContent = words;
  }
}

function closeCamera(words = "") {
  beginCamera();
  if (stopCamera !== null) {
    stopCamera();
    stopCamera = null;
  }
  byId("preview").hidden = true;
  byId("camera").textContent = "打开摄像头扫码";
  sayOfCamera(words);
}

function showTrouble(error) {
  if (error && FINAL.includes(error.status)) {
    closeCamera(error.message);
  } else {
    sayOfCamera(error ? `暂时不能识别：${error.message}` : eye.isServer ? SERVER_SEES : "");
  }
}

async function switchCamera() {
  sounds.unlock();
  if (stopCamera !== null) {
    closeCamera();
    return;
  }
  const isLatest = beginCamera();
  byId("camera-words").textContent = "";
  byId("camera").disabled = true;
  try {
    const stop = await openCamera(byId("preview"), eye, {
      onCode: desk.scan,
      onOther: desk.refuseOther,
      onTrouble: showTrouble,
      onIdle: () => closeCamera(CLOSED_IDLE),
    });
    if (!isLatest()) {
      stop(); // The shift was ended while the browser asked whether the camera may be used.
      return;
    }
    stopCamera = stop;
    byId("preview").hidden = false;
    byId("camera").textContent = "关闭摄像头";
  } catch (refused) {
    if (isLatest()) {
      byId("camera-words").textContent = "没有打开摄像头。请允许本页使用摄像头，或从图片识别、粘贴卡码。";
    }
  } finally {
    byId("camera").disabled = false;
  }
}

function offerCamera() {
  const isThere = canUseCamera();
  byId("camera").hidden = !isThere;
  byId("camera-words").textContent = isThere ? "" : "此浏览器不能用摄像头：请用扫码枪、从图片识别，或粘贴卡码。";
  byId("photograph").hidden = hasKeyboard;
}

/** Lets a button ask for a picture, and the desk read it; the same one may be chosen again. */
function wirePicture(name) {
  const chooser = byId(`${name}-file`);
  byId(name).addEventListener("click", () => {
    sounds.unlock();
    chooser.click();
  });
  chooser.addEventListener("change", async () => {
    const [file] = chooser.files;
    if (file && desk !== null) {
      byId(name).disabled = true;
      await desk.scanPicture(smallPicture(file));
      byId(name).disabled = false;
    }
    chooser.value = "";
  });
}

/** A keyboard scanner types wherever the focus is: its letters are led to the entry, unless a station is typed. */
function leadToEntry(event) {
  const isLetter = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (desk !== null && isLetter && event.key !== " " && ![byId("code"), byId("place-code")].includes(event.target)) {
    byId("code").focus();
  }
}

function showSound() {
  byId("sound").textContent = sounds.isOn() ? "声音：开" : "声音：关";
  byId("sound").setAttribute("aria-pressed", String(sounds.isOn()));
}

const place = createScanPlace({ onChosen: focusEntry });
const people = wirePeople((person, name) => {
  sounds.unlock();
  signIn(person, name);
});
byId("sign-out").addEventListener("click", signOut);
byId("camera").addEventListener("click", switchCamera);
wirePicture("picture");
wirePicture("photograph");
byId("sound").addEventListener("click", () => {
  sounds.toggle();
  showSound();
});
byId("entry").addEventListener("submit", (event) => {
  event.preventDefault();
  sounds.unlock();
  desk.scan(byId("code").value);
  byId("code").value = "";
  focusEntry();
});
byId("enrolment").addEventListener("submit", enrol);
document.addEventListener("keydown", leadToEntry);
showSound();
offerCamera();

const remembered = people.find((button) => button.dataset.person === tabStorage.get(STAFF_KEY));
showDesk(false);
if (remembered) {
  signIn(remembered.dataset.person, remembered.dataset.name);
} else if (clientOfDevice().heldToken() !== null) {
  resumeDevice();
}
