// The backend that paints in this browser: a worker with the graphs, and files that stay for the next visit.
const calls = new Map();
let worker, count = 0;

function call(job) {
  return new Promise((done, failed) => {
    calls.set(++count, { done, failed });
    worker.postMessage({ id: count, job });
  });
}

export async function open(tell) {
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register("offline.js").catch((error) => tell(`not kept for offline use: ${error.message}`));
  }
  tell("loading the network");
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data: { id, result, error } }) => {
    const { done, failed } = calls.get(id);
    calls.delete(id);
    if (error === undefined) done(result);
    else failed(new Error(error));
  };
  worker.onerror = (event) => calls.forEach(({ failed }) => failed(new Error(event.message || "the worker didn't start")));
  const { styles, where } = await call();
  const index = new Map(styles.map(({ name }, i) => [name, i]));
  const known = (style) => (style.picture ? style : { index: index.get(style.name) });
  const paint = (job) => call({ ...job, styles: job.styles.map(known), peopleStyle: job.peopleStyle && known(job.peopleStyle) });
  return { styles, where, people: true, paint };
}
