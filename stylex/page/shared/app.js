// The page: what the user chose, painted by the backend whenever it changes.
import { open } from "./backend.js";
import { Camera } from "./camera.js";

const at = (id) => document.getElementById(id);
const OWN = "your painting";
const PAUSE = 120; // milliseconds without a change before it is painted

let backend, photo, painting, timer, running, turn, again = false;

function tell(text, wrong = false) {
  at("status").textContent = text;
  at("status").classList.toggle("wrong", wrong);
}

function job(picture) {
  const named = (name) => (name === OWN ? { picture: painting } : { name });
  const second = at("second").value, share = second ? Number(at("mix").value) : 0;
  const parts = [[named(at("style").value), 1 - share], [second && named(second), share]].filter(([, weight]) => weight > 0);
  return {
    photo: picture,
    styles: parts.map(([style]) => style),
    weights: parts.map(([, weight]) => weight),
    strength: Number(at("strength").value),
    keepColors: at("keep").checked,
    size: Number(at("size").value),
    ...people(),
  };
}

// The share of the strength that people are painted with, null where they are like everything else, and their own style.
function people() {
  const chosen = at("region").hidden ? "" : at("people").value;
  if (chosen === "own") return { people: 1, peopleStyle: { name: at("people-style").value } };
  return { people: chosen === "" ? null : Number(chosen), peopleStyle: null };
}

function show(image, blob) {
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
}

function showPainted({ picture, told }) {
  show(at("after"), picture);
  at("download").href = at("after").src;
  at("download").download = `painted.${picture.type.split("/")[1]}`;
  at("download").removeAttribute("aria-disabled");
  tell(told);
}

// Paints once at a time; what changes meanwhile is painted next. What is out of date is given up, but not for a frame of
// the camera, or none would ever be finished.
function paint(giveUp = true) {
  if (!photo || !backend) return undefined;
  if (!running) {
    turn = paintAll();
    return turn;
  }
  again = true;
  if (giveUp) running.abort();
  return turn;
}

async function paintAll() {
  do {
    again = false;
    running = new AbortController();
    tell("painting");
    try {
      showPainted(await backend.paint(job(photo), running.signal));
    } catch (error) {
      if (error.name !== "AbortError") tell(error.message, true);
    }
  } while (again);
  running = undefined;
}

function changed() {
  for (const shown of document.querySelectorAll(".value")) { // no <output>: a label would be its, not the slider's
    shown.textContent = `${Math.round(at(shown.dataset.of).value * 100)} %`;
  }
  at("mixed").hidden = !at("second").value;
  at("theirs").hidden = at("people").value !== "own";
  clearTimeout(timer);
  timer = setTimeout(() => paint(), PAUSE);
}

function showPhoto(file) {
  photo = file;
  show(at("before"), file);
  at("after").removeAttribute("src");
  at("compared").hidden = at("divided").hidden = false;
  at("drop").classList.add("small");
}

function choosePhoto(file) {
  if (!file) return;
  showPhoto(file);
  paint();
}

function choosePainting(file) {
  if (!file) return;
  painting = file;
  for (const select of [at("style"), at("second")]) {
    if (![...select.options].some((one) => one.value === OWN)) select.add(new Option(OWN, OWN));
  }
  at("style").value = OWN;
  changed();
}

function takeDrops(target, choose) {
  for (const kind of ["dragover", "dragleave", "drop"]) {
    target.addEventListener(kind, (event) => {
      event.preventDefault();
      target.classList.toggle("over", kind === "dragover");
      if (kind === "drop") choose(event.dataTransfer.files[0]);
    });
  }
}

function divide() {
  const value = at("divider").value;
  at("compared").style.setProperty("--cut", `${value}%`);
  at("divider").setAttribute("aria-valuetext", `${value} % photo, ${100 - value} % painting`);
}

async function toggleCamera(camera) {
  at("camera").disabled = true; // until the browser has asked
  try {
    await camera.toggle();
  } catch (error) {
    tell(`the camera can't be used (${error.message}): allow it for this page, or choose a photo`, true);
  }
  at("camera").disabled = false;
  at("camera").setAttribute("aria-pressed", String(camera.on));
}

async function start() {
  takeDrops(at("stage"), choosePhoto);
  takeDrops(at("controls"), choosePainting);
  for (const kind of ["dragover", "drop"]) { // beside both, or the browser would open the file
    document.addEventListener(kind, (event) => event.preventDefault());
  }
  at("photo").addEventListener("change", (event) => choosePhoto(event.target.files[0]));
  at("painting").addEventListener("change", (event) => choosePainting(event.target.files[0]));
  at("controls").addEventListener("input", changed);
  at("controls").addEventListener("submit", (event) => event.preventDefault());
  at("divider").addEventListener("input", divide);
  changed();
  const camera = new Camera(async (frame) => {
    if (!photo) showPhoto(frame);
    photo = frame;
    show(at("before"), frame);
    await paint(false);
  });
  at("camera").addEventListener("click", () => toggleCamera(camera));
  try {
    backend = await open(tell);
  } catch (error) {
    at("where").textContent = "not ready";
    tell(error.message, true);
    return;
  }
  at("where").textContent = backend.where;
  at("region").hidden = !backend.people;
  const options = () => backend.styles.map(({ name, work }) => Object.assign(new Option(name, name), { title: work }));
  at("style").append(...options());
  at("second").append(new Option("none", ""), ...options());
  at("people-style").append(...options());
  at("style").disabled = at("second").disabled = false;
  if (!photo) tell("choose a photo");
  document.body.dataset.ready = "yes";
  await paint();
}

start();
