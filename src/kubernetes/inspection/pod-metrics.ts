/** Metrics of single pods, which the API server fetches from them (its pod proxy): they need not be reached from here. */
import { type Api, apiPath } from "../api.ts";
import { type Attempt, attempt } from "./attempt.ts";
import type { PodPort } from "./pods.ts";

/** The controller's have some 100 KiB; those of a sidecar less. */
const MOST_BYTES = 8 << 20;

/** As Prometheus would scrape them. */
export async function readMetrics(api: Api, { namespace, name, port }: PodPort): Promise<Attempt<string>> {
  const path = apiPath`/api/v1/namespaces/${namespace}/pods/${`${name}:${port}`}/proxy/metrics`;
  const answer = await attempt(() => api.list(path, {}, MOST_BYTES));
  if ("why" in answer) return answer;
  const { text } = answer.value;
  return text === undefined ? { why: `the answer has more than ${MOST_BYTES} bytes` } : { value: text };
}
