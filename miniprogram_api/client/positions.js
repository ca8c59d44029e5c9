"use strict";

/**
 * Positions: GCJ-02 inside, three datums outside. The same steps as the server's `models/positions.py`, so that a
 * phone without a network finds the same stations at the same metres.
 */

/** What counts as the country, in degrees. */
const WEST = 72.004;
const EAST = 137.8347;
const SOUTH = 0.8293;
const NORTH = 55.8271;

const EARTH_RADIUS_METRES = 6371008.8;

const AXIS_METRES = 6378245;
const ECCENTRICITY_SQUARED = 0.006693421622965943;
const ORIGIN_LONGITUDE = 105;
const ORIGIN_LATITUDE = 35;
const BAIDU_WAVE = (Math.PI * 3000) / 180;
const BAIDU_EAST = 0.0065;
const BAIDU_NORTH = 0.006;
const STEPS_BACK = 4;

const { PI, abs, asin, atan2, cos, hypot, min, sin, sqrt } = Math;
const radians = (degrees) => (degrees * PI) / 180;

/**
 * @typedef {"gcj02"|"wgs84"|"bd09"} Datum
 * @typedef {[number, number]} Point degrees east and north
 */

/**
 * Whether a place is in the box that counts as the country.
 * @param {number} longitude
 * @param {number} latitude
 * @returns {boolean}
 */
function isInside(longitude, latitude) {
  return WEST <= longitude && longitude <= EAST && SOUTH <= latitude && latitude <= NORTH;
}

/**
 * A place in GCJ-02.
 * @param {number} longitude
 * @param {number} latitude
 * @param {Datum} datum what the degrees refer to
 * @returns {Point}
 */
function toGcj02(longitude, latitude, datum) {
  if (datum === "wgs84") {
    return shifted(longitude, latitude);
  }
  return datum === "bd09" ? solved(toBaidu, longitude, latitude) : [longitude, latitude];
}

/**
 * A GCJ-02 place in another datum.
 * @param {number} longitude
 * @param {number} latitude
 * @param {Datum} datum
 * @returns {Point}
 */
function fromGcj02(longitude, latitude, datum) {
  if (datum === "wgs84") {
    return solved(shifted, longitude, latitude);
  }
  return datum === "bd09" ? toBaidu(longitude, latitude) : [longitude, latitude];
}

/**
 * The great-circle distance of two places of one datum, in metres.
 * @param {Point} one
 * @param {Point} other
 * @returns {number}
 */
function metresBetween(one, other) {
  const north = sin(radians(other[1] - one[1]) / 2);
  const east = sin(radians(other[0] - one[0]) / 2);
  const square = north * north + cos(radians(one[1])) * cos(radians(other[1])) * east * east;
  return 2 * EARTH_RADIUS_METRES * asin(min(1, sqrt(square)));
}

function shifted(longitude, latitude) {
  const x = longitude - ORIGIN_LONGITUDE;
  const y = latitude - ORIGIN_LATITUDE;
  const root = sqrt(abs(x));
  const ripple = 20 * sin(6 * PI * x) + 20 * sin(2 * PI * x);
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root;
  north += (2 / 3) * (ripple + 20 * sin(PI * y) + 40 * sin((PI * y) / 3));
  north += (2 / 3) * (160 * sin((PI * y) / 12) + 320 * sin((PI * y) / 30));
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root;
  east += (2 / 3) * (ripple + 20 * sin(PI * x) + 40 * sin((PI * x) / 3));
  east += (2 / 3) * (150 * sin((PI * x) / 12) + 300 * sin((PI * x) / 30));
  const angle = radians(latitude);
  const flat = 1 - ECCENTRICITY_SQUARED * sin(angle) * sin(angle);
  const meridian = (AXIS_METRES * (1 - ECCENTRICITY_SQUARED)) / (flat * sqrt(flat));
  const parallel = (AXIS_METRES / sqrt(flat)) * cos(angle);
  return [longitude + east / radians(parallel), latitude + north / radians(meridian)];
}

function toBaidu(longitude, latitude) {
  const reach = hypot(longitude, latitude) + 0.00002 * sin(latitude * BAIDU_WAVE);
  const angle = atan2(latitude, longitude) + 0.000003 * cos(longitude * BAIDU_WAVE);
  return [reach * cos(angle) + BAIDU_EAST, reach * sin(angle) + BAIDU_NORTH];
}

/** The place that `forward` takes to the given one, by fixed-point iteration. */
function solved(forward, longitude, latitude) {
  let [x, y] = [longitude, latitude];
  for (let step = 0; step < STEPS_BACK; step += 1) {
    const [thereX, thereY] = forward(x, y);
    x += longitude - thereX;
    y += latitude - thereY;
  }
  return [x, y];
}

module.exports = { isInside, toGcj02, fromGcj02, metresBetween };
