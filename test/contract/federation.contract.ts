// Federated credentials and the token exchange: how a Kubernetes ServiceAccount becomes an identity of Azure.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { decodeJwt } from "jose";
import type { Answer, Cloud } from "./support/cloud.ts";
import { withEmulator } from "./support/emulated.ts";
import {
  answered,
  claimsOfAssertion,
  exchange,
  federate,
  type Identity,
  makeIdentity,
  type Trust,
} from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

interface Shown {
  readonly name: string;
  readonly properties: Trust;
}

const trust = (cloud: Cloud, name: string): Trust => ({
  issuer: `https://issuer.example.com/${cloud.prefix}`,
  subject: `system:serviceaccount:contract:${name}`,
  audiences: ["api://AzureADTokenExchange"],
});

const pathOf = (identity: Identity, name: string) => `${identity.id}/federatedIdentityCredentials/${name}`;

/** The AADSTS number of a refusal. */
function codeOf(answer: Answer): number {
  answered(answer, 400, 401);
  return answer.json<{ error_codes: number[] }>().error_codes[0] ?? 0;
}

/** Asserts that an identity whose trust differs in `change` refuses the exchange with this number. */
async function refusedFor(cloud: Cloud, change: Partial<Trust>, number: number): Promise<void> {
  const identity = await makeIdentity(cloud);
  await federate(cloud, identity, { ...(await claimsOfAssertion(cloud)), ...change });
  await cloud.eventually(async () => {
    const answer = await exchange(cloud, identity);
    equal(codeOf(answer), number, answer.text);
    match(String(answer.json()["error_description"]), new RegExp(`^AADSTS${number}: `));
  });
}

export const federation: Chapter = {
  title: "federated credentials and the token exchange",
  sentences: [
    {
      says: "credentials are made with issuer, subject and one audience: 201, and shown as they were sent",
      source: SOURCES.federationCreate,
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        const wanted = trust(cloud, "shown");
        const id = await federate(cloud, identity, wanted);
        const { properties } = answered(await cloud.arm("GET", id), 200).json<Shown>();
        deepEqual([properties.issuer, properties.subject, properties.audiences], Object.values(wanted));
      },
    },
    {
      says: "a credential of the same name is replaced: 200",
      source: SOURCES.federationCreate,
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        const id = await federate(cloud, identity, trust(cloud, "one"));
        answered(await cloud.arm("PUT", id, { body: { properties: trust(cloud, "two") } }), 200);
        match((await cloud.arm("GET", id)).json<Shown>().properties.subject, /:two$/);
      },
    },
    {
      says: "credentials are listed with their identity",
      source: SOURCES.federationList,
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        await federate(cloud, identity, trust(cloud, "one"), "first");
        await federate(cloud, identity, trust(cloud, "two"), "second");
        const path = `${identity.id}/federatedIdentityCredentials`;
        const { value } = answered(await cloud.arm("GET", path), 200).json<{ value: Shown[] }>();
        deepEqual(value.map(({ name }) => name).sort(), ["first", "second"]);
      },
    },
    {
      says: "issuer and subject together are one credential of an identity: 400 for a second one, whatever its audience",
      source: SOURCES.federationLimits,
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        await federate(cloud, identity, trust(cloud, "same"), "first");
        const properties = { ...trust(cloud, "same"), audiences: ["another"] };
        const second = await cloud.arm("PUT", pathOf(identity, "second"), { body: { properties } });
        answered(second, 400, 409);
        match(second.message, /already exists/i);
      },
    },
    {
      says: "the same issuer and subject may be trusted by two identities",
      source: SOURCES.federationLimits,
      async check(cloud) {
        for (let count = 0; count < 2; count += 1) {
          await federate(cloud, await makeIdentity(cloud), trust(cloud, "shared"));
        }
      },
    },
    {
      says: "credentials have exactly one audience: 400 for none and for two",
      source: SOURCES.federationCreate,
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        for (const audiences of [[], ["one", "two"]]) {
          const properties = { ...trust(cloud, "audience"), audiences };
          answered(await cloud.arm("PUT", pathOf(identity, "audience"), { body: { properties } }), 400);
        }
      },
    },
    {
      says: "credentials have an issuer that is a URL: 400 for what is none",
      source: SOURCES.federationLimits,
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        const properties = { ...trust(cloud, "issuer"), issuer: "not a url" };
        answered(await cloud.arm("PUT", pathOf(identity, "issuer"), { body: { properties } }), 400);
      },
    },
    {
      says: "credentials have names of 3 to 120 letters, digits, dashes and underscores: 400",
      source: SOURCES.federationCreate,
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        for (const name of ["ab", "-ab", "x".repeat(121), "a.b"]) {
          const body = { properties: trust(cloud, "named") };
          answered(await cloud.arm("PUT", pathOf(identity, name), { body }), 400);
        }
        await federate(cloud, identity, trust(cloud, "named"), "x".repeat(120));
      },
    },
    {
      says: "an identity has at most 20 credentials: the 21st is 400",
      source: SOURCES.federationLimits,
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        for (let index = 0; index < 20; index += 1) {
          await federate(cloud, identity, trust(cloud, `app-${index}`), `app-${index}`);
          // Azure takes one write in four seconds on an identity (workload-identity-federation-considerations).
          await cloud.pause(5);
        }
        const body = { properties: trust(cloud, "app-20") };
        answered(await cloud.arm("PUT", pathOf(identity, "app-20"), { body }), 400);
      },
    },
    {
      says: "writes to one identity at the same time are refused: 409",
      source: SOURCES.federationLimits,
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        const answers = await Promise.all(
          ["one", "two", "three"].map((name) =>
            cloud.arm("PUT", pathOf(identity, name), { body: { properties: trust(cloud, name) } }),
          ),
        );
        const statuses = answers.map(({ status }) => status);
        ok(statuses.includes(201) && statuses.includes(409), String(statuses));
      },
    },
    {
      says: "credentials that are not there are 404, and 204 to a delete",
      source: SOURCES.federationDelete,
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        answered(await cloud.arm("GET", pathOf(identity, "nothing")), 404);
        answered(await cloud.arm("DELETE", pathOf(identity, "nothing")), 204);
      },
    },
    {
      says: "a token that a credential names is exchanged for one of the identity, with the audience that was asked for",
      source: SOURCES.tokenExchange,
      needs: { assertion: true },
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        await federate(cloud, identity, await claimsOfAssertion(cloud));
        await cloud.eventually(async () => {
          const body = answered(await exchange(cloud, identity), 200).json();
          equal(body["token_type"], "Bearer");
          const { aud, oid, tid } = decodeJwt(String(body["access_token"]));
          match(String(aud), /^https:\/\/storage\.azure\.com\/?$/);
          deepEqual([oid, tid], [identity.principalId, cloud.tenantId]);
        });
      },
    },
    {
      says: "a token of an issuer that no credential names is refused: AADSTS700211",
      source: SOURCES.entraCodes,
      needs: { assertion: true },
      check: (cloud) => refusedFor(cloud, { issuer: "https://issuer.example.com/another" }, 700211),
    },
    {
      says: "a token whose subject no credential names is refused: AADSTS700213",
      source: SOURCES.entraCodes,
      needs: { assertion: true },
      check: (cloud) => refusedFor(cloud, { subject: "system:serviceaccount:contract:another" }, 700213),
    },
    {
      says: "subjects are compared with their case: AADSTS7002138 for one that differs in nothing else",
      source: SOURCES.entraChanges,
      needs: { assertion: true },
      async check(cloud) {
        const { subject } = await claimsOfAssertion(cloud);
        await refusedFor(cloud, { subject: subject.toUpperCase() }, 7002138);
      },
    },
    {
      says: "a token whose audience no credential names is refused: AADSTS700212",
      source: SOURCES.entraCodes,
      needs: { assertion: true },
      check: (cloud) => refusedFor(cloud, { audiences: ["another"] }, 700212),
    },
    {
      says: "issuers are compared byte for byte: a slash at the end is another issuer",
      source: SOURCES.federationLimits,
      needs: { assertion: true },
      async check(cloud) {
        const { issuer } = await claimsOfAssertion(cloud);
        const other = issuer.endsWith("/") ? issuer.slice(0, -1) : `${issuer}/`;
        await refusedFor(cloud, { issuer: other }, 700211);
      },
    },
    {
      says: "a token whose signature is not the issuer's is refused",
      source: SOURCES.entraCodes,
      needs: { assertion: true },
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        await federate(cloud, identity, await claimsOfAssertion(cloud));
        await cloud.eventually(async () => {
          answered(await exchange(cloud, identity), 200);
        });
        const [head, body, signature = ""] = ((await cloud.assertion?.()) ?? "").split(".");
        const forged = `${head}.${body}.${signature.slice(0, 10)}${signature[10] === "A" ? "B" : "A"}${signature.slice(11)}`;
        equal(codeOf(await exchange(cloud, identity, { client_assertion: forged })), 50013);
      },
    },
    {
      says: "a client id that the tenant does not have is refused: AADSTS700016",
      source: SOURCES.entraCodes,
      needs: { assertion: true },
      async check(cloud) {
        const identity = await makeIdentity(cloud);
        equal(codeOf(await exchange(cloud, { ...identity, clientId: cloud.newGuid() })), 700016);
      },
    },
    {
      says: "a token that has expired is refused: AADSTS700024",
      source: SOURCES.entraCodes,
      needs: { control: "a token that is an hour old" },
      check: () =>
        withEmulator({}, async (cloud) => {
          const identity = await makeIdentity(cloud);
          await federate(cloud, identity, await claimsOfAssertion(cloud));
          const old = (await cloud.assertion?.()) ?? "";
          cloud.emulator.clock.advance(2 * 3_600_000);
          equal(codeOf(await exchange(cloud, identity, { client_assertion: old })), 700024);
        }),
    },
    {
      says: "a credential is accepted only some time after it was made: AADSTS70021 until then",
      source: SOURCES.federationLimits,
      needs: { control: "the clock, to see the time in between for certain" },
      check: () =>
        withEmulator({ federationMs: 10_000 }, async (cloud) => {
          const identity = await makeIdentity(cloud);
          await federate(cloud, identity, await claimsOfAssertion(cloud));
          equal(codeOf(await exchange(cloud, identity)), 70021);
          cloud.emulator.clock.advance(10_000);
          answered(await exchange(cloud, identity), 200);
        }),
    },
  ],
};
