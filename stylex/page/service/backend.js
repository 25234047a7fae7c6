// The backend that asks the service which this page comes from.
async function refusal(response) {
  try {
    return (await response.json()).message;
  } catch {
    return `the service answered ${response.status}: try again`;
  }
}

function formOf(job, { technique, longest }) {
  const form = new FormData();
  form.append("technique", technique);
  form.append("photo", job.photo, "photo");
  const named = job.styles.map((style, i) => [style, job.weights[i]]);
  named.sort(([one], [other]) => Number("picture" in one) - Number("picture" in other)); // names stand first
  for (const [style, weight] of named) {
    if (style.picture) form.append("style_picture", style.picture, "painting");
    else form.append("style", style.name);
    form.append("weight", weight);
  }
  form.append("strength", job.strength);
  form.append("size", Math.min(job.size, longest));
  form.append("keep_colors", job.keepColors);
  if (job.people !== null) form.append("people", job.people);
  if (job.peopleStyle) form.append("people_style", job.peopleStyle.name);
  form.append("encoding", "png");
  return form;
}

async function paint(job, served, signal) {
  const response = await fetch("v1/paint", { method: "POST", body: formOf(job, served), signal });
  if (!response.ok) throw new Error(await refusal(response));
  const milliseconds = /dur=([\d.]+)/.exec(response.headers.get("server-timing") ?? "")?.[1];
  const told = `${response.headers.get("x-stylex-ran")}, ${Math.round(milliseconds)} ms`;
  return { picture: await response.blob(), told };
}

export async function open() {
  const response = await fetch("v1/styles");
  if (!response.ok) throw new Error(await refusal(response));
  const served = (await response.json()).find((one) => one.pictures && one.styles.length);
  if (!served) throw new Error("this service has no technique for arbitrary styles: start it with --technique adain");
  return {
    styles: served.styles,
    people: served.people,
    where: `painted by ${location.host}, with ${served.technique}`,
    paint: (job, signal) => paint(job, served, signal),
  };
}
