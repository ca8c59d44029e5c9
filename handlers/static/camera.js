/** Scanning by camera, where the browser can read QR codes by itself (`BarcodeDetector`). */

const FORMAT = "qr_code";
const LOOK_MILLISECONDS = 200;

/** A code that stays in view is one scan; it must be away for so long to be another. */
const AWAY_MILLISECONDS = 3000;

/**
 * Whether this browser has a camera for pages, and reads QR codes.
 * @returns {Promise<boolean>}
 */
export async function canUseCamera() {
  const hasBoth = "BarcodeDetector" in window && navigator.mediaDevices !== undefined;
  return hasBoth && (await window.BarcodeDetector.getSupportedFormats()).includes(FORMAT);
}

/**
 * Opens the camera and reads codes until it is closed.
 * @param {HTMLVideoElement} video shows what the camera sees
 * @param {function(string): void} onText gets each code once
 * @returns {Promise<function(): void>} closes the camera; rejects when the person or the system refuses it
 */
export async function openCamera(video, onText) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const detector = new window.BarcodeDetector({ formats: [FORMAT] });
  const isNew = createMemory();
  let timer = null;
  let isClosed = false;

  async function look() {
    const texts = await read(detector, video);
    if (isClosed) {
      return;
    }
    texts.filter(isNew).forEach(onText);
    timer = setTimeout(look, LOOK_MILLISECONDS);
  }

  video.srcObject = stream;
  await video.play();
  look();
  return () => {
    isClosed = true;
    clearTimeout(timer);
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
}

/** The texts of the codes in view; none for a picture that the browser cannot look at yet. */
async function read(detector, video) {
  try {
    return (await detector.detect(video)).map((found) => found.rawValue);
  } catch (noPicture) {
    return [];
  }
}

function createMemory() {
  const seenAt = new Map();
  return (text) => {
    const now = performance.now();
    const isAway = !(now - seenAt.get(text) < AWAY_MILLISECONDS);
    seenAt.set(text, now);
    return isAway;
  };
}
