"use strict";

/**
 * Two QR codes (ISO/IEC 18004), and nothing else: a card's, version 2, level M, in alphanumeric mode on 25 × 25
 * modules; and a link's for a screen, version 5, level L, in bytes on 37 × 37. Both are one block of codewords.
 */

const { chosenMask, isInverted } = require("./qr_masks.js");

const CARD = { size: 25, data: 28, correction: 16, level: 0 };
const LINK = { size: 37, data: 108, correction: 26, level: 1 };
const LONGEST_TEXT = 38;
const LONGEST_LINK = 106;
const QUIET_MODULES = 4;

const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const ALPHANUMERIC_MODE = 2;
const LENGTH_BITS = 9;
const BYTE_MODE = 4;
const BYTE_LENGTH_BITS = 8;
const FIELD_POLYNOMIAL = 0x11d;
const FORMAT_POLYNOMIAL = 0x537;
const FORMAT_PATTERN = 0x5412;
const TIMING = 6;

/**
 * @typedef {boolean[][]} Matrix rows of modules, true for dark, without the quiet zone
 */

/**
 * Draws text as a matrix of 25 × 25 modules.
 * @param {string} text at most 38 characters of the alphanumeric mode; a card's code has 35
 * @param {number} [mask] 0 … 7; the standard's choice by penalty if absent
 * @returns {Matrix}
 * @throws {RangeError} if the text is too long or has another character
 */
function drawQr(text, mask) {
  return drawn(CARD, textBits(text), mask);
}

/**
 * Draws a link as a matrix of 37 × 37 modules, for a screen that nothing covers.
 * @param {string} link at most 106 characters of ASCII
 * @param {number} [mask] 0 … 7; the standard's choice by penalty if absent
 * @returns {Matrix}
 * @throws {RangeError} if the link is too long or has another character
 */
function drawLinkQr(link, mask) {
  return drawn(LINK, linkBits(link), mask);
}

function drawn(form, bits, mask) {
  const data = dataCodewords(bits, form.data);
  const matrix = emptyMatrix(form.size);
  drawPatterns(matrix, form.level);
  placeBits(matrix, bitsOf(data.concat(correctionCodewords(data, form.correction))));
  const withMask = (number) => masked(matrix, number, form.level);
  return mask === undefined ? chosenMask(withMask) : withMask(mask);
}

function linkBits(link) {
  const octets = Array.from(link, (letter) => letter.charCodeAt(0));
  if (octets.length > LONGEST_LINK || octets.some((octet) => octet > 0x7e)) {
    throw new RangeError(`not ${LONGEST_LINK} characters of ASCII at most: ${JSON.stringify(link)}`);
  }
  const bits = [];
  append(bits, BYTE_MODE, 4);
  append(bits, octets.length, BYTE_LENGTH_BITS);
  octets.forEach((octet) => append(bits, octet, 8));
  return bits;
}

function textBits(text) {
  const values = Array.from(text, (letter) => ALPHANUMERIC.indexOf(letter));
  if (values.length > LONGEST_TEXT || values.includes(-1)) {
    throw new RangeError(`not ${LONGEST_TEXT} alphanumeric characters at most: ${JSON.stringify(text)}`);
  }
  const bits = [];
  append(bits, ALPHANUMERIC_MODE, 4);
  append(bits, values.length, LENGTH_BITS);
  for (let at = 0; at + 1 < values.length; at += 2) {
    append(bits, values[at] * 45 + values[at + 1], 11);
  }
  if (values.length % 2 === 1) {
    append(bits, values[values.length - 1], 6);
  }
  return bits;
}

/** Bits filled up to a number of codewords. */
function dataCodewords(bits, count) {
  append(bits, 0, Math.min(4, count * 8 - bits.length));
  append(bits, 0, (8 - (bits.length % 8)) % 8);
  const codewords = [];
  for (let at = 0; at < bits.length; at += 8) {
    codewords.push(bits.slice(at, at + 8).reduce((octet, bit) => octet * 2 + bit, 0));
  }
  for (let filler = 0xec; codewords.length < count; filler ^= 0xec ^ 0x11) {
    codewords.push(filler);
  }
  return codewords;
}

function append(bits, number, length) {
  for (let place = length - 1; place >= 0; place -= 1) {
    bits.push((number >>> place) & 1);
  }
}

function bitsOf(codewords) {
  const bits = [];
  codewords.forEach((codeword) => append(bits, codeword, 8));
  return bits;
}

/** Multiplies in the field of 256 elements. */
function times(first, second) {
  let product = 0;
  for (let place = 7; place >= 0; place -= 1) {
    product = (product << 1) ^ (product & 0x80 ? FIELD_POLYNOMIAL : 0);
    product ^= (second >>> place) & 1 ? first : 0;
  }
  return product;
}

/** The Reed-Solomon remainder of the data, by division through (x − 1)(x − 2)(x − 4) … */
function correctionCodewords(data, count) {
  let divisor = [1];
  for (let degree = 0, root = 1; degree < count; degree += 1, root = times(root, 2)) {
    const shifted = divisor.concat(0);
    divisor = shifted.map((value, at) => value ^ (at > 0 ? times(divisor[at - 1], root) : 0));
  }
  let remainder = new Array(count).fill(0);
  data.forEach((codeword) => {
    const factor = codeword ^ remainder[0];
    remainder = remainder.slice(1).concat(0).map((value, at) => value ^ times(divisor[at + 1], factor));
  });
  return remainder;
}

/** A matrix of which no module is decided: null until it is drawn. */
function emptyMatrix(size) {
  return Array.from({ length: size }, () => new Array(size).fill(null));
}

/** Draws what is the same in every symbol, and keeps the places of the format. */
function drawPatterns(matrix, level) {
  const size = matrix.length;
  const finders = [[3, 3], [3, size - 4], [size - 4, 3]];
  finders.forEach(([row, column]) => drawSquares(matrix, row, column, 4, [2, 4]));
  drawSquares(matrix, size - 7, size - 7, 2, [1]);
  for (let at = 8; at < size - 8; at += 1) {
    matrix[TIMING][at] = at % 2 === 0;
    matrix[at][TIMING] = at % 2 === 0;
  }
  drawFormat(matrix, 0, level);
}

/** Concentric squares about a centre, dark but for the rings at the given distances. */
function drawSquares(matrix, row, column, reach, lightRings) {
  const isInside = (place) => place >= 0 && place < matrix.length;
  for (let down = -reach; down <= reach; down += 1) {
    for (let right = -reach; right <= reach; right += 1) {
      if (isInside(row + down) && isInside(column + right)) {
        matrix[row + down][column + right] = !lightRings.includes(Math.max(Math.abs(down), Math.abs(right)));
      }
    }
  }
}

/** Level and mask with their check bits, twice, and the module that is always dark. */
function drawFormat(matrix, mask, level) {
  const size = matrix.length;
  const format = (level << 3) | mask;
  let remainder = format << 10;
  for (let place = 14; place >= 10; place -= 1) {
    remainder ^= (remainder >>> place) & 1 ? FORMAT_POLYNOMIAL << (place - 10) : 0;
  }
  const bits = ((format << 10) | remainder) ^ FORMAT_PATTERN;
  const isDark = (place) => ((bits >>> place) & 1) === 1;
  for (let place = 0; place < 15; place += 1) {
    const alongEdge = place < 6 ? place : place + 1;
    if (place < 8) {
      matrix[alongEdge][8] = isDark(place);
      matrix[8][size - 1 - place] = isDark(place);
    } else {
      matrix[8][place === 8 ? 7 : 14 - place] = isDark(place);
      matrix[size - 15 + place][8] = isDark(place);
    }
  }
  matrix[size - 8][8] = true;
}

/** Puts the bits into what is free, as 0 and 1: pairs of columns from the right, up and down in turn. */
function placeBits(matrix, bits) {
  let next = 0;
  let isUpward = true;
  const size = matrix.length;
  for (let right = size - 1; right > 0; right -= right === TIMING + 2 ? 3 : 2) {
    for (let along = 0; along < size; along += 1) {
      const row = isUpward ? size - 1 - along : along;
      [right, right - 1].forEach((column) => {
        if (matrix[row][column] === null) {
          matrix[row][column] = next < bits.length ? bits[next] : 0;
          next += 1;
        }
      });
    }
    isUpward = !isUpward;
  }
}

/** A copy with one mask over the data, which are numbers yet, and the format that says so. */
function masked(matrix, mask, level) {
  const copy = matrix.map((modules, row) =>
    modules.map((value, column) =>
      typeof value === "boolean" ? value : (value === 1) !== isInverted(mask, row, column)
    )
  );
  drawFormat(copy, mask, level);
  return copy;
}

/**
 * The matrix as an SVG picture with its quiet zone, one unit to a module.
 * @param {Matrix} matrix
 * @returns {string}
 */
function toSvg(matrix) {
  const side = matrix.length + 2 * QUIET_MODULES;
  let path = "";
  eachDark(matrix, (row, column) => {
    path += `M${column + QUIET_MODULES} ${row + QUIET_MODULES}h1v1h-1z`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M0 0h${side}v${side}H0z"/><path d="${path}"/></svg>`
  );
}

/**
 * Draws the matrix with its quiet zone in the middle of a square, on whole pixels, which scanners like best.
 * @param {CanvasRenderingContext2D} ctx of a page's canvas, or a mini program's of type "2d"
 * @param {Matrix} matrix
 * @param {number} size the square's side in the canvas's pixels, 33 at least for a card's code
 * @returns {void}
 * @throws {RangeError} if the square has less than a pixel for each module
 */
function drawOnCanvas(ctx, matrix, size) {
  const pixels = Math.floor(size / (matrix.length + 2 * QUIET_MODULES));
  if (pixels < 1) {
    throw new RangeError(`a square of ${size} pixels is too small for a QR code`);
  }
  const margin = Math.floor((size - pixels * matrix.length) / 2);
  ctx.fillStyle = "#ffffff";
  ctx.fillRect(0, 0, size, size);
  ctx.fillStyle = "#000000";
  eachDark(matrix, (row, column) => {
    ctx.fillRect(margin + column * pixels, margin + row * pixels, pixels, pixels);
  });
}

function eachDark(matrix, draw) {
  matrix.forEach((modules, row) =>
    modules.forEach((isDark, column) => {
      if (isDark) {
        draw(row, column);
      }
    })
  );
}

module.exports = { drawQr, drawLinkQr, toSvg, drawOnCanvas };
