import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { ClientSecretCredential, WorkloadIdentityCredential } from "@azure/identity";
import { createRemoteJWKSet, decodeJwt, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { type Emulator, startEmulator } from "../../src/emulator/emulator.ts";
import { newClientSecret } from "../../src/emulator/entra/client-secret.ts";
import { createServerIdentity } from "../../src/emulator/http/certificate.ts";
import { type RawAnswer, send, sendForm } from "../support/emulator-client.ts";

const STORAGE = "https://storage.azure.com/.default";
const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

describe("the emulator's Entra", () => {
  let emulator: Emulator;
  const trusted = tls.getCACertificates("default");
  before(async () => {
    emulator = await startEmulator();
    tls.setDefaultCACertificates([...trusted, emulator.ca]);
  });
  after(async () => {
    tls.setDefaultCACertificates(trusted);
    await emulator.close();
  });

  const tokenPath = () => `/${emulator.info.tenantId}/oauth2/v2.0/token`;
  const workload = () => {
    const [first] = emulator.info.identities;
    if (first === undefined) throw new Error("no workload identity is seeded");
    return first;
  };
  const administrator = () => ({
    grant_type: "client_credentials",
    client_id: emulator.info.administrator.clientId,
    client_secret: emulator.info.administrator.clientSecret,
    scope: STORAGE,
  });
  const withAssertion = (assertion: string) => ({
    grant_type: "client_credentials",
    client_id: workload().clientId,
    client_assertion: assertion,
    client_assertion_type: JWT_BEARER,
    scope: STORAGE,
  });
  const workloadToken = (change: object = {}) =>
    emulator.issuer.mint({ namespace: "demo", name: "workload-a", ...change });

  /** The refusal's AADSTS number, which must be the same everywhere in the answer. */
  function refusedWith(answer: RawAnswer): number {
    const body = answer.json<{ error: string; error_description: string; error_codes: number[]; trace_id: string }>();
    const [code] = body.error_codes;
    match(body.error_description, new RegExp(`^AADSTS${code}: .+ Trace ID: ${body.trace_id} `));
    equal(answer.headers["x-ms-request-id"], body.trace_id);
    return code ?? 0;
  }

  it("signs an application in by its secret, with the SDK unchanged", async () => {
    const { tenantId, administrator: app, authorityHost } = emulator.info;
    const options = { authorityHost, disableInstanceDiscovery: true };
    const credential = new ClientSecretCredential(tenantId, app.clientId, app.clientSecret, options);
    const { token } = await credential.getToken("https://management.azure.com/.default");
    const claims = decodeJwt(token);
    equal(claims.aud, "https://management.azure.com");
    equal(claims.iss, `https://sts.windows.net/${tenantId}/`);
    equal(claims["appid"], app.clientId);
    equal(claims["tid"], tenantId);
  });

  it("vouches for its own address when the SDK asks instance discovery", async () => {
    const own = `${emulator.info.authorityHost}/${emulator.info.tenantId}/oauth2/v2.0/authorize`;
    const known = await send(emulator, `/common/discovery/instance?api-version=1.1&authorization_endpoint=${own}`);
    const { metadata } = known.json<{ metadata: { aliases: string[] }[] }>();
    ok(metadata.some(({ aliases }) => aliases.includes(new URL(own).host)));
    const elsewhere = "https://login.example.com/common/oauth2/v2.0/authorize";
    const unknown = await send(
      emulator,
      `/common/discovery/instance?api-version=1.1&authorization_endpoint=${elsewhere}`,
    );
    equal(unknown.status, 400);
    equal(refusedWith(unknown), 50049);
  });

  it("exchanges the controller's ServiceAccount token, with the SDK unchanged", async () => {
    const { tenantId, authorityHost, controller } = emulator.info;
    const credential = new WorkloadIdentityCredential({
      tenantId,
      authorityHost,
      disableInstanceDiscovery: true,
      clientId: controller.clientId,
      tokenFilePath: controller.tokenFile,
    });
    const { token, expiresOnTimestamp } = await credential.getToken("https://management.azure.com//.default");
    equal(decodeJwt(token).aud, "https://management.azure.com/");
    ok(expiresOnTimestamp > Date.now() + 23 * 3_600_000, "a managed identity's token lives for 24 hours");
  });

  it("signs tokens with the key that its JWKS publishes", async () => {
    const configuration = await send(emulator, `/${emulator.info.tenantId}/v2.0/.well-known/openid-configuration`);
    const { jwks_uri, token_endpoint, issuer } = configuration.json<Record<string, string>>();
    equal(token_endpoint, `${emulator.info.authorityHost}${tokenPath()}`);
    equal(issuer, `${emulator.info.authorityHost}/${emulator.info.tenantId}/v2.0`);
    const answer = await sendForm(emulator, tokenPath(), administrator());
    const { access_token } = answer.json<{ access_token: string }>();
    const keys = createRemoteJWKSet(new URL(String(jwks_uri)));
    const { payload } = await jwtVerify(access_token, keys, { audience: "https://storage.azure.com" });
    equal(payload["idtyp"], "app");
  });

  it("answers version 1 with a resource and numbers as strings", async () => {
    const { scope: _, ...rest } = administrator();
    const form = { ...rest, resource: "https://management.core.windows.net/" };
    const body = (await sendForm(emulator, `/${emulator.info.tenantId}/oauth2/token`, form)).json();
    equal(body["expires_in"], "3599");
    equal(body["resource"], form.resource);
    equal(decodeJwt(String(body["access_token"])).aud, form.resource);
  });

  it("makes secrets as long as Entra's, which az takes for no flag", () => {
    for (let count = 0; count < 500; count++) match(newClientSecret(), /^[A-Za-z0-9][\w-]{2}8Q~[\w-]{34}$/);
    match(emulator.info.administrator.clientSecret, /8Q~/);
  });

  it("accepts the secret in a basic Authorization header too", async () => {
    const { clientId, clientSecret } = emulator.info.administrator;
    const answer = await send(emulator, tokenPath(), {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: STORAGE }).toString(),
    });
    equal(answer.status, 200);
  });

  it("ignores OpenID scopes besides the resource, as MSAL for Go sends them", async () => {
    const form = { ...administrator(), scope: `${STORAGE} openid offline_access profile` };
    const { access_token } = (await sendForm(emulator, tokenPath(), form)).json<{ access_token: string }>();
    equal(decodeJwt(access_token).aud, "https://storage.azure.com");
  });

  it("answers by Microsoft's host names", async () => {
    const path = `/${emulator.info.tenantId}/v2.0/.well-known/openid-configuration`;
    for (const host of ["login.microsoftonline.com", "login.microsoft.com"]) {
      const { issuer } = (await send(emulator, path, { host })).json();
      equal(issuer, `https://${host}/${emulator.info.tenantId}/v2.0`);
    }
  });

  const refused: readonly [string, () => Record<string, string>, number, number][] = [
    ["a wrong secret", () => ({ ...administrator(), client_secret: "wrong" }), 401, 7000215],
    ["no credential at all", () => ({ ...administrator(), client_secret: "" }), 401, 7000216],
    ["an unknown application", () => ({ ...administrator(), client_id: crypto.randomUUID() }), 400, 700016],
    ["a missing grant type", () => ({ ...administrator(), grant_type: "" }), 400, 900144],
    ["a missing scope", () => ({ ...administrator(), scope: "" }), 400, 900144],
    ["another grant type", () => ({ ...administrator(), grant_type: "password" }), 400, 70003],
    [
      "a scope that is not /.default",
      () => ({ ...administrator(), scope: "https://storage.azure.com/read" }),
      400,
      1002012,
    ],
    ["two scopes", () => ({ ...administrator(), scope: `${STORAGE} https://vault.azure.net/.default` }), 400, 70011],
    ["an unknown resource", () => ({ ...administrator(), scope: "https://example.com/.default" }), 400, 500011],
    [
      "an assertion of another type",
      () => ({ ...withAssertion("e30.e30.e30"), client_assertion_type: "saml" }),
      400,
      50012,
    ],
    ["an assertion that is no JWT", () => withAssertion("not a token"), 400, 50027],
  ];
  for (const [what, form, status, code] of refused) {
    it(`refuses ${what} with AADSTS${code}`, async () => {
      const answer = await sendForm(emulator, tokenPath(), form());
      deepEqual([answer.status, refusedWith(answer)], [status, code]);
    });
  }

  it("refuses an unknown tenant with AADSTS90002, and common with AADSTS50059", async () => {
    const unknown = await sendForm(emulator, `/${crypto.randomUUID()}/oauth2/v2.0/token`, administrator());
    deepEqual([unknown.status, refusedWith(unknown)], [400, 90002]);
    const word = await sendForm(emulator, "/nobody/oauth2/v2.0/token", administrator());
    deepEqual([word.status, refusedWith(word)], [400, 90002]);
    const common = await sendForm(emulator, "/common/oauth2/v2.0/token", administrator());
    deepEqual([common.status, refusedWith(common)], [400, 50059]);
  });

  describe("with a ServiceAccount token", () => {
    const refusal = async (assertion: string) =>
      refusedWith(await sendForm(emulator, tokenPath(), withAssertion(assertion)));

    it("names issuer, subject or audience when no federated credential has it", async () => {
      equal(await refusal(await workloadToken({ name: "workload-b" })), 700213);
      equal(await refusal(await workloadToken({ name: "Workload-a" })), 7002138);
      equal(await refusal(await workloadToken({ audience: "api://azureadtokenexchange" })), 700212);
    });

    it("refuses a token outside its validity by the emulator's clock", async () => {
      const token = await workloadToken({ lifetimeSeconds: 600 });
      emulator.clock.advance(601_000);
      equal(await refusal(token), 700024);
      emulator.clock.advance(-1_201_000);
      equal(await refusal(token), 700024);
      emulator.clock.advance(600_000);
      equal((await sendForm(emulator, tokenPath(), withAssertion(token))).status, 200);
    });

    it("refuses a token that another key signed in the issuer's name", async () => {
      const { privateKey } = await generateKeyPair("RS256");
      const { kid } = (await send(emulator, "/_oidc/openid/v1/jwks")).json<{ keys: { kid: string }[] }>().keys[0] ?? {};
      const forged = (header: object) =>
        new SignJWT(decodeJwt(good)).setProtectedHeader({ alg: "RS256", ...header }).sign(privateKey);
      const good = await workloadToken();
      equal(await refusal(await forged({ kid })), 50013);
      equal(await refusal(await forged({ kid: "another" })), 50013);
    });

    it("refuses a token without signature", async () => {
      const [, payload] = (await workloadToken()).split(".");
      const header = Buffer.from('{"alg":"none"}').toString("base64url");
      equal(await refusal(`${header}.${payload}.`), 50027);
    });
  });

  describe("with an external issuer", () => {
    let server: Server;
    let issuer: string;
    let documents: Record<string, unknown>;
    let federated: Emulator;
    before(async () => {
      const identity = await createServerIdentity(["127.0.0.1"]);
      server = createServer({ key: identity.key, cert: identity.cert }, (request, response) => {
        const document = documents[request.url ?? ""];
        response.writeHead(document === undefined ? 404 : 200).end(JSON.stringify(document));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      federated = await startEmulator({ issuerCa: identity.ca, clusterIssuer: issuer });
      const [held] = [...federated.world.identities.values()];
      held?.federatedCredentials.set("outside", {
        name: "outside",
        issuer,
        subject: "me",
        audiences: ["api://AzureADTokenExchange"],
      });
    });
    after(async () => {
      server.close();
      await federated.close();
    });

    async function publish(kid: string) {
      const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
      const jwk = { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" };
      documents = {
        "/.well-known/openid-configuration": { issuer, jwks_uri: `${issuer}/keys` },
        "/keys": { keys: [jwk] },
      };
      return (subject = "me") =>
        new SignJWT({})
          .setProtectedHeader({ alg: "RS256", kid })
          .setIssuer(issuer)
          .setSubject(subject)
          .setAudience("api://AzureADTokenExchange")
          .setIssuedAt()
          .setExpirationTime("10m")
          .sign(privateKey);
    }
    const exchange = async (assertion: string) => {
      const form = { ...withAssertion(assertion), client_id: workload().clientId };
      return sendForm(federated, `/${federated.info.tenantId}/oauth2/v2.0/token`, form);
    };

    it("fetches the issuer's keys over TLS with the configured CA, and again when the key was rotated", async () => {
      const first = await publish("one");
      equal((await exchange(await first())).status, 200);
      const second = await publish("two");
      equal((await exchange(await second())).status, 200);
    });

    it("trusts the ServiceAccounts of the cluster that it was started for, each for its identity alone", async () => {
      const sign = await publish("cluster");
      equal((await exchange(await sign("system:serviceaccount:demo:workload-a"))).status, 200);
      equal(refusedWith(await exchange(await sign("system:serviceaccount:demo:workload-b"))), 700213);
    });

    it("reports when the issuer's keys cannot be fetched", async () => {
      const strict = await startEmulator();
      try {
        const sign = await publish("three");
        const [held] = [...strict.world.identities.values()];
        held?.federatedCredentials.set("outside", {
          name: "outside",
          issuer,
          subject: "me",
          audiences: ["api://AzureADTokenExchange"],
        });
        const form = withAssertion(await sign());
        const answer = await sendForm(strict, `/${strict.info.tenantId}/oauth2/v2.0/token`, form);
        equal(refusedWith(answer), 501661);
        match(answer.text, /openid-configuration: .*certificate/);
      } finally {
        await strict.close();
      }
    });

    it("refuses an issuer that no federated credential names", async () => {
      const { privateKey } = await generateKeyPair("RS256");
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: "RS256" })
        .setIssuer(`${issuer}/`)
        .setSubject("me")
        .setAudience("api://AzureADTokenExchange")
        .setExpirationTime("10m")
        .sign(privateKey);
      equal(refusedWith(await exchange(token)), 700211);
    });
  });
});
