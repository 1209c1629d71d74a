// A sign-in that a setting makes impossible: the log and the claim's event name the setting, the tenant and the authority.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { toSignInFault } from "../../src/azure/sign-in-faults.ts";
import { startEmulator } from "../../src/emulator/emulator.ts";
import { DriverError } from "../../src/errors.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { refused } from "../support/refused.ts";

describe("a sign-in that cannot work", () => {
  let app: EmulatedApp;
  afterEach(() => app.stop());
  /** Makes a volume in vain (UNAVAILABLE: nobody knows whether one exists already), and answers the message twice: an event must not change from attempt to attempt. */
  const fail = async (message: RegExp) => {
    const told = [];
    for (let attempt = 0; attempt < 2; attempt++) {
      const details = await refused(create(app, createRequest(app.emulator)), status.UNAVAILABLE, message);
      told.push(details.replace(/ \(call [^)]*\)$/, ""));
    }
    assert.equal(told[0], told[1]);
    assert.ok((told[0] ?? "").length < 850, told[0]);
    assert.equal(app.emulator.world.accounts.size, 0);
    assert.match(app.log(), /"message":"sign-in to Azure failed",.*"error":"signing in to Azure failed: /);
  };

  it("for a wrong tenant names the tenant and the authority", async () => {
    const tenant = randomUUID();
    app = await startEmulatedApp(["--tenant-id", tenant]);
    const { authorityHost } = app.emulator.info;
    await fail(
      new RegExp(
        `${authorityHost} answers with no sign-in configuration of tenant ${tenant}: .* check --tenant-id, --cloud`,
      ),
    );
  });

  it("for a wrong client id names it, its tenant and the authority", async () => {
    const client = randomUUID();
    app = await startEmulatedApp(["--client-id", client]);
    const { authorityHost, tenantId } = app.emulator.info;
    await fail(
      new RegExp(
        `tenant ${tenantId} at ${authorityHost} has no identity or application ${client}; correct --client-id .*700016`,
      ),
    );
  });

  it("for a token file that has gone names the file", async () => {
    app = await startEmulatedApp(["--token-file", "/nowhere/token"]);
    await fail(/--token-file \/nowhere\/token does not exist; name a file that does/);
  });

  it("for an identity that does not trust the token names identity, tenant and authority", async () => {
    app = await startEmulatedApp((emulator) => ["--client-id", emulator.info.identities[0]?.clientId ?? ""]);
    const { authorityHost, tenantId, identities } = app.emulator.info;
    await fail(
      new RegExp(
        `identity ${identities[0]?.clientId} in tenant ${tenantId} at ${authorityHost} has no federated credential`,
      ),
    );
  });
});

describe("a token file whose content Entra refuses", () => {
  it("is read again at the next attempt", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keyless-csi-token-"));
    const file = join(folder, "token");
    const emulator = await startEmulator();
    try {
      const expired = { namespace: "kube-system", name: "keyless-csi-controller", lifetimeSeconds: -60 };
      await writeFile(file, await emulator.issuer.mint(expired));
      const app = await startEmulatedApp(["--token-file", file], { emulator });
      try {
        await refused(create(app, createRequest(emulator)), status.UNAVAILABLE, /AADSTS700024/);
        await writeFile(file, await readFile(emulator.info.controller?.tokenFile ?? "", "utf8"));
        await create(app, createRequest(emulator));
        assert.equal(emulator.world.accounts.size, 1);
      } finally {
        await app.stop();
      }
    } finally {
      await emulator.close();
      await rm(folder, { recursive: true });
    }
  });
});

describe("an answer of Entra's", () => {
  const signIn = {
    authorityHost: "https://login.microsoftonline.us",
    tenantId: "t",
    clientId: "c",
    tokenFile: "/token",
  };
  const wordsOf = (message: string) => {
    const fault = toSignInFault(new Error(message), signIn);
    return fault instanceof DriverError ? `${fault.reason}: ${fault.message}` : undefined;
  };

  it("about the tenant or the cloud names both settings", () => {
    for (const [message, words] of [
      [
        "invalid_request: AADSTS90002: Tenant 't' not found.",
        /us knows no tenant t; correct --tenant-id, or --cloud .*\(AADSTS90002\)$/,
      ],
      ["AADSTS900023: Specified tenant identifier 't' is neither a valid DNS name, nor", /knows no tenant t/],
      ["AADSTS50128: Invalid domain name - No tenant-identifying information found", /knows no tenant t/],
      [
        "AADSTS900439: USGClientNotSupportedOnPublicEndpoint",
        /tenant t is not of the cloud of https:.*correct --cloud/,
      ],
      ["AADSTS900382: Confidential Client is not supported in Cross Cloud request.", /not of the cloud/],
    ] as const) {
      assert.match(wordsOf(message) ?? "", words);
    }
  });

  it("that no setting explains is handed on as it is", () => {
    for (const message of [
      "AADSTS50196: loop detected",
      "getaddrinfo ENOTFOUND login.microsoftonline.us",
      "AADSTS900020: x",
      "",
    ]) {
      assert.equal(wordsOf(message), undefined, message);
    }
    assert.equal(toSignInFault(undefined, signIn), undefined);
  });
});
