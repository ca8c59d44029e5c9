"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");

const { drawOnCanvas, drawQr, toSvg } = require("../../../miniprogram_api/client/qr.js");

const CODE = "UC17K3QF2M9XA0000000ABCDEFGHJKMNPQR";

function darkCount(matrix) {
  return matrix.reduce((sum, modules) => sum + modules.filter((isDark) => isDark).length, 0);
}

/** A canvas's context that keeps what is drawn. */
class FakeContext {
  constructor() {
    this.fillStyle = null;
    this.squares = [];
  }

  fillRect(left, top, width, height) {
    this.squares.push({ colour: this.fillStyle, left, top, width, height });
  }
}

test("a code is a square of 25 modules, all of them decided", () => {
  const matrix = drawQr(CODE);
  assert.equal(matrix.length, 25);
  matrix.forEach((modules) => {
    assert.equal(modules.length, 25);
    assert.ok(modules.every((isDark) => typeof isDark === "boolean"));
  });
});

test("each mask draws another symbol", () => {
  const drawn = [0, 1, 2, 3, 4, 5, 6, 7].map((mask) => JSON.stringify(drawQr(CODE, mask)));
  assert.equal(new Set(drawn).size, 8);
  assert.ok(drawn.includes(JSON.stringify(drawQr(CODE))));
});

test("text that does not fit is refused", () => {
  assert.throws(() => drawQr("A".repeat(39)), RangeError);
  assert.throws(() => drawQr("lower case"), RangeError);
  assert.throws(() => drawQr("工会"), RangeError);
});

test("the picture has a quiet zone and one square to a dark module", () => {
  const matrix = drawQr(CODE);
  const svg = toSvg(matrix);
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 33 33"/);
  assert.equal(svg.split("h1v1h-1z").length - 1, darkCount(matrix));
  assert.ok(svg.includes("M4 4h1"));
});

test("a canvas is drawn white, then in whole pixels within the quiet zone", () => {
  const context = new FakeContext();
  const matrix = drawQr(CODE);
  drawOnCanvas(context, matrix, 100);
  const [ground, ...modules] = context.squares;
  assert.deepEqual(ground, { colour: "#ffffff", left: 0, top: 0, width: 100, height: 100 });
  assert.equal(modules.length, darkCount(matrix));
  modules.forEach(({ colour, left, top, width, height }) => {
    assert.deepEqual([colour, width, height], ["#000000", 3, 3]);
    assert.ok(left >= 12 && top >= 12 && left + 3 <= 88 && top + 3 <= 88);
    assert.ok(Number.isInteger(left) && Number.isInteger(top));
  });
});

test("a canvas without a pixel for each module is refused", () => {
  assert.throws(() => drawOnCanvas(new FakeContext(), drawQr(CODE), 32), RangeError);
});
