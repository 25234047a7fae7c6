// The palette of a picture and the Monge-Kantorovich maps between two, as stylex/imaging/palette.py has them.
// A palette is three means and the covariances RR, RG, RB, GG, GB, BB of RGB in [0, 1]; a map is 3x4, row after row.
const FLOOR = (4 / 255) ** 2, FAINT = (0.5 / 255) ** 2;
const SAMPLED = 128, MIDDLE = 127.5;
export const MOST_BEFORE = 3, MOST_AFTER = 2;
const ROWS = [0, 0, 0, 1, 1, 2], COLUMNS = [0, 1, 2, 1, 2, 2];
const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];

export function paletteOf({ data, width, height }) {
  const step = Math.max(1, Math.floor(Math.min(height, width) / SAMPLED));
  const mean = [0, 0, 0], products = [0, 0, 0, 0, 0, 0];
  let count = 0;
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step, count++) {
      const at = 3 * (y * width + x);
      const c = [data[at] - MIDDLE, data[at + 1] - MIDDLE, data[at + 2] - MIDDLE];
      for (let i = 0; i < 3; i++) mean[i] += c[i];
      for (let i = 0; i < 6; i++) products[i] += c[ROWS[i]] * c[COLUMNS[i]];
    }
  }
  const means = mean.map((sum) => sum / count);
  const covariances = products.map((sum, i) => (sum / count - means[ROWS[i]] * means[COLUMNS[i]]) / 255 ** 2);
  return [...means.map((value) => (value + MIDDLE) / 255), ...covariances].map(Math.fround);
}

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
  const rest = 1 - amounts.reduce((sum, amount) => sum + amount, 0);
  const map = Array.from({ length: 12 }, (_, i) => {
    const own = i % 4 === 3 ? 0 : IDENTITY[3 * Math.floor(i / 4) + (i % 4)];
    const value = maps.reduce((sum, one, k) => sum + amounts[k] * one[i], rest * own);
    return i % 4 === 3 ? value * 255 : value;
  });
  const data = new Uint8ClampedArray(picture.data.length); // rounds half to even and cuts off, as OpenCV does
  for (let at = 0; at < data.length; at += 3) {
    const r = picture.data[at], g = picture.data[at + 1], b = picture.data[at + 2];
    data[at] = map[0] * r + map[1] * g + map[2] * b + map[3];
    data[at + 1] = map[4] * r + map[5] * g + map[6] * b + map[7];
    data[at + 2] = map[8] * r + map[9] * g + map[10] * b + map[11];
  }
  return { ...picture, data };
}
