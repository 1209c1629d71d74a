/**
 * The SDK clients without those of their policies that do nothing here: each is a step of every request, on the way out and back.
 * Left are the bearer token with its challenge, retries, redirects, the proxy, the headers of user agent and request id, and the
 * ones that read and write bodies.
 */
import type { Pipeline } from "@azure/core-rest-pipeline";

/** By their names in the SDKs (core-rest-pipeline and ts-http-runtime, src/policies; @azure-rest/core-client, apiVersionPolicy). */
const IDLE: readonly string[] = [
  // Forms and parts: all that is sent to ARM is JSON, and http-client.ts refuses the rest.
  "formDataPolicy",
  "multipartPolicy",
  // It asks for packed answers. Those of a volume are smaller than what unpacking costs, and http-client.ts unpacks what comes packed.
  "decompressResponsePolicy",
  // It makes a native signal of one that is not: http-client.ts takes both.
  "wrapAbortSignalLikePolicy",
  // It describes each request for a tracer, which this process has none of, and only then asks whether there is one.
  "tracingPolicy",
  // It adds a version to an address that has none: api-versions.ts decides the version of every request.
  "ApiVersionPolicy",
];

/** The same client. */
export function withLeanPipeline<Client extends { readonly pipeline: Pipeline }>(client: Client): Client {
  for (const name of IDLE) client.pipeline.removePolicy({ name });
  return client;
}
