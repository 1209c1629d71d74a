// What a message keeps of another service's words.
import assert from "node:assert/strict";
import fc from "fast-check";
import { condense } from "../../../src/text/condense.ts";
import { ACCOUNT, CONTAINER, GROUP, SUBSCRIPTION, scopeLocked } from "../../support/azure-answers.ts";

const GUID = "8a0fcb1e-001e-0042-1234-abcdef000000";
const all = (text: string, before = "") => condense(text, 10_000, before);

describe("condensing", () => {
  for (const [text, left] of [
    [
      `The container is being deleted.\nRequestId:${GUID}\nTime:2026-11-27T01:00:00.1234567Z`,
      "The container is being deleted.",
    ],
    [
      `AADSTS700016: No application 'x'. Trace ID: ${GUID} Correlation ID: ${GUID} Timestamp: 2026-11-27 01:00:00Z`,
      "AADSTS700016: No application 'x'.",
    ],
    [
      `invalid_client: Error(s): 700016 - Timestamp: 2026-11-27 01:00:00Z - Description: AADSTS700016: No. - Correlation ID: ${GUID} - Trace ID: ${GUID}`,
      "invalid_client: Error(s): 700016 - Description: AADSTS700016: No.",
    ],
    [`It failed (tracking id is '${GUID}'). See inner errors.`, "It failed. See inner errors."],
    ["It failed, x-ms-correlation-request-id: westeurope:2026:abc-1. Again.", "It failed. Again."],
    [`Failed; client request id ${GUID}, at noon.`, "Failed, at noon."],
    [
      "The token's expiry '11/27/2026 1:00:00 AM' is earlier than current UTC time '11/27/2026 1:05:00 AM'.",
      "The token's expiry '11/27/2026 1:00:00 AM' is earlier than current UTC time.",
    ],
    ["Do not. If access was recently granted, please refresh your credentials.", "Do not."],
  ] as const) {
    it(`leaves out what is of one request alone: ${left}`, () => assert.equal(all(text), left));
  }

  it("keeps ids and times that are data", () => {
    for (const text of [
      `identity ${GUID} is not known`,
      "immutable until 2026-12-01T00:00:00Z",
      "the request identifier is no GUID",
      "time: never",
    ]) {
      assert.equal(all(text), text);
    }
  });

  it("names a resource in full once, and then by what is different", () => {
    assert.equal(all(`'${ACCOUNT}' and '${ACCOUNT}'`), `'${ACCOUNT}' and '…/storageAccounts/kl2pd4x5q7rstuvwxyz23abc'`);
    const group = GROUP.replace("resourceGroups", "resourcegroups");
    assert.equal(all(`locked: '${group}'`, CONTAINER), "locked: '…/resourcegroups/rg-platform-storage-weu'");
    assert.equal(all(`${GROUP}/providers/A.B/locks/x.`, GROUP), "…/providers/A.B/locks/x.");
    assert.equal(all(`${SUBSCRIPTION}/resourceGroups/other`, GROUP), "…/resourceGroups/other");
  });

  it("never leaves it open where something is: a subscription's own resources, and other providers, stay in full", () => {
    const lock = `${SUBSCRIPTION}/providers/Microsoft.Authorization/locks/freeze`;
    const policy = "/providers/Microsoft.Authorization/policyDefinitions/8c6a50c6";
    for (const id of [lock, policy, SUBSCRIPTION])
      assert.equal(all(id, `${CONTAINER} /providers/Microsoft.Authorization/x/y`), id);
  });

  it("cuts inside, so that the scope that is locked survives", () => {
    const { message } = scopeLocked(CONTAINER, "delete", `${GROUP}/providers/Microsoft.Network/virtualNetworks/hub`);
    const text = condense(`${"word ".repeat(500)}${message}`, 400);
    assert(text.length <= 400 && text.startsWith("word word") && text.includes("…"), text);
    assert.match(text, /locked: '…\/providers\/Microsoft\.Network\/virtualNetworks\/hub'\. Please remove the lock/);
  });

  it("leaves no secret in", () => {
    const text = condense(`Authorization: Bearer ${"a1".repeat(40)} and more ${"x ".repeat(300)}`, 300);
    assert(!text.includes("a1a1"), text);
  });
});

/** What Azure's texts are made of. */
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/);
const id = fc
  .tuple(fc.uuid(), name, fc.array(fc.tuple(name, name), { maxLength: 3 }))
  .map(
    ([subscription, group, pairs]) =>
      `/subscriptions/${subscription}/resourceGroups/${group}${pairs.map(([type, own]) => `/providers/A.B/${type}/${own}`).join("")}`,
  );
const varying = fc
  .tuple(fc.constantFrom("RequestId:", "Trace ID: ", "correlation id ", "tracking id is "), fc.uuid())
  .map((parts) => parts.join(""));
const part = fc.oneof(
  id.map((each) => `'${each}'`),
  varying,
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.lorem({ maxCount: 8 }),
  fc.constantFrom(".", ",", "\n", "😀", "x".repeat(200), "😀".repeat(60)),
);
const answer = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(" "));

describe("whatever Azure says, what is left of it", () => {
  it("has the length that was asked for, one line, and a mark where something was cut off", () => {
    fc.assert(
      fc.property(answer, fc.integer({ min: 40, max: 900 }), (text, most) => {
        const left = condense(text, most);
        assert(left.length <= most, `${left.length} of ${most}`);
        assert(!/[\r\n]/.test(left));
        const whole = all(text);
        if (whole.length > most) assert(left.includes("…"), left);
        else assert.equal(left, whole);
      }),
    );
  });

  it("is the same when it is condensed again", () => {
    fc.assert(
      fc.property(answer, fc.integer({ min: 40, max: 900 }), id, (text, most, before) => {
        const left = condense(text, most, before);
        assert.equal(condense(left, most, before), left);
      }),
    );
  });

  it("splits no character and no id", () => {
    fc.assert(
      fc.property(answer, fc.integer({ min: 40, max: 400 }), (text, most) => {
        const left = condense(text, most);
        assert(left.isWellFormed() || !text.isWellFormed(), left);
        const ids = [...text.matchAll(/'(\/subscriptions\/[^']*)'/g)].map(([, each]) => each ?? "");
        const names = ids.map((each) => each.split("/").at(-1));
        for (const [, quoted = ""] of left.matchAll(/'((?:…)?\/[^'…]*)'/g)) {
          assert(
            ids.some((each) => each === quoted || each.endsWith(quoted.replace("…", ""))),
            `${quoted} is no id of ${ids}`,
          );
          assert(names.includes(quoted.split("/").at(-1)), quoted);
        }
      }),
    );
  });

  it("still ends with the names at the end of a text that is too long", () => {
    fc.assert(
      fc.property(answer, id, name, (text, scope, last) => {
        const left = condense(`${text} ${"filler ".repeat(200)} locked: '${scope}' by ${last}`, 500);
        assert(left.endsWith(`by ${last}`), left);
        assert(left.includes(scope.split("/").at(-1) ?? ""), left);
      }),
    );
  });
});
