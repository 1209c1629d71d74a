// Inspects an emulator in another process: what its Azure holds and which calls it received, over its admin endpoint with the
// secret of the ready file.
import { readFile } from "node:fs/promises";
import { request } from "node:https";

/** What `emulator --ready-file` writes, as far as tests look at it. */
export interface ReadyFile {
  readonly armEndpoint: string;
  readonly authorityHost: string;
  readonly blobEndpoint: string;
  readonly adminEndpoint: string;
  readonly adminSecret: string;
  readonly caFile: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly identities: readonly WorkloadIdentity[];
  /** Its identity, and a file with its ServiceAccount token that is kept fresh. */
  readonly controller: { readonly clientId: string; readonly tokenFile: string };
  /** Has every right on resources, and none on data. */
  readonly administrator: { readonly clientId: string; readonly clientSecret: string };
}

export interface WorkloadIdentity {
  readonly name: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly resourceId: string;
}

export interface HeldAccount {
  readonly id: string;
  readonly name: string;
  readonly tags: Record<string, string>;
  readonly properties: Record<string, unknown>;
}

export interface HeldContainer {
  readonly account: string;
  readonly name: string;
  readonly metadata: Record<string, string>;
}

export interface HeldRoleAssignment {
  readonly name: string;
  readonly scope: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly roleDefinitionName: string;
  readonly description?: string;
}

/** What Azure holds now, without deletions that are still propagating. */
export interface HeldState {
  readonly accounts: readonly HeldAccount[];
  readonly containers: readonly HeldContainer[];
  readonly roleAssignments: readonly HeldRoleAssignment[];
}

export interface LoggedCall {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** When it came. */
  readonly time: string;
  readonly milliseconds: number;
  /** Of a refusal for the rate of requests. */
  readonly retryAfterSeconds?: number;
}

export interface CallReport {
  readonly total: number;
  readonly counts: Record<string, number>;
  readonly alarms: readonly string[];
  readonly calls: readonly LoggedCall[];
}

export interface EmulatorAdmin {
  state(): Promise<HeldState>;
  calls(): Promise<CallReport>;
  clearCalls(): Promise<void>;
  /** Advances the emulator's clock. */
  advance(seconds: number): Promise<void>;
}

/** `ready` is the parsed ready file of a running emulator. */
export async function connectAdmin(ready: ReadyFile): Promise<EmulatorAdmin> {
  const ca = await readFile(ready.caFile, "utf8");
  const ask = (method: string, path: string, body?: object) => askAdmin(ready, ca, { method, path, body });
  return {
    state: async () => {
      const world = (await ask("GET", "state")) as Record<string, Record<string, never> | never[]>;
      const held = <T>(name: string) => Object.values(world[name] ?? {}) as (T & Removed)[];
      return {
        accounts: held<HeldAccount>("accounts"),
        containers: held<HeldContainer>("containers").filter((container) => container.deletedUntil === undefined),
        roleAssignments: held<HeldRoleAssignment>("roleAssignments").filter((one) => one.effectiveUntil === undefined),
      };
    },
    calls: async () => (await ask("GET", "calls")) as CallReport,
    clearCalls: async () => void (await ask("DELETE", "calls")),
    advance: async (seconds) => void (await ask("POST", "clock", { advanceSeconds: seconds })),
  };
}

/** The emulator keeps what is deleted for as long as Azure would still honour it. */
interface Removed {
  readonly deletedUntil?: number;
  readonly effectiveUntil?: number;
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly body: object | undefined;
}

function askAdmin(ready: ReadyFile, ca: string, { method, path, body }: Question): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const url = `${ready.adminEndpoint.replace(/\/$/, "")}/${path}`;
    const headers = { "x-emulator-secret": ready.adminSecret };
    const call = request(url, { method, ca, headers, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        if ((answer.statusCode ?? 500) >= 300) reject(new Error(`${method} ${url}: ${answer.statusCode} ${text}`));
        else resolve(text === "" ? undefined : JSON.parse(text));
      });
      answer.on("error", reject);
    });
    call.on("error", reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
