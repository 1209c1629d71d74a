// Sends a write with another body to an emulator, each time to a resource of its own, and says what came of it.
import { equal } from "node:assert/strict";
import { isObject, type JsonObject } from "../../../src/emulator/json.ts";
import type { Arm } from "../../support/arm-calls.ts";
import type { Write } from "./writes.ts";

/** What came of a body. */
export type Outcome =
  | { readonly refused: `${number} ${string}` }
  /** What a GET shows afterwards, without what differs from resource to resource. */
  | { readonly shown: unknown };

export interface Stage {
  send(write: Write, body: JsonObject): Promise<Outcome>;
}

const NEWEST = "?api-version=2026-09-01";
/** What differs although the same was sent. */
const OWN = /^(id|name|etag|scope|.*endpoints|.*time|createdOn|updatedOn)$/i;

/** An account for containers and role assignments; everything else is made as it is needed. */
export async function setStage(arm: Arm): Promise<Stage> {
  const account = await arm.makeAccount("stage1");
  let count = 1;
  const next = () => {
    count += 1;
    return count;
  };
  const fresh = async (properties: object) => {
    const id = accountId(arm, next());
    const body = { location: "westeurope", kind: "StorageV2", sku: { name: "Standard_LRS" }, properties };
    equal((await arm.call("PUT", `${id}${NEWEST}`, { body })).status, 202);
    return id;
  };
  const newContainer = () => arm.makeContainer(account, `stage${next()}`);
  /** A resource that the write is tried on, by operation. */
  const targets: Readonly<Record<string, (write: Write) => Promise<string>>> = {
    "storageAccounts/create": async () => accountId(arm, next()),
    "storageAccounts/update": () => fresh({ allowSharedKeyAccess: true, allowSharedKeyAccessForServices: KEYS }),
    "blobServices/set": async () => `${await fresh({})}/blobServices/default`,
    "containers/create": async () => `${account}/blobServices/default/containers/stage${next()}`,
    "containers/update": newContainer,
    "roleAssignments/create": async () => `${await newContainer()}${ASSIGNMENTS}/${crypto.randomUUID()}`,
    "federatedCredentials/create": async ({ path }) => {
      await arm.call("DELETE", path);
      return path;
    },
  };
  return {
    async send(write, body) {
      const target = await targets[write.route.operation]?.(write);
      if (target === undefined) throw new Error(`there is no stage for ${write.route.operation}: add one to replay.ts`);
      return outcomeOf(arm, write, target, body);
    },
  };
}

const KEYS = { blob: { enabled: true } };
const ASSIGNMENTS = "/providers/Microsoft.Authorization/roleAssignments";

function accountId({ group }: Arm, count: number): string {
  return `${group}/providers/Microsoft.Storage/storageAccounts/stage${count}`;
}

async function outcomeOf(arm: Arm, write: Write, target: string, body: JsonObject): Promise<Outcome> {
  const answer = await arm.call(write.method, `${target}?api-version=${write.apiVersion}`, { body });
  if (answer.status >= 400) {
    return { refused: `${answer.status} ${answer.json<{ error: { code: string } }>().error.code}` };
  }
  const shown = await arm.call("GET", `${target}?api-version=${write.apiVersion}`);
  equal(shown.status, 200, shown.text);
  return { shown: withoutOwn(shown.json()) };
}

function withoutOwn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOwn);
  if (!isObject(value)) return value;
  const rest = Object.entries(value).filter(([name]) => !OWN.test(name));
  return Object.fromEntries(rest.map(([name, each]) => [name, withoutOwn(each)]));
}
