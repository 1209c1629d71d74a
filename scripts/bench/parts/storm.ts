// The throttle storm: 500 creations and 500 deletions at once through ARM, with Azure's times and every documented limit
// enforced. What must be shown: all are served, no call comes before a Retry-After is over, and little time is lost.
import { join } from "node:path";
import { classFor } from "../classes.ts";
import { type Context, flagsFor } from "../context.ts";
import { type EmulatorProcess, startEmulatorProcess } from "../emulator.ts";
import type { LoadResult } from "../load/load.ts";
import { startLoader } from "../load/process.ts";
import type { PartReport, Row } from "../report.ts";
import { allowedSeconds, countTooEarly } from "../request-limits.ts";
import { startProduct } from "../subjects.ts";

const WAY = { name: "arm", containerApi: "arm", grantScope: "container", hasKubernetes: false } as const;
const LIMITED = [
  "--realistic",
  "--account-creation-seconds=1",
  "--propagation-seconds=0",
  "--call-milliseconds=50/500",
];

export async function measureStorm(context: Context): Promise<PartReport> {
  const volumes = context.isShort ? 150 : 500;
  const { folder } = context.environment;
  const state = ["--state", join(folder, "storm-state.json")];
  context.say(`throttle storm: ${volumes} volumes to delete are created first, without limits`);
  const before = await withProduct(context, state, (azure, create) => create("old", volumes, azure));
  context.say(`throttle storm: ${volumes} creations and ${volumes} deletions at once`);
  const rows = await withProduct(context, [...state, ...LIMITED], async (azure, create, remove) => {
    // The account is known before, as in a cluster that has volumes.
    await create("warm", 1, azure);
    await azure.admin.clearCalls();
    const [created, deleted] = await Promise.all([create("new", volumes, azure), remove(before.ids)]);
    return toRows(created, deleted, (await azure.admin.calls()).calls);
  });
  return {
    key: "storm",
    title: `Throttle storm: ${volumes} creations and ${volumes} deletions at once`,
    rows,
    notes: NOTES,
  };
}

const NOTES = [
  "All calls go through ARM, a role assignment for each container. What the limits allow follows from the calls that were admitted.",
];

type Create = (prefix: string, volumes: number, azure: EmulatorProcess) => Promise<LoadResult>;
type Remove = (ids: readonly string[]) => Promise<LoadResult>;

async function withProduct<T>(
  context: Context,
  emulatorFlags: readonly string[],
  work: (azure: EmulatorProcess, create: Create, remove: Remove) => Promise<T>,
): Promise<T> {
  const azure = await startEmulatorProcess(context.environment.folder, emulatorFlags);
  const product = await startProduct(context.environment, {
    cloudFile: azure.readyFile,
    flags: flagsFor(context, WAY),
  });
  const deleting = startLoader(product.socketPath);
  try {
    const create: Create = async (prefix, volumes) => {
      const shape = await classFor(WAY.grantScope, azure.clientId);
      return served(await product.loader.run({ ...shape, kind: "create", prefix, volumes, inFlight: volumes }));
    };
    const remove: Remove = async (ids) => {
      const shape = await classFor(WAY.grantScope, azure.clientId);
      const load = { kind: "delete", prefix: "old", volumes: ids.length, inFlight: ids.length, ids } as const;
      return served(await deleting.run({ ...shape, ...load }));
    };
    return await work(azure, create, remove);
  } finally {
    await deleting.stop();
    await product.stop();
    await azure.stop();
  }
}

function served(result: LoadResult): LoadResult {
  if (result.failed > 0) throw new Error(`${result.failed} of ${result.volumes} failed: ${result.failure}`);
  return result;
}

type Calls = Awaited<ReturnType<EmulatorProcess["admin"]["calls"]>>["calls"];

function toRows(created: LoadResult, deleted: LoadResult, calls: Calls): readonly Row[] {
  const toArm = calls.filter(({ path }) => path.toLowerCase().startsWith("/subscriptions/"));
  const refused = toArm.filter(({ status }) => status === 429);
  const seconds = Math.max(created.seconds, deleted.seconds);
  const allowed = allowedSeconds(toArm.filter(({ status }) => status !== 429));
  const sentAgain = (result: LoadResult) => Object.values(result.retries).reduce((sum, count) => sum + count, 0);
  const row = (name: string, unit: string, value: number, more: Partial<Row> = {}): Row => {
    return { name, unit, value, references: [], ...more };
  };
  return [
    row("all served after", "s", seconds, {
      references: [
        { name: "creations", value: created.seconds },
        { name: "deletions", value: deleted.seconds },
      ],
    }),
    row("time over what the limits allow", "", seconds / allowed, {
      references: [{ name: "limits allow, in s", value: allowed }],
      bound: { atMost: 1.2 },
    }),
    row("calls that came before a Retry-After was over", "", countTooEarly(toArm), { bound: { atMost: 0 } }),
    row("calls that were refused (429)", "", refused.length, { references: [{ name: "of", value: toArm.length }] }),
    row("RPCs sent again, creations", "", sentAgain(created)),
    row("RPCs sent again, deletions", "", sentAgain(deleted)),
  ];
}
