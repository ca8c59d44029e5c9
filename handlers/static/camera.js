/** Scanning by camera: an eye (`eyes.js`) looks at it again and again until it is closed. */

/** A code that stays in view is one scan; it must be away for so long to be another. */
const AWAY_MILLISECONDS = 3000;

/** A camera whose frames go over the network is not left on by mistake. */
const IDLE_MILLISECONDS = 120000;

const TROUBLE_MILLISECONDS = 2000;
const OTHER = "other";

/** Whether this browser has a camera for pages; over plain HTTP none has, but for this machine itself. */
export const canUseCamera = () => navigator.mediaDevices !== undefined;

/**
 * Opens the camera and reads codes until it is closed.
 * @param {HTMLVideoElement} video shows what the camera sees
 * @param {import("./eyes.js").Eye} eye
 * @param {object} tell
 * @param {function(string): void} tell.onCode gets each code once
 * @param {function(): void} tell.onOther a code that is not ours came into view
 * @param {function(?Error): void} tell.onTrouble the eye could not see just now; null: it can again
 * @param {function(): void} tell.onIdle nothing was seen for two minutes; only where looking costs
 * @returns {Promise<function(): void>} closes the camera; rejects when the person or the system refuses it
 */
export async function openCamera(video, eye, { onCode, onOther, onTrouble, onIdle }) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const isNew = createMemory();
  let seenAt = performance.now();
  let timer = null;
  let isClosed = false;

  function take({ codes, others }) {
    onTrouble(null);
    if (codes.length > 0 || others > 0) {
      seenAt = performance.now();
    }
    codes.filter(isNew).forEach(onCode);
    if (others > 0 && isNew(OTHER) && codes.length === 0) {
      onOther();
    }
  }

  /** Looks once; how long to wait then, in milliseconds. */
  async function glance() {
    const begun = performance.now();
    try {
      const sight = document.hidden ? { codes: [], others: 0 } : await eye.see(video);
      if (!isClosed) {
        take(sight);
      }
      return Math.max(0, begun + eye.pace - performance.now());
    } catch (error) {
      if (!isClosed) {
        onTrouble(error);
      }
      return Math.max(TROUBLE_MILLISECONDS, 1000 * ((error.details || {}).retryAfter || 0));
    }
  }

  async function look() {
    const pause = await glance();
    if (!isClosed && eye.isServer && performance.now() - seenAt > IDLE_MILLISECONDS) {
      onIdle();
    }
    if (!isClosed) {
      timer = setTimeout(look, pause);
    }
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

function createMemory() {
  const seenAt = new Map();
  return (text) => {
    const now = performance.now();
    const isAway = !(now - seenAt.get(text) < AWAY_MILLISECONDS);
    seenAt.set(text, now);
    return isAway;
  };
}
