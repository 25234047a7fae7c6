// Paints beside the page, so that the page never waits: opens the fastest provider that paints the check picture right.
import { Segmenter, everywhere, withPeople } from "./masks.js";
import { Painter } from "./painter.js";
import { decoded, encoded, limited, psnr } from "./pictures.js";

const CHECKED = 28; // decibels between the check picture and the one that the command line made of it
let painter, codes, granted, segmenter;

const fetched = async (name) => {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name} is missing (${response.status}): export the site again`);
  return response;
};

async function opened(site, provider) {
  const gpu = provider === "webgpu";
  const ort = await import(gpu ? "./ort/ort.webgpu.min.mjs" : "./ort/ort.wasm.min.mjs");
  const kind = gpu ? ".asyncify" : "";
  const base = new URL(`./ort/ort-wasm-simd-threaded${kind}`, import.meta.url).href;
  ort.env.wasm.wasmPaths = { mjs: `${base}.mjs`, wasm: `${base}.wasm` };
  ort.env.wasm.numThreads = gpu || !self.crossOriginIsolated ? 1 : Math.min(8, navigator.hardwareConcurrency);
  const adapter = gpu && (await navigator.gpu?.requestAdapter());
  if (gpu && !adapter) throw new Error("no adapter");
  const precision = !gpu ? "int8" : site.graphs.fp16 && adapter.features.has("shader-f16") ? "fp16" : "fp32";
  const graph = site.graphs[precision];
  if (!graph) throw new Error("the adapter has no shader-f16, which the graph needs");
  const session = await ort.InferenceSession.create(graph.file, { executionProviders: [provider] });
  const where = gpu ? "WebGPU" : `WebAssembly, ${ort.env.wasm.numThreads} thread${ort.env.wasm.numThreads > 1 ? "s" : ""}`;
  return [new Painter(ort, session, graph, site), `${site.technique} ${precision} on ${where}`];
}

async function check(candidate, site) {
  const bytes = new Uint8ClampedArray(await (await fetched(site.check.file)).arrayBuffer());
  const { width, height } = site.check, half = bytes.length / 2;
  const painted = await candidate.paint({ data: bytes.subarray(0, half), width, height }, [codes[0]], everywhere([1]));
  const found = psnr(painted.data, bytes.subarray(half));
  if (!(found >= CHECKED)) throw new Error(`it paints the check picture wrong (${found.toFixed(1)} dB)`);
  return found;
}

async function start() {
  const site = await (await fetched("site.json")).json();
  const values = new Float32Array(await (await fetched(site.codes)).arrayBuffer());
  const size = values.length / site.styles.length;
  codes = site.styles.map((_, k) => values.subarray(k * size, (k + 1) * size));
  const refused = [];
  for (const provider of navigator.gpu ? ["webgpu", "wasm"] : ["wasm"]) {
    try {
      const [candidate, where] = await opened(site, provider);
      const found = await check(candidate, site);
      [painter, granted] = [candidate, where];
      const told = refused.length ? `; ${refused.join("; ")}` : "";
      return { styles: site.styles, where: `on this device alone: ${where}, checked at ${found.toFixed(0)} dB${told}` };
    } catch (error) {
      refused.push(`${provider} refused: ${error.message}`);
    }
  }
  throw new Error(`nothing here can paint: ${refused.join("; ")}`);
}

async function people() {
  const { ort, site } = painter;
  segmenter ??= new Segmenter(ort, await ort.InferenceSession.create(site.segmenter.file, { executionProviders: ["wasm"] }), site.segmenter);
  return segmenter;
}

async function code(style) {
  if (style.picture) return painter.encode(await decoded(style.picture));
  return codes[style.index];
}

async function paint(job) {
  const begun = performance.now();
  const whole = await decoded(job.photo), photo = limited(whole, job.size);
  const total = job.weights.reduce((sum, weight) => sum + weight, 0);
  const chosen = [];
  for (const style of job.styles) chosen.push(await code(style));
  const strengths = job.weights.map((weight) => (job.strength * weight) / total);
  const found = job.people === null ? null : await (await people()).masks(photo);
  const own = job.peopleStyle && await code(job.peopleStyle);
  const where = found ? withPeople(found, chosen, strengths, job.people, own) : { codes: chosen, masks: everywhere(strengths) };
  const prepared = performance.now();
  const painted = await painter.paint(photo, where.codes, where.masks, job.keepColors);
  const took = performance.now() - prepared;
  const alpha = whole.alpha && photo.width === whole.width ? whole.alpha : null;
  const picture = await encoded(painted, alpha);
  const all = performance.now() - begun;
  return { picture, told: `${granted}, ${Math.round(took)} ms (${Math.round(all)} ms with files and styles)` };
}

self.onmessage = async ({ data: { id, job } }) => {
  try {
    self.postMessage({ id, result: await (job ? paint(job) : start()) });
  } catch (error) {
    self.postMessage({ id, error: error.message });
  }
};
