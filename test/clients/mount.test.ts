// The calls of blobfuse2 when it mounts and works, through the Go SDKs that it uses, on a flat and on a hierarchical
// account; and the controller's own sign-in at an emulator on port 443, which those mounts need.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { toolPath } from "../support/tools.ts";
import { type AzureByName, startAzureByName } from "./azure-by-name.ts";
import type { ClientConfig } from "./client-config.ts";
import type { Conversation } from "./conversation.ts";
import { heldOf } from "./steps.ts";

const product = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "bin", "keyless-csi.mjs");
const MIB = 1024 * 1024;

/** A step of the Go program, what it must answer, and how many blobs the container must have afterwards. */
interface MountStep {
  readonly id: string;
  readonly title: string;
  readonly answer: { readonly seen: unknown } | { readonly status: number; readonly code: string };
  readonly blobs?: number;
}

const nothing = { seen: null };

function stepsFor(isHierarchical: boolean): readonly MountStep[] {
  /** A directory of a flat account is a blob. */
  const marker = isHierarchical ? 0 : 1;
  const file = (size: number, permissions: string) => (isHierarchical ? `file ${size} ${permissions}` : `file ${size}`);
  const folder = isHierarchical ? "directory 0 rwxr-x---" : "directory 0";
  const none = isHierarchical ? "404 PathNotFound" : "404 BlobNotFound";
  const shown = (name: string) => (isHierarchical ? `${name} rw-r-----` : name);
  return [
    {
      id: "is_hierarchical",
      title: "recognises the kind of account by a list with permissions",
      answer: isHierarchical ? nothing : { status: 400, code: "InvalidQueryParameterValue" },
    },
    { id: "validate", title: "validates its access by a list", answer: nothing },
    { id: "make_directory", title: "creates a directory", answer: nothing, blobs: marker },
    {
      id: "make_again",
      title: isHierarchical ? "may not create it again" : "may create it again",
      answer: isHierarchical ? { status: 409, code: "PathAlreadyExists" } : nothing,
    },
    { id: "create_file", title: "creates a file", answer: nothing, blobs: marker + 1 },
    {
      id: "attributes",
      title: "sees its attributes",
      answer: { seen: { "folder/file": file(0, "rwxrw-rw-"), folder, none } },
    },
    { id: "write_file", title: "writes it in blocks", answer: { seen: { blocks: 3, left: 0 } }, blobs: marker + 1 },
    {
      id: "attributes",
      title: "sees its size",
      answer: { seen: { "folder/file": file(3 * MIB, "rw-r-----"), folder, none } },
    },
    { id: "read_file", title: "reads a part of it", answer: { seen: { part: "aabb" } } },
    {
      id: "list_directory",
      title: "lists the directory",
      answer: { seen: { blobs: [shown("folder/file")], prefixes: [] } },
    },
    { id: "rename_file", title: "renames the file", answer: nothing, blobs: marker + 1 },
    { id: "rename_directory", title: "renames the directory", answer: nothing, blobs: marker + 1 },
    {
      id: "list_root",
      title: "lists the container",
      answer: {
        seen: isHierarchical
          ? { blobs: [], prefixes: ["moved/ rwxr-x--- true"] }
          : { blobs: ["moved"], prefixes: ["moved/ false"] },
      },
    },
    {
      id: "use_data_lake",
      title: isHierarchical ? "appends, flushes and reads by Data Lake" : "may not use paths of Data Lake",
      answer: isHierarchical
        ? {
            seen: {
              content: "hello data lake",
              mine: true,
              acl: "user::rw-,group::r--,other::---",
              paths: ["moved", "moved/appended", "moved/renamed"],
            },
          }
        : { status: 501, code: "NotImplemented" },
      blobs: 2,
    },
    { id: "delete_directory", title: "deletes the directory and its contents", answer: nothing, blobs: 0 },
  ];
}

describe("A mount, with the calls of blobfuse2", function () {
  this.timeout(60_000);
  const accounts = [
    { account: "klflat", hierarchical: false },
    { account: "kltree", hierarchical: true },
  ];
  let azure: AzureByName;
  before(async () => {
    azure = await startAzureByName(accounts.map(({ account }) => account));
  });
  after(() => azure?.stop());

  for (const { account, hierarchical } of accounts) {
    describe(`on a ${hierarchical ? "hierarchical" : "flat"} account`, () => {
      let client: Conversation;
      let config: ClientConfig;
      before(async function () {
        this.timeout(600_000); // the first time, it is built
        const configured = await azure.configure(account, { hierarchical });
        config = configured.config;
        client = await azure.startClient(account, await toolPath("clients-go"), [configured.path]);
        for (const step of ["create_account", "create_container", "assign_role"]) {
          const { seen, ...answer } = (await client.ask(step)) as Record<string, unknown>;
          assert.ok(seen, `${step}: ${JSON.stringify(answer)}`);
        }
      });
      after(() => client?.end());

      const take = async (step: string) => {
        const { told: message, ...answer } = (await client.ask(step)) as { told?: string } & Record<string, unknown>;
        return { answer, message: message ?? JSON.stringify(answer) };
      };

      it("signs in with the token in a file, after instance discovery", async () => {
        const { answer, message } = await take("token");
        assert.deepEqual(
          answer,
          { seen: { tenant: config.tenantId, principal: config.workload.principalId } },
          message,
        );
        const { counts } = await azure.calls();
        assert.ok((counts["entra discovery/instance"] ?? 0) > 0, JSON.stringify(counts));
      });

      for (const step of stepsFor(hierarchical)) {
        it(step.title, async () => {
          const { answer, message } = await take(step.id);
          assert.deepEqual(answer, step.answer, message);
          if (step.blobs !== undefined) assert.equal(heldOf(await azure.state(), config).blobs, step.blobs);
        });
      }
    });
  }

  describe("afterwards", () => {
    it("Data Lake was called for what Blob cannot do on the hierarchical account", async () => {
      const { calls, alarms } = await azure.calls();
      const asked = calls
        .filter(({ host }) => host === "kltree.dfs.core.windows.net")
        .map(({ operation }) => operation);
      for (const operation of ["list", "create", "setAccessControl", "rename", "append", "flush", "delete"]) {
        assert.ok(asked.includes(`paths/${operation}`), `no paths/${operation} among ${asked.join(", ")}`);
      }
      assert.deepEqual(alarms, []);
    });

    it("the ready file of an emulator on port 443 names addresses without the port", async () => {
      const ready = JSON.parse(await readFile(azure.readyFile, "utf8")) as Record<string, string>;
      const names = ["armEndpoint", "authorityHost", "blobEndpoint", "adminEndpoint", "issuer", "imdsEndpoint"];
      const here = "https://127.0.0.1";
      assert.deepEqual(
        names.map((name) => ready[name]),
        [here, here, here, `${here}/_emulator`, `${here}/_oidc`, "http://169.254.169.254"],
      );
    });

    it("the controller's own identity signs in with that file, and lists what exists", async () => {
      const flags = ["orphans", "--cloud-file", azure.readyFile, "--kubernetes", "off", "--output", "json"];
      const looked = await azure.run("orphans", process.execPath, [product, ...flags]);
      const printed = await readFile(looked.logFile, "utf8");
      assert.equal(await looked.ended, 2, printed); // nothing was checked against a cluster
      assert.ok((JSON.parse(printed) as { azureCalls: number }).azureCalls > 0);
    });
  });
});
