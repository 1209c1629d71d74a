// Keeps tests on this machine: a dial to any other address, or a look-up of any other name, fails at once and fails the whole
// run. Loaded by mocha (.mocharc.json), and through NODE_OPTIONS by every Node process that tests start.
import dgram from "node:dgram";
import dns from "node:dns";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The file in which processes record what was refused; the process that runs mocha sets it for its children. */
const LOG_VARIABLE = "KEYLESS_CSI_TEST_DIALS";

const isChild = process.env[LOG_VARIABLE] !== undefined;
const log = process.env[LOG_VARIABLE] ?? join(mkdtempSync(join(tmpdir(), "keyless-csi-dials-")), "refused");

if (!isChild) {
  process.env[LOG_VARIABLE] = log;
  process.env["NODE_OPTIONS"] = `${process.env["NODE_OPTIONS"] ?? ""} --import ${import.meta.url}`.trim();
}

export const mochaHooks = {
  afterAll(): void {
    const refused = existsSync(log) ? readFileSync(log, "utf8") : "";
    if (!isChild) rmSync(dirname(log), { recursive: true, force: true });
    if (refused !== "") throw new Error(`tests left this machine: ${refused.trim().replaceAll("\n", "; ")}`);
  },
};

function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, "");
  if (net.isIP(host) !== 0) return plain.startsWith("127.") || plain === "::1" || plain === "0:0:0:0:0:0:0:1";
  return plain === "localhost" || plain.endsWith(".localhost");
}

/** Records a refusal and answers its error. */
function refuse(what: string): Error {
  appendFileSync(log, `${what} (process ${process.pid}: ${process.argv.slice(1, 4).join(" ")})\n`);
  return new Error(`${what}: tests may dial loopback addresses only`);
}

type Anything = (...args: unknown[]) => unknown;
interface Target {
  readonly host?: string;
  readonly path?: string;
  lookup?: Anything;
}

/** The arguments of Socket.connect: options, (port, host), a path, or any of these already in an array. */
function toTarget(args: readonly unknown[]): Target {
  const [first, second] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  if (typeof first === "object" && first !== null) return first;
  if (typeof first === "string" && Number.isNaN(Number(first))) return { path: first };
  return typeof second === "string" ? { host: second } : {};
}

const connect = net.Socket.prototype.connect as Anything;
net.Socket.prototype.connect = function guarded(this: net.Socket, ...args: unknown[]) {
  const target = toTarget(args);
  const host = target.host ?? "localhost";
  if (target.path || isLoopback(host)) return connect.apply(this, args);
  const ownLookup = target.lookup;
  // Tests that connect by name pass a lookup of their own: what counts then is the address that it finds.
  if (net.isIP(host) === 0 && ownLookup !== undefined && ownLookup !== dns.lookup) {
    target.lookup = guardLookup(ownLookup, host);
    return connect.apply(this, args);
  }
  const error = refuse(`dialled ${host}`);
  process.nextTick(() => this.destroy(error));
  return this;
} as typeof net.Socket.prototype.connect;

function guardLookup(lookup: Anything, host: string): Anything {
  return (name, options, done) =>
    lookup(name, options, (error: unknown, found: unknown, ...rest: unknown[]) => {
      const answer = done as Anything;
      const addresses = Array.isArray(found) ? found.map((each: { address: string }) => each.address) : [String(found)];
      const foreign = error ? undefined : addresses.find((address) => !isLoopback(address));
      if (foreign !== undefined) answer(refuse(`dialled ${host} at ${foreign}`));
      else answer(error, found, ...rest);
    });
}

/** Replaces the look-ups of one dns object. A loopback name or address passes. */
function guardDns(owner: object, isPromise: boolean): void {
  const functions = owner as Record<string, Anything>;
  for (const name of Object.keys(dns).filter((each) => /^(lookup|resolve|reverse)/.test(each))) {
    const real = functions[name];
    if (typeof real !== "function") continue;
    functions[name] = function guarded(this: unknown, ...args: unknown[]) {
      const host = typeof args[0] === "string" ? args[0] : "";
      if (host === "" || isLoopback(host)) return real.apply(this, args);
      const error = refuse(`looked up ${host}`);
      if (isPromise) return Promise.reject(error);
      process.nextTick(() => (args.at(-1) as Anything)(error));
      return undefined;
    };
  }
}

guardDns(dns, false);
guardDns(dns.promises, true);
guardDns(dns.Resolver.prototype, false);
guardDns(dns.promises.Resolver.prototype, true);

const send = dgram.Socket.prototype.send as Anything;
dgram.Socket.prototype.send = function guarded(this: dgram.Socket, ...args: unknown[]) {
  const host = args.slice(1).find((each) => typeof each === "string") ?? "localhost";
  if (!isLoopback(host as string)) throw refuse(`sent a datagram to ${host}`);
  return send.apply(this, args);
} as typeof dgram.Socket.prototype.send;

syncBuiltinESMExports();
