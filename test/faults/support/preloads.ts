// Modules that a service loads before its own code (`node --import`), so that a test can disturb it from inside. The signal is
// SIGUSR2.

/** Moves the process' clock forwards at the first signal, back at the next, and so on. */
export function clockOnSignal(milliseconds: number): string {
  const source = `const real = Date.now.bind(Date);
    const RealDate = Date;
    let offset = 0;
    globalThis.Date = class extends RealDate {
      constructor(...args) { if (args.length === 0) super(real() + offset); else super(...args); }
      static now() { return real() + offset; }
    };
    process.on("SIGUSR2", () => { offset = offset === 0 ? ${milliseconds} : 0; });`;
  return toModule(source);
}

/** Makes every name look-up wait from one signal to the next; connections are not kept open. */
export function stallLookupsOnSignal(): string {
  const source = `import dns from "node:dns";
    import { Agent } from "node:https";
    const lookup = dns.lookup;
    let waiting;
    dns.lookup = (...args) => {
      if (waiting === undefined) return lookup(...args);
      waiting.push(args);
    };
    Agent.prototype.keepSocketAlive = () => false;
    process.on("SIGUSR2", () => {
      const held = waiting ?? [];
      waiting = waiting === undefined ? [] : undefined;
      for (const args of held) lookup(...args);
      process.stderr.write("look-ups " + (waiting === undefined ? "go on" : "wait") + "\\n");
    });`;
  return toModule(source);
}

/** Makes the wall clock and the monotonic clock run faster, but not timers, and collects garbage once a second. */
export function fastClock(speed: number): string {
  const source = `const RealDate = Date;
    const began = RealDate.now();
    const fast = () => began + (RealDate.now() - began) * ${speed};
    globalThis.Date = class extends RealDate {
      constructor(...args) { if (args.length === 0) super(fast()); else super(...args); }
      static now() { return fast(); }
    };
    const steady = performance.now.bind(performance);
    performance.now = () => steady() * ${speed};
    setInterval(() => globalThis.gc?.(), 1000).unref();`;
  return toModule(source);
}

/** Throws an error with `text` in its message and in its cause, at the signal. */
export function crashOnSignal(text: string): string {
  const source = `process.on("SIGUSR2", () => {
    const error = new Error(${JSON.stringify(text)}, { cause: Object.assign(new Error(${JSON.stringify(text)}), { request: { headers: { authorization: ${JSON.stringify(text)} } } }) });
    setImmediate(() => { throw error; });
  });`;
  return toModule(source);
}

function toModule(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
