"use strict";

/** The eight masks of a QR code, and the penalties by which one is chosen (ISO/IEC 18004, 7.8). */

const LONG_RUN = 5;
const RUN_PENALTY = 3;
const SQUARE_PENALTY = 3;
const FINDER_PENALTY = 40;
const BALANCE_PENALTY = 10;
const BALANCE_STEP_PERCENT = 5;
const FINDER_LIKE = ["10111010000", "00001011101"];

/** Each by row and column; the module is inverted where the rule gives zero. */
const RULES = [
  (row, column) => (row + column) % 2,
  (row) => row % 2,
  (row, column) => column % 3,
  (row, column) => (row + column) % 3,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2,
  (row, column) => ((row * column) % 2) + ((row * column) % 3),
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2,
];

/**
 * Tells whether a mask inverts a module.
 * @param {number} mask 0 … 7
 * @param {number} row
 * @param {number} column
 * @returns {boolean}
 */
function isInverted(mask, row, column) {
  return RULES[mask](row, column) === 0;
}

/**
 * The matrix of the mask with the lowest penalty, the first of equals.
 * @param {function(number): boolean[][]} masked draws the symbol with a mask
 * @returns {boolean[][]}
 */
function chosenMask(masked) {
  const candidates = RULES.map((rule, mask) => masked(mask));
  const penalties = candidates.map(penalty);
  return candidates[penalties.indexOf(Math.min.apply(null, penalties))];
}

/**
 * How badly a symbol reads: long runs, squares, false finders, too much of one colour.
 * @param {boolean[][]} matrix
 * @returns {number}
 */
function penalty(matrix) {
  const rows = matrix.map((modules) => modules.map(Number).join(""));
  const columns = matrix.map((_, column) => matrix.map((modules) => Number(modules[column])).join(""));
  const lines = rows.concat(columns);
  const inLines = lines.reduce((sum, line) => sum + runPenalty(line) + finderPenalty(line), 0);
  return inLines + squarePenalty(matrix) + balancePenalty(rows.join(""));
}

function runPenalty(line) {
  const runs = line.match(/0+|1+/g).filter((run) => run.length >= LONG_RUN);
  return runs.reduce((sum, run) => sum + RUN_PENALTY + run.length - LONG_RUN, 0);
}

function finderPenalty(line) {
  let found = 0;
  for (let at = 0; at + FINDER_LIKE[0].length <= line.length; at += 1) {
    found += FINDER_LIKE.some((pattern) => line.startsWith(pattern, at)) ? 1 : 0;
  }
  return found * FINDER_PENALTY;
}

function squarePenalty(matrix) {
  let squares = 0;
  for (let row = 1; row < matrix.length; row += 1) {
    for (let column = 1; column < matrix.length; column += 1) {
      const corner = matrix[row][column];
      const isSquare =
        corner === matrix[row - 1][column] &&
        corner === matrix[row][column - 1] &&
        corner === matrix[row - 1][column - 1];
      squares += isSquare ? 1 : 0;
    }
  }
  return squares * SQUARE_PENALTY;
}

function balancePenalty(modules) {
  const dark = modules.split("1").length - 1;
  const percentOff = Math.abs((dark * 100) / modules.length - 50);
  return Math.floor(percentOff / BALANCE_STEP_PERCENT) * BALANCE_PENALTY;
}

module.exports = { isInverted, chosenMask };
