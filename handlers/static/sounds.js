/** The verdict as sound and vibration: two rising notes for yes, a long low one for no, one in between for later. */

const MUTED = "muted";
const LOUDNESS = 0.25;

/** Notes: frequency in hertz, start and length in seconds. */
const NOTES = {
  accepted: [
    [880, 0, 0.1],
    [1320, 0.12, 0.16],
  ],
  refused: [[196, 0, 0.55]],
  attention: [
    [520, 0, 0.14],
    [520, 0.2, 0.14],
  ],
  waiting: [[520, 0, 0.14]],
};

/** Vibration in milliseconds, on and off in turn. */
const VIBRATION = { accepted: [60], refused: [180, 80, 180], attention: [90, 60, 90], waiting: [30, 60, 30] };

/**
 * The sounds.
 * @param {object} storage keeps whether they are off
 */
export function createSounds(storage) {
  let context = null;
  let isMuted = storage.get(MUTED) !== null;

  return {
    isOn: () => !isMuted,

    toggle: () => {
      isMuted = !isMuted;
      if (isMuted) {
        storage.set(MUTED, "1");
      } else {
        storage.remove(MUTED);
      }
    },

    /** Opens the loudspeaker: browsers allow it only while a person acts. */
    unlock: () => {
      context = context || new AudioContext();
      context.resume();
    },

    /** @param {"accepted"|"refused"|"attention"|"waiting"} kind */
    play: (kind) => {
      if (isMuted) {
        return;
      }
      if (navigator.vibrate) {
        navigator.vibrate(VIBRATION[kind]);
      }
      if (context !== null) {
        NOTES[kind].forEach((note) => sound(context, kind, note));
      }
    },
  };
}

function sound(context, kind, [hertz, start, length]) {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  const begin = context.currentTime + start;
  oscillator.type = kind === "refused" ? "square" : "sine";
  oscillator.frequency.value = hertz;
  gain.gain.setValueAtTime(LOUDNESS, begin);
  gain.gain.exponentialRampToValueAtTime(0.001, begin + length);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(begin);
  oscillator.stop(begin + length);
}
