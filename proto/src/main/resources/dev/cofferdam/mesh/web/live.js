// Fetches a live page's content again while somebody looks at it. A button pauses it; it also waits while the
// focus is in the content, so that nothing moves under the reader's hands.
"use strict";
const content = document.getElementById("live");
const everyMs = Number(content.dataset.everyMs);
const button = document.createElement("button");
const state = document.createElement("span");
let paused = false;
let failures = 0;

button.type = "button";
button.id = "pause";
state.setAttribute("role", "status");
content.before(button, " ", state);

function show() {
  button.textContent = paused ? "Go on" : "Pause";
  state.textContent = paused ? "Paused." : failures > 2 ? "No answer; what is shown is old." : "Live.";
}

button.addEventListener("click", () => {
  paused = !paused;
  show();
});

async function refresh() {
  if (paused || document.hidden || content.contains(document.activeElement)) {
    return;
  }
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(everyMs * 5) });
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    if (!answer.ok || next === null) {
      throw new Error("no page");
    }
    if (!paused) {
      content.replaceChildren(...next.childNodes);
    }
    failures = 0;
  } catch {
    failures++;
  }
  show();
}

async function run() {
  await refresh();
  setTimeout(run, everyMs);
}

show();
setTimeout(run, everyMs);
