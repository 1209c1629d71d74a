// The contract: what Azure does that the product relies on. On the emulator by default, once as Azure's documentation reads and
// once with every variant on but one; on a real subscription with `npm run contract:live` (docs/how-to/prove-on-azure.md).
import { deepEqual, ok } from "node:assert/strict";
import type { Suite } from "mocha";
import { ALL_VARIANTS, type AzureVariants } from "../../src/emulator/variants.ts";
import { chapters } from "./chapters.ts";
import type { Cloud } from "./support/cloud.ts";
import { type EmulatedCloud, startEmulatedCloud } from "./support/emulated.ts";
import { ASSERTION_VARIABLE, connectLive } from "./support/live.ts";
import { type Chapter, reasonToLeaveOut, type Sentence } from "./support/sentence.ts";
import { isAzure, nameOf, readValidations, recordValidations, type Validation } from "./support/validated.ts";

/** On Azure a sentence may wait for an account, a role assignment and a credential in turn. */
const LIVE_TIMEOUT_MS = 30 * 60_000;

const isLive = process.env["KEYLESS_CSI_LIVE"] === "1";
const offer = { isLive, hasAssertion: !isLive || process.env[ASSERTION_VARIABLE] !== undefined };
const all = chapters.flatMap(({ sentences }) => sentences);
const leftOut = all.filter((sentence) => reasonToLeaveOut(sentence, offer) !== undefined);

/** A variant that is the contrary of a sentence: the setting that needs the sentence is off until Azure has confirmed it. */
const ASKED: Partial<AzureVariants> = { containersNeedDataAction: false };

/** How many resources the emulator holds, by kind. */
function countHeld({ emulator }: EmulatedCloud): Record<string, number> {
  const { accounts, containers, identities, locks, resourceGroups, roleAssignments, roleDefinitions } = emulator.world;
  const kinds = { accounts, containers, identities, locks, resourceGroups, roleAssignments, roleDefinitions };
  return Object.fromEntries(Object.entries(kinds).map(([kind, { size }]) => [kind, size]));
}

if (isLive) describe("the contract with Azure, on a subscription", proveAll);
else {
  describe("the contract with Azure, on the emulator", proveAll);
  describe("the contract with Azure, on the emulator with every variant", function () {
    proveAll.call(this, { ...ALL_VARIANTS, ...ASKED });
  });
}

function proveAll(this: Suite, variants: Partial<AzureVariants> = {}): void {
  if (isLive) this.timeout(LIVE_TIMEOUT_MS);
  let cloud: Cloud;
  let emulated: EmulatedCloud | undefined;
  let heldBefore: Record<string, number> = {};
  let passed = 0;
  const confirmed: Record<string, Validation> = {};
  let subscriptionKind = "";

  before(async () => {
    emulated = isLive ? undefined : await startEmulatedCloud(variants);
    cloud = emulated ?? (await connectLive(process.env));
    if (emulated !== undefined) heldBefore = countHeld(emulated);
    else console.log(`  all that this run makes is in ${cloud.group}; its names begin with ${cloud.prefix}`);
    if (isLive) subscriptionKind = await cloud.subscriptionKind();
  });

  after(async () => {
    try {
      const left = (await cloud?.removeAll()) ?? [];
      deepEqual(left, [], "Azure would not delete these; remove them by hand");
      if (emulated !== undefined) deepEqual(countHeld(emulated), heldBefore, "something of this run is left");
    } finally {
      await emulated?.close();
      for (const sentence of leftOut) {
        console.log(`  not applicable: ${sentence.says} (${reasonToLeaveOut(sentence, offer)})`);
      }
      const rest = leftOut.length === 0 ? "" : `, ${leftOut.length} not applicable`;
      if (isLive && isAzure(cloud.armEndpoint)) await recordValidations(confirmed);
      const validated = Object.keys(await readValidations()).length;
      console.log(
        `  contract: ${all.length} sentences, ${passed} passed${rest}; ${validated} validated on Azure so far`,
      );
    }
  });

  async function prove(chapter: Chapter, sentence: Sentence): Promise<void> {
    cloud.takeApiVersions();
    try {
      await sentence.check(cloud);
    } catch (error) {
      if (error instanceof Error) error.message = `${error.message}\n  source: ${sentence.source}`;
      throw error;
    }
    passed += 1;
    const date = new Date().toISOString().slice(0, 10);
    confirmed[nameOf(chapter, sentence)] = { date, subscriptionKind, apiVersions: cloud.takeApiVersions() };
  }

  for (const chapter of chapters) {
    describe(chapter.title, () => {
      const asked = chapter.sentences.filter((sentence) => !leftOut.includes(sentence));
      for (const sentence of asked) it(sentence.says, () => prove(chapter, sentence));
    });
  }

  it("says everything once, each sentence with a source, and leaves none out on the emulator", () => {
    const said = chapters.flatMap(({ title, sentences }) => sentences.map(({ says }) => `${title}: ${says}`));
    deepEqual(
      said.filter((each, index) => said.indexOf(each) !== index),
      [],
    );
    ok(all.every(({ source }) => source.startsWith("https://")));
    if (!isLive) deepEqual(leftOut, []);
  });
}
