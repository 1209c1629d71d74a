// The controller's token goes to ARM's own host alone, wherever a link leads.
import assert from "node:assert/strict";
import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import { createOwnHostPolicy } from "../../../src/azure/own-host.ts";

describe("a request to ARM", () => {
  const sentTo = async (url: string) => {
    const sent: string[] = [];
    await createOwnHostPolicy("https://management.azure.com").sendRequest(
      createPipelineRequest({ url }),
      async (request) => {
        sent.push(request.url);
        return { request, status: 200, headers: createHttpHeaders() };
      },
    );
    return sent;
  };

  for (const [link, own] of [
    ["https://eastus.storage.example/subscriptions/s?x=1&$skipToken=a%2Fb", "/subscriptions/s?x=1&$skipToken=a%2Fb"],
    ["https://management.azure.com:8443/subscriptions/s", "/subscriptions/s"],
    ["http://management.azure.com/subscriptions/s", "/subscriptions/s"],
    ["https://management.azure.com.evil.example//evil.example/x", "//evil.example/x"],
    ["https://user:secret@management.azure.com/subscriptions/s", "/subscriptions/s"],
  ] as const) {
    it(`that a link sends to ${link} goes to ARM`, async () => {
      assert.deepEqual(await sentTo(link), [`https://management.azure.com${own}`]);
    });
  }

  it("to ARM is left as it is", async () => {
    const url = "https://management.azure.com/subscriptions/s?api-version=2022-04-01";
    assert.deepEqual(await sentTo(url), [url]);
  });
});
