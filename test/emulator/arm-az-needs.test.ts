// What az asks of ARM beside the product's own calls: comments in a template's request, built-in policy definitions by name,
// and a new key in place of an old one.
import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";
import { administratorToken, send } from "../support/emulator-client.ts";

describe("what az needs of the emulator's ARM", () => {
  let arm: Arm;
  before(async () => {
    arm = await startArm();
  });
  after(() => arm.close());

  const raw = async (path: string, body: string) => {
    const headers = {
      authorization: `Bearer ${await administratorToken(arm.emulator)}`,
      "content-type": "application/json",
    };
    return send(arm.emulator, path, { method: "PUT", headers, body });
  };

  it("comments, last commas and a name without quotes, which az sends, in a deployment and in no other body", async () => {
    const template = `{ "$schema": "https://x//y", /* a, } */ "contentVersion": "1.0.0.0", // "b": 1,
      "resources": [], "outputs": { "o": { "type": "string", "value": "/* kept, ] */", }, }, }`;
    const path = `${arm.group}/providers/Microsoft.Resources/deployments/commented?api-version=2022-09-01`;
    const answer = await raw(path, `{ "properties": { "mode": "Incremental", template:${template} } }`);
    equal(answer.status, 201, answer.text);
    match((await arm.call("GET", path)).text, /"\/\* kept, \] \*\/"/);
    const group = await raw(
      `${arm.subscription}/resourceGroups/commented?api-version=2021-04-01`,
      '{ "location": "westeurope", }',
    );
    refused(group, 400, "InvalidRequestContent");
  });

  it("a built-in policy definition by its name, which a subscription does not have", async () => {
    const path =
      "/providers/Microsoft.Authorization/policyDefinitions/8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54?api-version=2022-06-01";
    const found = (await arm.call("GET", path)).json<{ properties: { policyType: string } }>();
    equal(found.properties.policyType, "BuiltIn");
    refused(await arm.call("GET", arm.subscription + path), 404, "PolicyDefinitionNotFound");
    refused(await arm.call("GET", path.replace("8c6a50c6", "00000000")), 404, "PolicyDefinitionNotFound");
  });

  it("another key in place of one, and an alarm as for every key that is handed out", async () => {
    const account = await arm.makeAccount("renewed1");
    const keys = async (rest: string, body: object = {}) => {
      const answer = await arm.call("POST", `${account}/${rest}`, { body });
      return answer.json<{ keys: { value: string }[] }>().keys.map(({ value }) => value);
    };
    const [first, second] = await keys("listKeys");
    const renewed = await keys("regenerateKey", { keyName: "key1" });
    notEqual(renewed[0], first);
    equal(renewed[1], second);
    deepEqual(await keys("listKeys"), renewed);
    refused(await arm.call("POST", `${account}/regenerateKey`, { body: { keyName: "key3" } }), 400, "InvalidKeyName");
    equal(arm.emulator.calls.report().alarms.length, 3);
  });
});
