// Libraries that are no modules, loaded when something first needs them.

const loading = new Map();

/** Run the script at `address` once; the promise fails when it cannot be had. */
export function loadScript(address) {
  if (!loading.has(address)) {
    const done = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.addEventListener("load", resolve);
      script.addEventListener("error", () => {
        script.remove();
        loading.delete(address);
        reject(new Error(`${address} could not be loaded`));
      });
      document.head.append(script);
    });
    loading.set(address, done);
  }
  return loading.get(address);
}
