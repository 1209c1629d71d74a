import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createRateCounters } from "../../src/emulator/arm/front-door/rate-counters.ts";
import { createClock } from "../../src/emulator/clock.ts";
import { type Emulator, startEmulator } from "../../src/emulator/emulator.ts";
import { AZURE_LIMITS } from "../../src/emulator/settings.ts";
import { administratorToken, type RawAnswer, send, sendForm } from "../support/emulator-client.ts";

describe("request limits", () => {
  let emulator: Emulator;
  let authorization: string;
  afterEach(() => emulator.close());
  const start = async (isLimited: boolean) => {
    emulator = await startEmulator(isLimited ? { settings: { limits: AZURE_LIMITS } } : {});
    authorization = `Bearer ${await administratorToken(emulator)}`;
  };
  const group = () => `/subscriptions/${emulator.info.subscriptionId}/resourceGroups/keyless`;
  const get = (path: string) => send(emulator, path, { headers: { authorization } });
  const workloadToken = async () => {
    const answer = await sendForm(emulator, `/${emulator.info.tenantId}/oauth2/v2.0/token`, {
      grant_type: "client_credentials",
      client_id: emulator.info.identities[0]?.clientId ?? "",
      client_assertion: await emulator.issuer.mint({ namespace: "demo", name: "workload-a" }),
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      scope: "https://management.azure.com/.default",
    });
    return String(answer.json()["access_token"]);
  };
  const listAccounts = () => get(`${group()}/providers/Microsoft.Storage/storageAccounts?api-version=2025-06-01`);
  const codeOf = (answer: RawAnswer) => answer.json<{ error: { code: string } }>().error.code;

  it("are shown in headers of every answer, and enforced only on request", async () => {
    await start(false);
    const reads = [];
    for (let i = 0; i < 105; i += 1) {
      const answer = await listAccounts();
      equal(answer.status, 200);
      reads.push(Number(answer.headers["x-ms-ratelimit-remaining-subscription-reads"]));
    }
    equal(reads[0], 249);
    ok((reads.at(-1) ?? 0) < 249);
  });

  it("refuse the 101st list of the storage provider within five minutes, with the time to wait", async () => {
    await start(true);
    for (let i = 0; i < 100; i += 1) equal((await listAccounts()).status, 200);
    const refused = await listAccounts();
    equal(refused.status, 429);
    equal(codeOf(refused), "TooManyRequests");
    match(refused.text, /operation type - List/);
    const wait = Number(refused.headers["retry-after"]);
    ok(wait > 200 && wait <= 300, `wait ${wait}`);
    const other = `${group()}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/workload-a`;
    equal((await get(`${other}?api-version=2024-11-30`)).status, 200, "another provider counts for itself");
    emulator.clock.advance(wait * 1000);
    authorization = `Bearer ${await administratorToken(emulator)}`;
    equal((await listAccounts()).status, 200);
  });

  it("refuse a principal's reads when ARM's bucket is empty, and not those of another principal", async () => {
    await start(true);
    const path = `${group()}?api-version=2024-11-01`;
    const statuses = new Map<number, number>();
    let refused: RawAnswer | undefined;
    for (let i = 0; i < 2000 && refused === undefined; i += 1) {
      const answer = await get(path);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status === 429) refused = answer;
      else emulator.clock.advance(-1); // as if all came in one moment
    }
    equal(refused?.status, 429, JSON.stringify([...statuses]));
    equal(refused && codeOf(refused), "SubscriptionRequestsThrottled");
    equal(refused?.headers["retry-after"], "1");
    authorization = `Bearer ${await workloadToken()}`;
    equal((await get(path)).status, 403, "another principal is refused for its rights, not for its rate");
  });

  it("of managed identities hold for each identity as well, which is read once in two seconds", async () => {
    await start(true);
    const identity = (name: string) =>
      get(`${group()}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}?api-version=2024-11-30`);
    equal((await identity("workload-a")).status, 200);
    emulator.clock.advance(-2_000); // as if both came in one moment
    const refused = await identity("workload-a");
    equal(refused.status, 429);
    const wait = Number(refused.headers["retry-after"]);
    ok(wait === 1 || wait === 2, `wait ${wait}`);
    equal((await identity("workload-b")).status, 200, "another identity");
    emulator.clock.advance(6_000);
    equal((await identity("workload-a")).status, 200);
  });

  it("of the storage provider count what is asked by region for that region", async () => {
    emulator = await startEmulator({
      settings: { limits: { ...AZURE_LIMITS, storageReads: [{ calls: 1, seconds: 300 }] } },
    });
    authorization = `Bearer ${await administratorToken(emulator)}`;
    const operation = (location: string) =>
      get(
        `/subscriptions/${emulator.info.subscriptionId}/providers/Microsoft.Storage/locations/${location}/asyncoperations/` +
          "00000000-0000-4000-8000-000000000000?api-version=2025-06-01",
      );
    equal((await operation("westeurope")).status, 404);
    equal((await operation("northeurope")).status, 404);
    equal((await operation("westeurope")).status, 429);
  });

  it("are stated in the ready file while they are enforced", async () => {
    await start(true);
    deepEqual(emulator.info.requestLimits, AZURE_LIMITS);
    await emulator.close();
    await start(false);
    equal(emulator.info.requestLimits, undefined);
  });

  it("use the emulator's clock: a bucket refills, a window slides", () => {
    const clock = { ...createClock(), now: () => now };
    let now = 1_000_000;
    const counters = createRateCounters(clock);
    const bucket = { burst: 2, perSecond: 1 };
    deepEqual(
      [1, 2, 3].map(() => counters.takeToken("a", bucket)),
      [
        { left: 1, waitSeconds: 0 },
        { left: 0, waitSeconds: 0 },
        { left: 0, waitSeconds: 1 },
      ],
    );
    equal(counters.takeToken("b", bucket).waitSeconds, 0);
    now += 1000;
    equal(counters.takeToken("a", bucket).waitSeconds, 0);
    const windows = [
      { calls: 1, seconds: 1 },
      { calls: 3, seconds: 60 },
    ];
    equal(counters.takeFromWindows("w", windows), 0);
    equal(counters.takeFromWindows("w", windows), 1);
    now += 1000;
    equal(counters.takeFromWindows("w", windows), 0);
    now += 1000;
    equal(counters.takeFromWindows("w", windows), 0);
    now += 1000;
    equal(counters.takeFromWindows("w", windows), 57);
    now += 57_000;
    equal(counters.takeFromWindows("w", windows), 0);
  });
});
