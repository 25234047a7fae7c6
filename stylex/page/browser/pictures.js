// Pictures are { data: RGB bytes row after row, width, height }; sizes, borders, layouts and colours as in the package.
const STYLE_SIDE = 512, SMALLEST_STYLE = 64, LONGEST_STYLE = 8 * STYLE_SIDE;

export async function decoded(blob) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "default", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
  const data = new Uint8ClampedArray((rgba.length / 4) * 3);
  const alpha = new Uint8ClampedArray(rgba.length / 4);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    data[to] = rgba[from];
    data[to + 1] = rgba[from + 1];
    data[to + 2] = rgba[from + 2];
    alpha[from / 4] = rgba[from + 3];
  }
  return { data, width: bitmap.width, height: bitmap.height, alpha: alpha.every((value) => value === 255) ? null : alpha };
}

export async function encoded({ data, width, height }, alpha) {
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    image.data[to] = data[from];
    image.data[to + 1] = data[from + 1];
    image.data[to + 2] = data[from + 2];
    image.data[to + 3] = alpha ? alpha[from / 3] : 255;
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

// Weights of the source's pixels for each pixel of a side: Pillow's Lanczos, OpenCV's area, OpenCV's linear.
const KERNELS = {
  lanczos(at, scale) {
    const wide = Math.max(scale, 1), centre = (at + 0.5) * scale;
    const weight = (i) => { const x = (i + 0.5 - centre) / wide; return Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0; };
    return [Math.floor(centre - 3 * wide), Math.ceil(centre + 3 * wide), weight, false];
  },
  area(at, scale) {
    const start = at * scale, end = start + scale;
    const weight = (i) => Math.max(0, Math.min(i + 1, end) - Math.max(i, start));
    return [Math.floor(start), Math.ceil(end), weight, false];
  },
  linear(at, scale) {
    const centre = (at + 0.5) * scale - 0.5;
    return [Math.floor(centre), Math.floor(centre) + 2, (i) => 1 - Math.abs(i - centre), true];
  },
};

function taps(side, wanted, kernel) {
  return Array.from({ length: wanted }, (_, at) => {
    const [first, last, weight, repeated] = KERNELS[kernel](at, side / wanted), found = [];
    for (let i = first; i < last; i++) {
      const inside = Math.min(side - 1, Math.max(0, i));
      if ((inside === i || repeated) && weight(i)) found.push([inside, weight(i)]);
    }
    const sum = found.reduce((total, [, value]) => total + value, 0);
    return found.map(([i, value]) => [i, value / sum]);
  });
}

export const plane = (value) => ({ data: Float32Array.of(value), width: 1, height: 1, channels: 1 });

// A picture, or a plane of floats, at another size.
export function resized(picture, width, height, kernel) {
  if (width === picture.width && height === picture.height) return picture;
  const channels = picture.channels ?? 3, Made = picture.data.constructor;
  const across = taps(picture.width, width, kernel), down = taps(picture.height, height, kernel);
  const Kept = kernel === "lanczos" ? Uint8ClampedArray : Float32Array; // Pillow rounds between the two passes
  const row = width * channels, between = new Kept(picture.height * row), data = new Made(height * row);
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (const [i, weight] of across[x]) sum += weight * picture.data[channels * (y * picture.width + i) + c];
        between[y * row + x * channels + c] = sum;
      }
    }
  }
  for (let y = 0; y < height; y++) {
    for (let at = 0; at < row; at++) {
      let sum = 0;
      for (const [i, weight] of down[y]) sum += weight * between[i * row + at];
      data[y * row + at] = sum;
    }
  }
  return { ...picture, data, width, height };
}

// As Python rounds, so that sizes are the command line's.
export const halfToEven = (value) => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

// Two sides of the same proportions, the longer one at most so many pixels.
export function limitedTo(sides, longest) {
  const scale = Math.min(1, longest / Math.max(...sides));
  return sides.map((side) => Math.max(1, halfToEven(side * scale)));
}

export function limited(picture, longest) {
  const [width, height] = limitedTo([picture.width, picture.height], longest);
  return resized(picture, width, height, "lanczos");
}

export function styleSized(picture) {
  const short = Math.min(picture.width, picture.height);
  const scale = short >= SMALLEST_STYLE ? Math.min(1, STYLE_SIDE / short) : SMALLEST_STYLE / short;
  const side = (value) => Math.min(Math.max(SMALLEST_STYLE, Math.round(value * scale)), LONGEST_STYLE);
  return resized(picture, side(picture.width), side(picture.height), scale <= 1 ? "area" : "linear");
}

export function ofOneColor({ data }) {
  return data.every((value, i) => value === data[i % 3]);
}

function reflected(at, side) {
  if (side === 1) return 0;
  const period = 2 * (side - 1), inside = ((at % period) + period) % period;
  return inside < side ? inside : period - inside;
}

export function paintedSide(side, spec) {
  return Math.max(spec.smallest, Math.ceil(side / spec.multiple) * spec.multiple);
}

// The picture as the graph takes it: reflected to the sizes that it paints, with its border, as bytes or as planes.
export function asContent({ data, width, height }, spec, layout) {
  const border = spec.border;
  const wide = paintedSide(width, spec) + 2 * border, high = paintedSide(height, spec) + 2 * border;
  const columns = Array.from({ length: wide }, (_, x) => reflected(x - border, width));
  const bytes = layout === "bytes", content = new (bytes ? Uint8Array : Float32Array)(3 * wide * high);
  for (let y = 0; y < high; y++) {
    const row = 3 * reflected(y - border, height) * width;
    for (let x = 0; x < wide; x++) {
      for (let c = 0; c < 3; c++) {
        const value = data[row + 3 * columns[x] + c];
        if (bytes) content[3 * (y * wide + x) + c] = value;
        else content[(c * high + y) * wide + x] = value / 255;
      }
    }
  }
  return { content, dims: bytes ? [1, high, wide, 3] : [1, 3, high, wide] };
}

export function asPicture(values, dims, layout, { width, height }, spec) {
  const [high, wide] = layout === "bytes" ? [dims[1], dims[2]] : [dims[2], dims[3]];
  const top = Math.floor((high - paintedSide(height, spec)) / 2), left = Math.floor((wide - paintedSide(width, spec)) / 2);
  const data = new Uint8ClampedArray(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y + top) * wide + x + left;
      for (let c = 0; c < 3; c++) {
        data[3 * (y * width + x) + c] = layout === "bytes" ? values[3 * at + c] : values[c * high * wide + at] * 255;
      }
    }
  }
  return { data, width, height };
}

export function psnr(one, other) {
  const sum = one.reduce((total, value, i) => total + (value - other[i]) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (sum / one.length || 1e-9));
}
