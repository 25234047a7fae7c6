// The palette of a picture and the Monge-Kantorovich maps between two, as stylex/imaging/palette.py has them.
// A palette is three means and the covariances RR, RG, RB, GG, GB, BB of RGB in [0, 1]; a map is 3x4, row after row.
import { resized } from "./pictures.js";

const FLOOR = (4 / 255) ** 2, FAINT = (0.5 / 255) ** 2;
const COLORLESS = (1.5 / 255) ** 2, COLORED = (5 / 255) ** 2, LEAST_TONED = 0.15;
const SAMPLED = 128, MIDDLE = 127.5;
export const MOST_BEFORE = 3, MOST_AFTER = 2;
const ROWS = [0, 0, 0, 1, 1, 2], COLUMNS = [0, 1, 2, 1, 2, 2];
const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];

// The palette of a picture; where a plane of weights is given, each place counts as much as it says.
export function paletteOf({ data, width, height }, weights) {
  const step = Math.max(1, Math.floor(Math.min(height, width) / SAMPLED));
  const columns = Math.ceil(width / step), rows = Math.ceil(height / step);
  const shares = weights && resized(weights, columns, rows, "linear").data;
  const mean = [0, 0, 0], products = [0, 0, 0, 0, 0, 0];
  let total = 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const at = 3 * step * (y * width + x), share = shares ? shares[y * columns + x] : 1;
      const c = [data[at] - MIDDLE, data[at + 1] - MIDDLE, data[at + 2] - MIDDLE];
      for (let i = 0; i < 3; i++) mean[i] += share * c[i];
      for (let i = 0; i < 6; i++) products[i] += share * c[ROWS[i]] * c[COLUMNS[i]];
      total += share;
    }
  }
  const sum = Math.max(total, 1e-12), means = mean.map((value) => value / sum);
  const covariances = products.map((value, i) => (value / sum - means[ROWS[i]] * means[COLUMNS[i]]) / 255 ** 2);
  return [...means.map((value) => (value + MIDDLE) / 255), ...covariances].map(Math.fround);
}

// How much of each style's palette every place takes: planes of strength, in sum at most 1.
export function amountsOf(masks) {
  const most = masks[0].data.map((_, i) => Math.max(1, masks.reduce((sum, { data }) => sum + data[i], 0)));
  return masks.map((mask) => ({ ...mask, data: mask.data.map((value, i) => value / most[i]) }));
}

// The share of each style's map behind the network: in sum 1 wherever a style is painted.
export function sharesOf(amounts) {
  const totals = amounts[0].data.map((_, i) => amounts.reduce((sum, { data }) => sum + data[i], 0));
  return amounts.map((amount) => ({ ...amount, data: amount.data.map((value, i) => (totals[i] > 0 ? value / totals[i] : 0)) }));
}

export const palettesUnder = (picture, amounts) =>
  uniform(amounts) ? Array(amounts.length).fill(paletteOf(picture)) : amounts.map((amount) => paletteOf(picture, amount));

// The mixture of styles that each style's places have, on the average.
export function mixturesOf(amounts) {
  return amounts.map(({ data }) => {
    const total = Math.max(data.reduce((sum, value) => sum + value, 0), 1e-12);
    return amounts.map((other) => other.data.reduce((sum, value, i) => sum + value * data[i], 0) / total);
  });
}

const uniform = (amounts) => amounts.every(({ data }) => data.length === 1);

const covarianceOf = (p) => [p[3], p[4], p[5], p[4], p[6], p[7], p[5], p[7], p[8]];
const plus = (matrix, variance) => matrix.map((value, i) => value + variance * IDENTITY[i]);

function times(a, b) {
  return IDENTITY.map((_, i) => [0, 1, 2].reduce((sum, k) => sum + a[3 * Math.floor(i / 3) + k] * b[3 * k + (i % 3)], 0));
}

// Jacobi's rotations: the function of a symmetric matrix that a function of its eigenvalues gives.
function ofEigenvalues(matrix, ...functions) {
  let a = [...matrix], vectors = [...IDENTITY];
  for (let sweep = 0; sweep < 24; sweep++) {
    for (const [p, q] of [[0, 1], [0, 2], [1, 2]]) {
      if (Math.abs(a[3 * p + q]) < 1e-300) continue;
      const angle = 0.5 * Math.atan2(2 * a[3 * p + q], a[4 * q] - a[4 * p]);
      const turn = [...IDENTITY], c = Math.cos(angle), s = Math.sin(angle);
      turn[4 * p] = turn[4 * q] = c;
      turn[3 * p + q] = s;
      turn[3 * q + p] = -s;
      const back = [...turn];
      back[3 * p + q] = -s;
      back[3 * q + p] = s;
      a = times(back, times(a, turn));
      vectors = times(vectors, turn);
    }
  }
  return functions.map((f) => IDENTITY.map((_, i) =>
    [0, 1, 2].reduce((sum, k) => sum + vectors[3 * Math.floor(i / 3) + k] * f(a[4 * k]) * vectors[3 * (i % 3) + k], 0)));
}

const root = (value) => Math.sqrt(Math.max(value, 1e-14));
const powers = (matrix) => ofEigenvalues(matrix, root, (value) => 1 / root(value));

export function transport(source, target, most) {
  const [half, back] = powers(plus(covarianceOf(source), FLOOR));
  const [inner] = powers(times(half, times(plus(covarianceOf(target), FAINT), half)));
  const [matrix] = ofEigenvalues(times(back, times(inner, back)), (value) => Math.min(value, most));
  return [0, 1, 2].flatMap((i) => {
    const row = matrix.slice(3 * i, 3 * i + 3);
    return [...row, target[i] - row.reduce((sum, value, k) => sum + value * source[k], 0)];
  });
}

// A style's palette as far as a photo can take it: a grey one is toned by its lightness.
export function toned(style, photo) {
  const [covariance, own] = [covarianceOf(style), covarianceOf(photo)], part = explained(covariance);
  const others = trace(covariance) - trace(part), have = trace(own) - trace(explained(own));
  const ramp = (have - COLORLESS) / (COLORED - COLORLESS);
  const share = Math.min(1, Math.max(LEAST_TONED, ramp, have / Math.max(others, 1e-12)));
  const mixed = covariance.map((value, i) => part[i] + share * (value - part[i]));
  return [...style.slice(0, 3), ...ROWS.map((row, i) => mixed[3 * row + COLUMNS[i]])];
}

const trace = (matrix) => matrix[0] + matrix[4] + matrix[8];

// The part of a covariance that goes with lightness, the mean of the channels.
function explained(covariance) {
  const along = [0, 1, 2].map((i) => (covariance[3 * i] + covariance[3 * i + 1] + covariance[3 * i + 2]) / 3);
  const variance = Math.max((along[0] + along[1] + along[2]) / 3, 1e-12);
  return IDENTITY.map((_, i) => along[Math.floor(i / 3)] * along[i % 3] / variance);
}

// The palette on the way from a photo's to the mixture of styles.
export function between(photo, styles, amounts) {
  const rest = Math.max(0, 1 - amounts.reduce((sum, amount) => sum + amount, 0));
  const mean = [0, 0, 0], mixed = Array(9).fill(0);
  [...styles, photo].forEach((palette, k) => {
    const share = k < amounts.length ? amounts[k] : rest;
    const [half] = powers(plus(covarianceOf(palette), FAINT));
    for (let i = 0; i < 3; i++) mean[i] += share * palette[i];
    for (let i = 0; i < 9; i++) mixed[i] += share * half[i];
  });
  const covariance = plus(times(mixed, mixed), -FAINT);
  return [...mean, ...ROWS.map((row, i) => covariance[3 * row + COLUMNS[i]])];
}

// Every colour c becomes c + sum_k amount_k (map_k(c) - c).
export function recolored(picture, maps, amounts) {
  const parts = maps.map((map) => map.map((value, i) => (i % 4 === 3 ? value * 255 : value - IDENTITY[3 * Math.floor(i / 4) + (i % 4)])));
  const alike = uniform(amounts);
  const whole = () => parts[0].map((_, i) => parts.reduce((sum, part, k) => sum + amounts[k].data[0] * part[i], 0));
  const changes = alike ? [whole()] : parts;
  const shares = alike ? [null] : amounts.map((amount) => resized(amount, picture.width, picture.height, "linear").data);
  const data = new Uint8ClampedArray(picture.data.length); // rounds half to even and cuts off, as OpenCV does
  for (let at = 0, place = 0; at < data.length; at += 3, place++) {
    const r = picture.data[at], g = picture.data[at + 1], b = picture.data[at + 2];
    let red = r, green = g, blue = b;
    for (let k = 0; k < changes.length; k++) {
      const m = changes[k], share = shares[k] ? shares[k][place] : 1;
      red += share * (m[0] * r + m[1] * g + m[2] * b + m[3]);
      green += share * (m[4] * r + m[5] * g + m[6] * b + m[7]);
      blue += share * (m[8] * r + m[9] * g + m[10] * b + m[11]);
    }
    data[at] = red;
    data[at + 1] = green;
    data[at + 2] = blue;
  }
  return { ...picture, data };
}
