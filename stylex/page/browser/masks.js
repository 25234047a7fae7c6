// Where people are, as stylex/runtime/semantic has it: what the segmenter finds, drawn to the photo's edges and feathered.
// A plane is { data: floats row after row, width, height, channels: 1 }.
import { asContent, halfToEven, limitedTo, plane, resized } from "./pictures.js";

const GREY = [0.299, 0.587, 0.114];

export class Segmenter {
  constructor(ort, session, facts) {
    Object.assign(this, { ort, session, facts });
  }

  // Returns the masks of "person" and "background", which add up to 1 at every place.
  async masks(photo) {
    const { facts } = this;
    const found = sharpened(await this.probability(photo), facts.unsure);
    const person = feathered(clipped(refined(found, photo, facts)), facts.feather);
    return { person, background: mapped(person, (value) => Math.min(1, Math.max(0, 1 - value))) };
  }

  async probability(photo) {
    const { longest, multiple, classes } = this.facts;
    const [height, width] = limitedTo([photo.height, photo.width], longest)
      .map((side) => Math.max(multiple, halfToEven(side / multiple) * multiple));
    const kernel = height * width < photo.height * photo.width ? "area" : "linear";
    const small = resized(photo, width, height, kernel);
    const { content, dims } = asContent(small, { multiple: 1, smallest: 1, border: 0 }, "planes");
    const results = await this.session.run({ [this.session.inputNames[0]]: new this.ort.Tensor("float32", content, dims) });
    const output = results[this.session.outputNames[0]], values = await output.getData();
    const [, count, high, wide] = output.dims, chosen = classes.indexOf("person");
    const data = Float32Array.from({ length: high * wide }, (_, i) => shareOf(values, i, high * wide, count, chosen));
    return { data, width: wide, height: high, channels: 1 };
  }
}

// The share of one class at one place: the softmax where values are log-odds, else the value itself.
function shareOf(values, at, size, count, chosen) {
  const own = Array.from({ length: count }, (_, k) => values[k * size + at]);
  const odds = own.some((value) => value < -1e-3 || value > 1 + 1e-3) || Math.abs(own.reduce((a, b) => a + b) - 1) > 1e-3;
  if (!odds) return own[chosen];
  const most = Math.max(...own), powers = own.map((value) => Math.exp(value - most));
  return powers[chosen] / powers.reduce((a, b) => a + b);
}

const mapped = (mask, f) => ({ ...mask, data: mask.data.map(f) });
const clipped = (mask) => mapped(mask, (value) => Math.min(1, Math.max(0, value)));

function sharpened(mask, unsure) {
  return mapped(mask, (value) => {
    const t = Math.min(1, Math.max(0, (value - unsure) / (1 - 2 * unsure)));
    return t * t * (3 - 2 * t);
  });
}

// The guided filter (He, Sun and Tang 2013, equations 5, 6 and 8).
function refined(mask, photo, { refined_side: side, flatness }) {
  const [height, width] = limitedTo([photo.height, photo.width], side);
  const light = greyOf(resized(photo, width, height, "area"));
  const smaller = mask.height > height || mask.width > width;
  const given = resized(mask, width, height, smaller ? "area" : "linear");
  const radius = Math.floor(Math.max(height, width) / 64), box = (values) => boxed({ ...light, data: values }, radius).data;
  const mean = box(light.data), average = box(given.data);
  const both = box(light.data.map((value, i) => value * given.data[i]));
  const squares = box(light.data.map((value) => value * value));
  const slope = mean.map((m, i) => (both[i] - m * average[i]) / (squares[i] - m * m + flatness));
  const level = average.map((value, i) => value - slope[i] * mean[i]);
  const slopes = box(slope), levels = box(level);
  return { ...light, data: light.data.map((value, i) => slopes[i] * value + levels[i]) };
}

function greyOf({ data, width, height }) {
  const values = Float32Array.from({ length: width * height }, (_, i) =>
    Math.round(GREY[0] * data[3 * i] + GREY[1] * data[3 * i + 1] + GREY[2] * data[3 * i + 2]) / 255);
  return { data: values, width, height, channels: 1 };
}

function boxed(mask, radius) {
  const weights = Array(2 * radius + 1).fill(1 / (2 * radius + 1));
  return blurred(mask, weights, (at, side) => { // the border is repeated: cba|abc
    const inside = ((at % (2 * side)) + 2 * side) % (2 * side);
    return inside < side ? inside : 2 * side - 1 - inside;
  });
}

function feathered(mask, share) {
  const sigma = (share * Math.max(mask.width, mask.height)) / 2;
  if (sigma <= 0.1) return mask;
  const radius = Math.floor((Math.round(8 * sigma + 1) | 1) / 2);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)));
  const sum = weights.reduce((a, b) => a + b);
  return blurred(mask, weights.map((weight) => weight / sum), (at, side) => { // the border is not: cb|abc
    if (side === 1) return 0;
    const period = 2 * (side - 1), inside = ((at % period) + period) % period;
    return inside < side ? inside : period - inside;
  });
}

function blurred({ data, width, height }, weights, border) {
  const radius = (weights.length - 1) / 2, across = new Float32Array(data.length), down = new Float32Array(data.length);
  const columns = Array.from({ length: width + 2 * radius }, (_, i) => border(i - radius, width));
  const rows = Array.from({ length: height + 2 * radius }, (_, i) => border(i - radius, height));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * data[y * width + columns[x + i]];
      across[y * width + x] = sum;
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * across[rows[y + i] * width + x];
      down[y * width + x] = sum;
    }
  }
  return { data: down, width, height, channels: 1 };
}

// How strongly each style applies where, and the style of each: people keep a share of the strength, and may have a style
// of their own.
export function withPeople(masks, codes, strengths, share, own) {
  const scaled = (mask) => (factor) => mapped(mask, (value) => factor * value);
  const all = strengths.reduce((sum, strength) => sum + strength, 0);
  const theirs = own ? [own] : codes, strong = own ? [all] : strengths;
  const people = share > 0 ? strong.map((strength) => share * strength).map(scaled(masks.person)) : [];
  return { codes: share > 0 ? [...theirs, ...codes] : codes, masks: [...people, ...strengths.map(scaled(masks.background))] };
}

export const everywhere = (strengths) => strengths.map(plane);
