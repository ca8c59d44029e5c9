/**
 * Eyes: what reads codes out of what is held before a camera. A browser that can reads them itself; for others
 * our server reads small frames, one at a time and two a second at most. It keeps none of them.
 */

const FORMAT = "qr_code";
const OWN_MILLISECONDS = 200;
const SERVER_MILLISECONDS = 500;

/** Enough for a card held at arm's length, and some forty kilobytes. */
const FRAME_SIDE = 800;
const FRAME_QUALITY = 0.7;

/** A picture that was chosen may show a small code in a large room. */
const PICTURE_SIDE = 2400;
const PICTURE_QUALITY = 0.85;

/**
 * @typedef {object} Sight
 * @property {string[]} codes
 * @property {number} others how many codes were there that are not ours, and so are not told
 *
 * @typedef {object} Eye
 * @property {function(HTMLVideoElement): Promise<Sight>} see
 * @property {number} pace milliseconds from one look to the next, at least
 * @property {boolean} isServer whether each look goes over the network
 */

const NOTHING = { codes: [], others: 0 };

/**
 * The best eye of this browser.
 * @param {{readPicture: function(Blob): Promise<Sight>}} client
 * @returns {Promise<Eye>}
 */
export async function pickEye(client) {
  const isAble =
    "BarcodeDetector" in window && (await window.BarcodeDetector.getSupportedFormats()).includes(FORMAT);
  return isAble ? ownEye() : serverEye(client);
}

function ownEye() {
  const detector = new window.BarcodeDetector({ formats: [FORMAT] });
  const see = async (video) => {
    try {
      return { codes: (await detector.detect(video)).map((found) => found.rawValue), others: 0 };
    } catch (noPicture) {
      return NOTHING;
    }
  };
  return { see, pace: OWN_MILLISECONDS, isServer: false };
}

function serverEye(client) {
  const see = async (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    return width === 0
      ? NOTHING
      : client.readPicture(await drawn(video, { width, height }, FRAME_SIDE, FRAME_QUALITY));
  };
  return { see, pace: SERVER_MILLISECONDS, isServer: true };
}

/**
 * A picture that was chosen, made small and without what it says of place and time; as it is where this browser
 * cannot open it, for the server to judge.
 * @param {File} file
 * @returns {Promise<Blob>}
 */
export async function smallPicture(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch (unknownForm) {
    return file;
  }
  try {
    return await drawn(bitmap, bitmap, PICTURE_SIDE, PICTURE_QUALITY);
  } finally {
    bitmap.close();
  }
}

/** What a source shows, as JPEG on white, no side longer than `side`. */
function drawn(source, { width, height }, side, quality) {
  const shrink = Math.min(1, side / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * shrink));
  canvas.height = Math.max(1, Math.round(height * shrink));
  const pen = canvas.getContext("2d", { alpha: false });
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", quality);
  });
}
