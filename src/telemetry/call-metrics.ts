/**
 * What is counted of CSI calls, under the name that sidecars use (csi-lib-utils) and those that gRPC servers use (go-grpc-middleware's
 * Prometheus provider). Nothing more is counted for the latter than when a call begins: the rest is read from the histogram at each
 * scrape.
 */
import { Histogram, type Metric, type Registry } from "prom-client";
import { type Row, watchCounter } from "./labelled.ts";

/** From a repeated call (some 0.1 s) to account creation (20-30 s) and the longest sidecar timeout. */
const BUCKETS_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600];

type OperationLabels = "driver_name" | "method_name" | "grpc_status_code";

/** What a service counts of its CSI calls. `method` is `/csi.v1.Controller/CreateVolume`, `code` the gRPC status' name. */
export interface CallMetrics {
  /** One CSI call has begun. */
  countCall(method: string): void;
  /** One finished CSI call. */
  observeOperation(call: { readonly method: string; readonly code: string; readonly seconds: number }): void;
}

export function countCalls(registry: Registry, driverName: string): CallMetrics {
  const started = new Map<string, number>();
  const operations = new Histogram<OperationLabels>({
    name: "csi_plugin_operations_seconds",
    help: "Duration of CSI calls by method and gRPC status.",
    labelNames: ["driver_name", "method_name", "grpc_status_code"],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  });
  deriveGrpcMetrics(registry, operations, started);
  return {
    countCall: (method) => void started.set(method, (started.get(method) ?? 0) + 1),
    observeOperation: ({ method, code, seconds }) =>
      operations.labels(driverName, method, toGoCode(code)).observe(seconds),
  };
}

const METHOD = ["grpc_type", "grpc_service", "grpc_method"];

/** `started`: method -> calls that have begun. */
function deriveGrpcMetrics(
  registry: Registry,
  operations: Histogram<OperationLabels>,
  started: ReadonlyMap<string, number>,
): void {
  watchCounter(
    registry,
    { name: "grpc_server_started_total", help: "RPCs begun, by method.", labelNames: METHOD },
    () => [...started].map(([method, count]): Row => [methodLabels(method), count]),
  );
  watchCounter(
    registry,
    {
      name: "grpc_server_handled_total",
      help: "RPCs ended, by method and gRPC status.",
      labelNames: [...METHOD, "grpc_code"],
    },
    async () =>
      (await operations.get()).values
        .filter(({ metricName = "" }) => metricName.endsWith("_count"))
        .map(
          ({ labels, value }): Row => [
            [...methodLabels(String(labels.method_name)), String(labels.grpc_status_code)],
            value,
          ],
        ),
  );
  const handling = { name: "grpc_server_handling_seconds", help: "Duration of RPCs by method.", type: "histogram" };
  const get = async () => ({ ...handling, values: await sumOverCodes(operations, handling.name) });
  // prom-client asks of a metric no more than this, but its type names the classes that it has.
  registry.registerMetric({ ...handling, get } as unknown as Metric);
}

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  value: number;
}

/** The histogram's samples under another name, those of a method's codes added up. */
async function sumOverCodes(operations: Histogram<OperationLabels>, name: string): Promise<readonly Sample[]> {
  const sums = new Map<string, Sample>();
  for (const { metricName = "", labels, value } of (await operations.get()).values) {
    const [type = "", service = "", method = ""] = methodLabels(String(labels.method_name));
    const suffix = metricName.slice(metricName.lastIndexOf("_"));
    const { le } = labels as { readonly le?: string | number };
    const key = `${service}/${method} ${suffix} ${le}`;
    const all = { grpc_type: type, grpc_service: service, grpc_method: method, ...(le !== undefined && { le }) };
    const sum = sums.get(key) ?? { metricName: `${name}${suffix}`, labels: all, value: 0 };
    sum.value += value;
    sums.set(key, sum);
  }
  return [...sums.values()];
}

/** `/csi.v1.Controller/CreateVolume` -> the values of `METHOD`. CSI has no streams here. */
function methodLabels(path: string): string[] {
  const [, service = "", method = ""] = path.split("/");
  return ["unary", service, method];
}

/** `FAILED_PRECONDITION` -> `FailedPrecondition`, as Go, and with it every sidecar, writes gRPC codes. */
function toGoCode(code: string): string {
  if (code === "OK") return code;
  return code.toLowerCase().replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase());
}
