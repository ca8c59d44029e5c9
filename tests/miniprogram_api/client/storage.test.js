"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");

const storing = require("../../../miniprogram_api/client/storage.js");

const { createSlot, memoryStorage, webStorage, wxStorage } = storing;

/** A mini program's storage calls; an absent key reads as empty text there. */
function makeWx() {
  const texts = new Map();
  return {
    getStorageSync: (key) => (texts.has(key) ? texts.get(key) : ""),
    setStorageSync: (key, text) => texts.set(key, text),
    removeStorageSync: (key) => texts.delete(key),
    getStorageInfoSync: () => ({ keys: Array.from(texts.keys()) }),
  };
}

function makeLocalStorage() {
  const texts = new Map();
  return {
    getItem: (key) => (texts.has(key) ? texts.get(key) : null),
    setItem: (key, text) => texts.set(key, String(text)),
    removeItem: (key) => texts.delete(key),
    key: (place) => Array.from(texts.keys())[place],
    get length() {
      return texts.size;
    },
  };
}

/** A storage that a person has forbidden, or filled. */
const REFUSING = {
  get: () => {
    throw new Error("SecurityError");
  },
  set: () => {
    throw new Error("QuotaExceededError");
  },
  remove: () => {
    throw new Error("SecurityError");
  },
};

const storages = {
  memory: memoryStorage,
  web: () => webStorage(makeLocalStorage()),
  wx: () => wxStorage(makeWx()),
};

Object.keys(storages).forEach((name) => {
  test(`a value in ${name} storage outlives its slot until it is removed`, () => {
    const storage = storages[name]();
    assert.equal(createSlot(storage, "a").read(), null);
    createSlot(storage, "a").write({ day: "2026-07-15" });
    assert.deepEqual(createSlot(storage, "a").read(), { day: "2026-07-15" });
    assert.equal(createSlot(storage, "b").read(), null);
    createSlot(storage, "a").write(null);
    assert.equal(createSlot(storage, "a").read(), null);
    assert.equal(storage.get("a"), null);
  });

  test(`${name} storage names what is in it`, () => {
    const storage = storages[name]();
    storage.set("a", "1");
    storage.set("b", "2");
    storage.remove("a");
    assert.deepEqual(storage.keys(), ["b"]);
  });
});

test("a storage that refuses still keeps a value while the program runs", () => {
  const slot = createSlot(REFUSING, "a");
  assert.equal(slot.read(), null);
  slot.write("x");
  assert.equal(slot.read(), "x");
  slot.write(null);
  assert.equal(slot.read(), null);
});

test("a spoilt value counts as absent", () => {
  const storage = memoryStorage();
  storage.set("a", "{not json");
  assert.equal(createSlot(storage, "a").read(), null);
});
