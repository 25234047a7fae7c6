// One transfer graph and its style encoder in onnxruntime-web, with the palette's maps around the network.
import { keepColors } from "./color.js";
import { MOST_AFTER, MOST_BEFORE, amountsOf, between, mixturesOf, palettesUnder, recolored, sharesOf, toned, transport } from "./palette.js";
import { asContent, asPicture, ofOneColor, paintedSide, resized, styleSized } from "./pictures.js";

const FADED_BELOW = 0.2; // strength below which a painting fades into the photo

export class Painter {
  constructor(ort, session, graph, site) {
    Object.assign(this, { ort, session, graph, spec: site.spec, site });
  }

  async network(picture, codes, strengths) {
    const { Tensor } = this.ort, { spec, graph } = this;
    const { content, dims } = asContent(picture, spec, graph.layout);
    const rows = paintedSide(picture.height, spec) / spec.cell, columns = paintedSide(picture.width, spec) / spec.cell;
    const masks = new Float32Array(strengths.length * rows * columns);
    strengths.forEach((mask, k) => masks.set(resized(mask, columns, rows, "linear").data, k * rows * columns));
    const values = new Float32Array(codes.length * spec.code_size);
    codes.forEach((code, k) => values.set(code.subarray(0, spec.code_size), k * spec.code_size));
    const feed = {
      content: new Tensor(graph.layout === "bytes" ? "uint8" : "float32", content, dims),
      codes: new Tensor("float32", values, [codes.length, spec.code_size]),
      masks: new Tensor("float32", masks, [strengths.length, 1, rows, columns]),
      frozen: new Tensor("float32", new Float32Array(graph.frozen), [1, graph.frozen]),
      freeze: new Tensor("float32", new Float32Array(1), [1]),
    };
    const { painted } = await this.session.run(feed);
    return asPicture(await painted.getData(), painted.dims, graph.layout, picture, spec);
  }

  // Strengths are planes, one for each style: where and how strongly it applies; in sum the strength of all.
  async paint(photo, codes, strengths, keep = false) {
    const picture = { data: photo.data, width: photo.width, height: photo.height };
    if (strengths.every(({ data }) => data.every((value) => value === 0))) return picture;
    const painted = await (this.spec.palette ? this.mapped(picture, codes, strengths) : this.network(picture, codes, strengths));
    const whole = faded(picture, painted, strengths);
    return keep ? faded(picture, keepColors(whole, picture), strengths) : whole;
  }

  async mapped(photo, codes, strengths) {
    const amounts = amountsOf(strengths), mixtures = mixturesOf(amounts);
    const styles = codes.map((code) => [...code.subarray(this.spec.code_size)]);
    const own = palettesUnder(photo, amounts);
    const before = styles.map((style, k) => transport(own[k], toned(style, own[k]), MOST_BEFORE));
    const painted = await this.network(recolored(photo, before, amounts), codes, strengths);
    const have = palettesUnder(painted, amounts);
    const within = (k) => styles.map((style) => toned(style, own[k]));
    const after = styles.map((_, k) => transport(have[k], between(own[k], within(k), mixtures[k]), MOST_AFTER));
    return recolored(painted, after, sharesOf(amounts));
  }

  async encode(picture) {
    if (ofOneColor(picture)) throw new Error("the painting is all of one colour; a style needs texture: give another");
    this.encoder ??= await this.ort.InferenceSession.create(this.site.encoder, { executionProviders: ["wasm"] });
    const sized = styleSized(picture);
    const plain = { multiple: 1, smallest: 1, border: 0 };
    const { content, dims } = asContent(sized, plain, "planes");
    const { code } = await this.encoder.run({ style: new this.ort.Tensor("float32", content, dims) });
    return Float32Array.from(await code.getData());
  }
}

// The painted picture, faded into the photo where the strength is small, so that at strength 0 it is the photo.
function faded(photo, painted, strengths) {
  const shares = strengths[0].data.map((_, i) =>
    Math.min(1, Math.max(0, strengths.reduce((sum, { data }) => sum + data[i], 0) / FADED_BELOW)));
  if (shares.every((share) => share === 1)) return painted;
  const stretched = resized({ ...strengths[0], data: shares }, photo.width, photo.height, "linear").data;
  const data = painted.data.map((value, i) => {
    const share = stretched[Math.floor(i / 3)];
    return share * value + (1 - share) * photo.data[i];
  });
  return { ...painted, data };
}
