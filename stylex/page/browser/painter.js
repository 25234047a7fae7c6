// One transfer graph and its style encoder in onnxruntime-web, with the palette's maps around the network.
import { keepColors } from "./color.js";
import { MOST_AFTER, MOST_BEFORE, between, paletteOf, recolored, transport } from "./palette.js";
import { asContent, asPicture, ofOneColor, paintedSide, styleSized } from "./pictures.js";

export class Painter {
  constructor(ort, session, graph, site) {
    Object.assign(this, { ort, session, graph, spec: site.spec, site });
  }

  async network(picture, codes, amounts) {
    const { Tensor } = this.ort, { spec, graph } = this;
    const { content, dims } = asContent(picture, spec, graph.layout);
    const rows = paintedSide(picture.height, spec) / spec.cell, columns = paintedSide(picture.width, spec) / spec.cell;
    const masks = new Float32Array(amounts.length * rows * columns);
    amounts.forEach((amount, k) => masks.fill(amount, k * rows * columns, (k + 1) * rows * columns));
    const values = new Float32Array(codes.length * spec.code_size);
    codes.forEach((code, k) => values.set(code.subarray(0, spec.code_size), k * spec.code_size));
    const feed = {
      content: new Tensor(graph.layout === "bytes" ? "uint8" : "float32", content, dims),
      codes: new Tensor("float32", values, [codes.length, spec.code_size]),
      masks: new Tensor("float32", masks, [amounts.length, 1, rows, columns]),
      frozen: new Tensor("float32", new Float32Array(graph.frozen), [1, graph.frozen]),
      freeze: new Tensor("float32", new Float32Array(1), [1]),
    };
    const { painted } = await this.session.run(feed);
    return asPicture(await painted.getData(), painted.dims, graph.layout, picture, spec);
  }

  // Strengths are those of each style, in sum the strength of all.
  async paint(photo, codes, strengths, keep = false) {
    const picture = { data: photo.data, width: photo.width, height: photo.height };
    if (strengths.every((strength) => strength === 0)) return picture;
    const painted = await (this.spec.palette ? this.mapped(picture, codes, strengths) : this.network(picture, codes, strengths));
    return keep ? keepColors(painted, picture) : painted;
  }

  async mapped(photo, codes, strengths) {
    const most = Math.max(1, strengths.reduce((sum, one) => sum + one, 0));
    const amounts = strengths.map((strength) => strength / most);
    const styles = codes.map((code) => [...code.subarray(this.spec.code_size)]);
    const own = paletteOf(photo);
    const before = styles.map((style) => transport(own, style, MOST_BEFORE));
    const painted = await this.network(recolored(photo, before, amounts), codes, strengths);
    const have = paletteOf(painted), wanted = between(own, styles, amounts);
    const after = styles.map(() => transport(have, wanted, MOST_AFTER));
    return recolored(painted, after, amounts);
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
