// Lightness of the painted picture, colour of the photo, in CIE L*a*b* of 8 bits, as stylex/imaging/color.py has it.
const LINEAR = Float64Array.from({ length: 256 }, (_, i) => (i <= 0.04045 * 255 ? i / 255 / 12.92 : ((i / 255 + 0.055) / 1.055) ** 2.4));
const TO_XYZ = [0.412453, 0.35758, 0.180423, 0.212671, 0.71516, 0.072169, 0.019334, 0.119193, 0.950227];
const TO_RGB = [3.240479, -1.53715, -0.498535, -0.969256, 1.875991, 0.041556, 0.055648, -0.204043, 1.057311];
const WHITE = [0.950456, 1, 1.088754];

const cubic = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
const inverse = (f) => (f > 6 / 29 ? f ** 3 : (f - 16 / 116) / 7.787);
const gamma = (v) => 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
const row = (m, i, v) => m[3 * i] * v[0] + m[3 * i + 1] * v[1] + m[3 * i + 2] * v[2];

function toLab(data) {
  const lab = new Uint8ClampedArray(data.length);
  for (let at = 0; at < data.length; at += 3) {
    const rgb = [LINEAR[data[at]], LINEAR[data[at + 1]], LINEAR[data[at + 2]]];
    const [x, y, z] = [0, 1, 2].map((i) => cubic(row(TO_XYZ, i, rgb) / WHITE[i]));
    lab[at] = (116 * y - 16) * 2.55;
    lab[at + 1] = 500 * (x - y) + 128;
    lab[at + 2] = 200 * (y - z) + 128;
  }
  return lab;
}

function toRgb(lab) {
  const data = new Uint8ClampedArray(lab.length);
  for (let at = 0; at < lab.length; at += 3) {
    const y = (lab[at] / 2.55 + 16) / 116, x = y + (lab[at + 1] - 128) / 500, z = y - (lab[at + 2] - 128) / 200;
    const xyz = [x, y, z].map((value, i) => inverse(value) * WHITE[i]);
    for (let i = 0; i < 3; i++) data[at + i] = gamma(Math.max(0, row(TO_RGB, i, xyz)));
  }
  return data;
}

function spread(lab) {
  let sum = 0, squares = 0;
  const count = lab.length / 3;
  for (let at = 0; at < lab.length; at += 3) {
    sum += lab[at];
    squares += lab[at] ** 2;
  }
  return [sum / count, Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2))];
}

// A pixel that keeps its lightness stays as it is in the photo, and a grey one stays grey.
export function keepColors(painted, photo) {
  const light = toLab(painted.data), before = toLab(photo.data), lab = before.slice();
  const [mean, deviation] = spread(light), [wanted, deviationWanted] = spread(before);
  const widened = deviationWanted / Math.max(deviation, Math.min(1, deviationWanted) || 1);
  for (let at = 0; at < lab.length; at += 3) lab[at] = (light[at] - mean) * widened + wanted;
  const data = toRgb(lab);
  for (let at = 0; at < data.length; at += 3) {
    const own = photo.data.subarray(at, at + 3);
    if (lab[at] === before[at]) data.set(own, at);
    else if (own[0] === own[1] && own[1] === own[2]) data[at] = data[at + 2] = data[at + 1];
  }
  return { ...painted, data };
}
