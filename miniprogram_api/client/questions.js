"use strict";

/**
 * A question for stations near a place, read without a network as the server's `handlers/finder.py` reads it: what
 * is refused there is refused here, with the same code and words. "None near you" would be a false answer to it.
 */

const { ApiError, ownError } = require("./errors.js");
const { isGiven } = require("./http.js");
const { readMoment } = require("./moments.js");
const { isInside, toGcj02 } = require("./positions.js");

const BAD_REQUEST = 400;
const MINUTE = 60000;
const WEEK = 7 * 24 * 60 * MINUTE;

const MOMENT_LENGTH = 40;
const DATUMS = ["gcj02", "wgs84", "bd09"];
const KINDS = ["basic", "model", "smart"];
const FACILITIES = [
  "water",
  "microwave",
  "charging",
  "air_conditioning",
  "fridge",
  "toilet",
  "medicine",
  "seats",
  "books",
  "wifi",
  "battery_swap",
  "nursing",
  "wheelchair",
  "aed",
];

/** What only the server can answer: it alone knows the names of places, and the page that went before. */
const ONLINE_ONLY = ["near", "after"];

const POSITION = ["longitude", "latitude", "datum"];
const DEFAULTS = { facilities: [], kind: null, onlyOpen: false, radius: 5000, limit: 20 };

/** A number as JSON has it. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i;

/** Each field's value of its text. A latitude may be so large that it can be told when the two are swapped. */
const READERS = {
  longitude: numberWithin(-180, 180),
  latitude: numberWithin(-180, 180),
  datum: oneOf(DATUMS),
  facilities: (text, name) => text.split(",").map((one, place) => oneOf(FACILITIES)(one, `${name}[${place}]`)),
  kind: oneOf(KINDS),
  onlyOpen: (text, name) => ["true", "1"].includes(oneOf(["true", "1", "false", "0"])(text.toLowerCase(), name)),
  at: textUpTo(MOMENT_LENGTH),
  radius: wholeWithin(100, 50000),
  limit: wholeWithin(1, 100),
};

/**
 * @typedef {object} Wanted the same question as `stationsNear` takes, but for `near` and `after`
 * @property {number} longitude
 * @property {number} latitude
 * @property {import("./positions.js").Datum} datum
 * @property {string[]} [facilities] all of them there, and working
 * @property {string} [kind]
 * @property {boolean} [onlyOpen]
 * @property {number} [radius] metres, 100 to 50,000
 * @property {number} [limit] 1 to 100
 * @property {string} [at] another moment within seven days, to the minute; without an offset it is that of
 *   Asia/Shanghai
 *
 * @typedef {{here: import("./positions.js").Point, datum: string, at: number, isNow: boolean, facilities: string[],
 *   kind: ?string, onlyOpen: boolean, radius: number, limit: number}} Question the place in GCJ-02, the moment in
 *   milliseconds
 */

/**
 * Reads a question.
 * @param {Wanted} wanted
 * @param {number} now the server's time, milliseconds
 * @returns {Question}
 * @throws {ApiError} the server's refusal, or `network_failed` for what only the server can answer
 */
function readQuestion(wanted, now) {
  const given = Object.keys(wanted).filter((name) => isGiven(wanted[name]));
  if (given.some((name) => ONLINE_ONLY.includes(name))) {
    throw ownError("network_failed");
  }
  const read = Object.assign({}, DEFAULTS);
  given.forEach((name) => {
    if (!Object.keys(READERS).includes(name)) {
      throw invalidField(name, "Unknown");
    }
    // A query is text, and so is what the server reads.
    read[name] = READERS[name](String(wanted[name]), name);
  });
  const isNow = read.at === undefined;
  const at = isNow ? now : momentOf(read.at, now);
  return Object.assign(read, { here: placeOf(read), at, isNow });
}

function numberWithin(least, most) {
  return (text, name) => {
    const number = NUMBER.test(text) ? Number(text) : NaN;
    if (!(number >= least && number <= most)) {
      throw invalidField(name, `Expected a number from ${least} to ${most}`);
    }
    return number;
  };
}

function wholeWithin(least, most) {
  const read = numberWithin(least, most);
  return (text, name) => {
    const number = read(text, name);
    if (!Number.isInteger(number)) {
      throw invalidField(name, "Expected a whole number");
    }
    return number;
  };
}

function oneOf(known) {
  return (text, name) => {
    if (!known.includes(text)) {
      throw invalidField(name, `Expected one of ${known.join(", ")}`);
    }
    return text;
  };
}

function textUpTo(most) {
  return (text, name) => {
    if (text.length > most) {
      throw invalidField(name, `Expected at most ${most} characters`);
    }
    return text;
  };
}

/** The place asked about, in GCJ-02. */
function placeOf(read) {
  const missing = POSITION.find((name) => read[name] === undefined);
  if (missing !== undefined) {
    throw invalidField(missing, "Missing");
  }
  const { longitude, latitude, datum } = read;
  if (isInside(longitude, latitude)) {
    return toGcj02(longitude, latitude, datum);
  }
  if (isInside(latitude, longitude)) {
    throw refusal("position_outside_country", "经度和纬度可能写反了，请检查", { swapped: true });
  }
  throw refusal("position_outside_country", "位置不在中国境内，请检查经度和纬度", {});
}

/** The moment that a text names: from this minute on, and not more than seven days ahead. */
function momentOf(text, now) {
  const at = readMoment(text);
  if (Number.isNaN(at)) {
    throw invalidField("at", "Not a time in ISO 8601");
  }
  if (at <= now - MINUTE || at > now + WEEK) {
    throw refusal("moment_outside_week", "只能查从现在起7天以内的时间", {});
  }
  return at;
}

function invalidField(name, reason) {
  return refusal("invalid_request", "请求中有字段填写不正确", { field: `query.${name}`, reason });
}

function refusal(code, message, details) {
  return new ApiError({ status: BAD_REQUEST, code, message, details });
}

module.exports = { readQuestion };
