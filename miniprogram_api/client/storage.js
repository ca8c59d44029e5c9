"use strict";

/** What outlives the program: the session, the card for a week without a network, the clock's offset. */

/**
 * @typedef {{get: function(string): ?string, set: function(string, string): void, remove: function(string): void,
 *   keys: function(): string[]}} Storage text by key; `get` gives null for what is absent
 */

/**
 * A storage that forgets with the program: for tests, and for two people in one browser.
 * @returns {Storage}
 */
function memoryStorage() {
  const texts = new Map();
  return {
    get: (key) => (texts.has(key) ? texts.get(key) : null),
    set: (key, text) => {
      texts.set(key, text);
    },
    remove: (key) => {
      texts.delete(key);
    },
    keys: () => Array.from(texts.keys()),
  };
}

/**
 * A mini program's storage, which WeChat keeps apart for each of its users.
 * @param {object} wx
 * @returns {Storage}
 */
function wxStorage(wx) {
  return {
    get: (key) => wx.getStorageSync(key) || null,
    set: (key, text) => wx.setStorageSync(key, text),
    remove: (key) => wx.removeStorageSync(key),
    keys: () => wx.getStorageInfoSync().keys,
  };
}

/**
 * A browser's storage.
 * @param {Storage} localStorage the window's
 * @returns {Storage}
 */
function webStorage(localStorage) {
  return {
    get: (key) => localStorage.getItem(key),
    set: (key, text) => localStorage.setItem(key, text),
    remove: (key) => localStorage.removeItem(key),
    keys: () => Array.from({ length: localStorage.length }, (_, place) => localStorage.key(place)),
  };
}

/**
 * The storage of the place where the program runs; memory where there is none.
 * @returns {Storage}
 */
function pickStorage() {
  if (typeof wx !== "undefined" && typeof wx.getStorageSync === "function") {
    return wxStorage(wx);
  }
  try {
    return typeof localStorage === "undefined" ? memoryStorage() : webStorage(localStorage);
  } catch (forbidden) {
    // A browser that forbids storage throws as soon as it is named.
    return memoryStorage();
  }
}

/**
 * One value in a storage, as JSON. A storage that is full, forbidden or spoilt never stops the program: the
 * value is then kept while it runs.
 * @param {Storage} storage
 * @param {string} key
 * @returns {{read: function(): *, write: function(*): void}} null stands for nothing
 */
function createSlot(storage, key) {
  let value = stored(storage, key);
  return {
    read: () => value,
    write: (next) => {
      value = next;
      try {
        if (next === null) {
          storage.remove(key);
        } else {
          storage.set(key, JSON.stringify(next));
        }
      } catch (failure) {
        // The value above still serves until the program ends.
      }
    },
  };
}

function stored(storage, key) {
  try {
    return JSON.parse(storage.get(key));
  } catch (failure) {
    return null;
  }
}

module.exports = { memoryStorage, wxStorage, webStorage, pickStorage, createSlot };
