// The one library from text to value: what each reader accepts and how it normalises it, and that its refusal names a fix.
import assert from "node:assert/strict";
import { guid, hostName, location, resourceGroup, storageAccount } from "../../../src/text/azure-names.ts";
import { driverName, issuerUrl, namespace, serviceAccount } from "../../../src/text/kubernetes-names.ts";
import { accepts, boolean, choice, decimalNumber, type Parse, wholeNumber } from "../../../src/text/values.ts";

interface Row {
  readonly parse: Parse<unknown>;
  /** Text to value. */
  readonly accepted: Readonly<Record<string, unknown>>;
  readonly refused: readonly string[];
}

const ID = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const same = (...texts: string[]) => Object.fromEntries(texts.map((text) => [text, text]));

const READERS: Readonly<Record<string, Row>> = {
  guid: {
    parse: guid,
    accepted: { [ID]: ID, [ID.toUpperCase()]: ID },
    refused: ["", ID.replaceAll("-", ""), `{${ID}}`, `${ID} `],
  },
  "resource group": {
    parse: resourceGroup,
    accepted: same("rg-a", "RG.b(1)", "Ärger_1", "a".repeat(90)),
    refused: ["", "a.", "a/b", "a".repeat(91)],
  },
  location: {
    parse: location,
    accepted: { westeurope: "westeurope", "West Europe": "westeurope", EASTUS2: "eastus2" },
    refused: ["", "a", "west-europe", "a".repeat(41)],
  },
  "storage account": {
    parse: storageAccount,
    accepted: same("abc", "a".repeat(24)),
    refused: ["ab", "ABC", "a-b", "a".repeat(25)],
  },
  "host name": {
    parse: hostName,
    accepted: same("core.windows.net", "A-1.b"),
    refused: ["", "localhost", "https://x.y", "a..b", "-a.b", `${"a".repeat(64)}.b`],
  },
  ServiceAccount: {
    parse: serviceAccount,
    accepted: same("app", "a.b-c"),
    refused: ["", "App", "a:b", "-a", "a".repeat(254)],
  },
  namespace: { parse: namespace, accepted: same("a", "team-1"), refused: ["", "a.b", "A", "a-", "a".repeat(64)] },
  "driver name": {
    parse: driverName,
    accepted: same("keyless.blob.csi"),
    refused: ["", "Keyless", "a..b", "a".repeat(64)],
  },
  issuer: { parse: issuerUrl, accepted: same("https://a/b"), refused: ["", "http://a", "https://a?b", "https://a b"] },
  choice: { parse: choice(["Hot", "Cool"]), accepted: { Hot: "Hot", hOT: "Hot" }, refused: ["", "Cold"] },
  boolean: { parse: boolean, accepted: { true: true, FALSE: false }, refused: ["", "yes", "1"] },
  "whole number": {
    parse: wholeNumber(1, 64),
    accepted: { "1": 1, "64": 64, "007": 7 },
    refused: ["", "0", "65", "1.5", "+1", "1e1", "0x1"],
  },
  "decimal number": {
    parse: decimalNumber(0, 5),
    accepted: { "0": 0, "2.5": 2.5 },
    refused: ["", "5.1", "-1", ".5", "1e1", "Infinity"],
  },
};

describe("a text", () => {
  for (const [name, { parse, accepted, refused }] of Object.entries(READERS)) {
    it(`is read as ${name}`, () => {
      for (const [text, value] of Object.entries(accepted)) assert.deepEqual(parse(text), { value }, text);
    });

    it(`that is no ${name} is refused with what is wrong and a fix`, () => {
      for (const text of refused) {
        const parsed = parse(text);
        assert.ok("wrong" in parsed, `accepted ${JSON.stringify(text)}`);
        assert.match(parsed.wrong, /^(is|has) \S/);
        assert.match(parsed.fix, /^(use|give|write) \S/);
        assert.equal(accepts(parse, text), false);
      }
    });
  }
});
