// Whether the form would open without a network, told only once it truly would.

const line = document.querySelector("[data-ready]");
const updateButton = document.querySelector("[data-update]");

function show(state, text) {
  line.dataset.ready = state;
  line.textContent = text;
}

/** Ask the worker whether everything it promises to keep is in its cache. */
function isComplete(worker) {
  return new Promise((resolve) => {
    const answer = new MessageChannel();
    answer.port1.onmessage = (event) => resolve(event.data.isComplete === true);
    worker.postMessage({ kind: "is-complete" }, [answer.port2]);
    window.setTimeout(() => resolve(false), 10_000);
  });
}

async function tell(say, registration) {
  const worker = registration.active;
  if (!worker) return show("loading", say("ready_loading"));
  const isReady = await isComplete(worker);
  return show(isReady ? "yes" : "no", say(isReady ? "ready" : "ready_failed"));
}

export async function watchReadiness({ say, swUrl }) {
  if (!window.isSecureContext || !navigator.serviceWorker) {
    show("no", say("ready_insecure"));
    return;
  }
  show("loading", say("ready_loading"));
  try {
    const registration = await navigator.serviceWorker.register(swUrl);
    const offer = () => {
      updateButton.hidden = !registration.waiting || !navigator.serviceWorker.controller;
    };
    const watch = (worker) =>
      worker?.addEventListener("statechange", () => {
        offer();
        if (worker.state === "activated") tell(say, registration);
        if (worker.state === "redundant" && !registration.active)
          show("no", say("ready_failed"));
      });
    watch(registration.installing);
    registration.addEventListener("updatefound", () => watch(registration.installing));
    updateButton.addEventListener("click", () =>
      registration.waiting?.postMessage({ kind: "activate" }),
    );
    let isReloading = false;
    const hadController = Boolean(navigator.serviceWorker.controller);
    navigator.serviceWorker.addEventListener("controllerchange", () => {
      // The first worker takes over silently; a new version brings a new page.
      if (hadController && !isReloading) {
        isReloading = true;
        window.location.reload();
      }
    });
    offer();
    await tell(say, registration);
  } catch {
    show("no", say("ready_failed"));
  }
}
