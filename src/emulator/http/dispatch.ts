/** What happens to every call: its service is found, a scripted fault may be applied, and it is logged. */
import { setTimeout as sleep } from "node:timers/promises";
import type { CallLog } from "../call-log.ts";
import { toLogEntry } from "../call-log.ts";
import type { Clock } from "../clock.ts";
import type { Faults } from "../faults/faults.ts";
import { applyFault, type Outcome } from "../faults/outcome.ts";
import { type Call, OPERATION_HEADER, type Reply } from "./call.ts";
import type { RoutedCall } from "./router.ts";

interface DispatchContext {
  route(call: Call): RoutedCall;
  readonly faults: Faults;
  readonly calls: CallLog;
  readonly clock: Clock;
  /** Milliseconds that the next answer takes on its way. */
  readonly nextLatency: () => number;
}

/** Services that stand in for nothing of Azure's, and answer at once. */
const LOCAL_SERVICES: readonly string[] = ["admin", "issuer"];

/** Handles one call; `gone` resolves when the client has closed the connection. */
export type Dispatch = (call: Call, gone: Promise<void>) => Promise<Outcome>;

/** Creates the dispatcher. Admin calls are neither faulted nor logged. */
export function createDispatch(context: DispatchContext): Dispatch {
  const { faults, calls, clock } = context;
  return async (call, gone) => {
    const startedAt = performance.now();
    let isGone = false;
    void gone.then(() => {
      isGone = true;
    });
    const route = context.route(call);
    const runSafely = () => route.run().catch((error: unknown) => bugReply(error, isGone, calls));
    if (route.service === "admin") return { kind: "reply", reply: await runSafely() };
    let operation = route.operation;
    const run = async () => {
      const named = takeOperation(await runSafely());
      operation = named.operation ?? operation;
      return named.reply;
    };
    const action = faults.take(call, route.service, route.operation);
    const outcome: Outcome =
      action === undefined
        ? { kind: "reply", reply: await run() }
        : await applyFault(action, { call, service: route.service, run, gone, cleared: faults.cleared() });
    const latencyMs = LOCAL_SERVICES.includes(route.service) ? 0 : context.nextLatency();
    if (latencyMs > 0) await Promise.race([sleep(latencyMs), gone]);
    const status = outcome.kind === "reset" || isGone ? 0 : outcome.reply.status;
    const fault = action === undefined ? undefined : Object.keys(action)[0];
    const entry = { service: route.service, operation: operation ?? call.method, status, startedAt, fault };
    calls.record(toLogEntry(call, clock, { ...entry, retryAfter: retryAfterOf(outcome) }));
    return outcome;
  };
}

function retryAfterOf(outcome: Outcome): unknown {
  return outcome.kind === "reset" ? undefined : outcome.reply.headers?.["retry-after"];
}

/**
 * A throw is a bug in the emulator: the answer says so, and where. Unless the client has
 * disconnected in the middle of its request, which makes reading the body throw.
 */
function bugReply(error: unknown, isGone: boolean, calls: CallLog): Reply {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (!isGone) calls.alarm(`fault in the emulator: ${detail}`);
  return { status: 500, body: { error: { code: "EmulatorFault", message: `fault in the emulator: ${detail}` } } };
}

function takeOperation(reply: Reply): { reply: Reply; operation: string | undefined } {
  const { [OPERATION_HEADER]: named, ...headers } = reply.headers ?? {};
  return { reply: { ...reply, headers }, operation: typeof named === "string" ? named : undefined };
}
