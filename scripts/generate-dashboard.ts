// Generates the Grafana dashboard of the chart from a table of its panels: their queries are what matters, and a panel's JSON is
// long.

/** A query of Prometheus, and what its lines are called; `{{label}}` is replaced by Grafana. */
type Query = readonly [expression: string, legend: string];

interface Panel {
  readonly title: string;
  /** What it shows, for the (i) beside the title. */
  readonly about: string;
  /** Of Grafana: `s`, `ops`, `percentunit`, `bytes`, `short`. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** One number in place of lines; red from this value on. */
  readonly redFrom?: number;
}

const CREATE = 'method_name="/csi.v1.Controller/CreateVolume"';
const quantile = (q: number) =>
  `histogram_quantile(${q}, sum by (le) (rate(csi_plugin_operations_seconds_bucket{${CREATE},grpc_status_code="OK"}[$__rate_interval])))`;

/** Rows of panels, by the questions of an operator. */
export const ROWS: Readonly<Record<string, readonly Panel[]>> = {
  "Is it serving?": [
    {
      title: "Replicas signed in",
      about: "Replicas whose last sign-in to Azure worked.",
      unit: "short",
      queries: [["sum(keyless_csi_signed_in)", "signed in"]],
    },
    {
      title: "Replicas not ready",
      about: "Replicas whose /readyz answers 503.",
      unit: "short",
      queries: [["count(keyless_csi_ready == 0) or vector(0)", "not ready"]],
      redFrom: 1,
    },
    {
      title: "Accounts that are not keyless",
      about: "Accounts that are open now to something other than an Entra identity.",
      unit: "short",
      queries: [["max(keyless_csi_accounts_not_keyless)", "open"]],
      redFrom: 1,
    },
    {
      title: "Volumes that lost storage or access",
      about: "Volumes in use whose container or role assignment is gone.",
      unit: "short",
      queries: [["max(keyless_csi_volumes_without_storage) + max(keyless_csi_volumes_without_access)", "lost"]],
      redFrom: 1,
    },
  ],
  Claims: [
    {
      title: "CSI calls",
      about: "By method.",
      unit: "ops",
      queries: [["sum by (grpc_method) (rate(grpc_server_handled_total[$__rate_interval]))", "{{grpc_method}}"]],
    },
    {
      title: "Failed calls by reason",
      about: "Busy and Throttled end by themselves; docs/reference/errors.md has the others.",
      unit: "ops",
      queries: [["sum by (reason) (rate(keyless_csi_call_failures_total[$__rate_interval]))", "{{reason}}"]],
    },
    {
      title: "Time of CreateVolume",
      about: "An account alone takes Azure 20 to 30 s.",
      unit: "s",
      queries: [
        [quantile(0.5), "median"],
        [quantile(0.99), "99 %"],
      ],
    },
    {
      title: "Calls in flight",
      about: "In each replica; csi-provisioner sends up to 100 at once.",
      unit: "short",
      queries: [["keyless_csi_operations_in_flight", "{{instance}}"]],
    },
    {
      title: "Sidecars: calls that did not succeed",
      about: "As csi-provisioner and csi-resizer count them.",
      unit: "ops",
      queries: [
        [
          'sum by (method_name, grpc_status_code) (rate(csi_sidecar_operations_seconds_count{driver_name="keyless.blob.csi",grpc_status_code!="OK"}[$__rate_interval]))',
          "{{method_name}} {{grpc_status_code}}",
        ],
      ],
    },
  ],
  Azure: [
    {
      title: "Calls to Azure",
      about: "By operation; a retry counts again.",
      unit: "ops",
      queries: [["sum by (operation) (rate(keyless_csi_azure_requests_total[$__rate_interval]))", "{{operation}}"]],
    },
    {
      title: "Refused or unanswered",
      about: "By HTTP status; 0 is no answer. 404 is an ordinary answer, and left out.",
      unit: "ops",
      queries: [
        [
          'sum by (status) (rate(keyless_csi_azure_requests_total{status=~"0|4..|5..",status!="404"}[$__rate_interval]))',
          "{{status}}",
        ],
      ],
    },
    {
      title: "Time of a call to Azure, 99 %",
      about: "By operation.",
      unit: "s",
      queries: [
        [
          "histogram_quantile(0.99, sum by (le, operation) (rate(keyless_csi_azure_request_seconds_bucket[$__rate_interval])))",
          "{{operation}}",
        ],
      ],
    },
    {
      title: "Left of Azure's limits",
      about: "Calls that Azure allows now.",
      unit: "short",
      queries: [["min by (limit, operation) (keyless_csi_azure_budget_left)", "{{limit}} {{operation}}"]],
    },
    {
      title: "Waiting for Azure's limits",
      about: "Calls at once, on average.",
      unit: "short",
      queries: [
        [
          "sum by (limit, operation) (rate(keyless_csi_azure_budget_wait_seconds_total[$__rate_interval]))",
          "{{limit}} {{operation}}",
        ],
      ],
    },
    {
      title: "Throttled",
      about: "Answers that asked to wait.",
      unit: "ops",
      queries: [
        [
          "sum by (limit, operation) (rate(keyless_csi_azure_throttled_total[$__rate_interval]))",
          "{{limit}} {{operation}}",
        ],
      ],
    },
  ],
  "Quotas and pools": [
    {
      title: "Role assignments of the subscription",
      about: "Of how many it may hold. The limit is fixed.",
      unit: "percentunit",
      queries: [
        [
          "max by (subscription_id) (keyless_csi_role_assignments) / max by (subscription_id) (keyless_csi_role_assignments_limit)",
          "{{subscription_id}}",
        ],
      ],
    },
    {
      title: "Storage accounts of the region",
      about: "Of how many the subscription may hold.",
      unit: "percentunit",
      queries: [
        [
          "max by (subscription_id, location) (keyless_csi_storage_accounts) / max by (subscription_id, location) (keyless_csi_storage_accounts_limit)",
          "{{location}} {{subscription_id}}",
        ],
      ],
    },
    {
      title: "Pools",
      about: "Accounts made ahead, and how many are wanted.",
      unit: "short",
      queries: [
        ["max by (storage_class) (keyless_csi_pool_accounts)", "{{storage_class}}"],
        ["max by (storage_class) (keyless_csi_pool_accounts_wanted)", "{{storage_class}} wanted"],
      ],
    },
  ],
  "Background tasks and process": [
    {
      title: "Background tasks that failed",
      about: "By task.",
      unit: "ops",
      queries: [
        ['sum by (task) (rate(keyless_csi_background_runs_total{outcome="failed"}[$__rate_interval]))', "{{task}}"],
      ],
    },
    {
      title: "Surprises in an hour",
      about: "Accounts opened, tags taken away, deleted volumes that were not found.",
      unit: "short",
      queries: [
        ["sum(increase(keyless_csi_account_drift_total[1h]))", "drift"],
        ["sum(increase(keyless_csi_account_tags_lost_total[1h]))", "tags lost"],
        ['sum(increase(keyless_csi_nothing_deleted_total{missing!="file system"}[1h]))', "not found"],
      ],
    },
    {
      title: "Access beside the claims",
      about:
        "Role assignments that are missing, unexpected at volumes, or inherited from above: keyless-csi access shows them.",
      unit: "short",
      queries: [["max by (kind) (keyless_csi_access_differences)", "{{kind}}"]],
    },
    {
      title: "Memory",
      about: "Resident, of each replica.",
      unit: "bytes",
      queries: [["process_resident_memory_bytes and on (instance) keyless_csi_build_info", "{{instance}}"]],
    },
    {
      title: "Processor",
      about: "Cores, of each replica.",
      unit: "short",
      queries: [
        ["rate(process_cpu_seconds_total[$__rate_interval]) and on (instance) keyless_csi_build_info", "{{instance}}"],
      ],
    },
  ],
};

const SOURCE = { type: "prometheus", uid: "$" + "{datasource}" };
/** Grafana's grid has 24 columns. */
const COLUMNS = 24;

/** deploy/helm/keyless-csi/files/dashboard.json */
export async function generateDashboard(): Promise<string> {
  const panels: object[] = [];
  let y = 0;
  for (const [title, row] of Object.entries(ROWS)) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    });
    const isOfNumbers = row.some(({ redFrom }) => redFrom !== undefined);
    const [across, height] = isOfNumbers ? [4, 4] : [Math.min(3, row.length), 8];
    const width = COLUMNS / across;
    for (const [index, panel] of row.entries()) {
      const place = {
        x: (index % across) * width,
        y: y + 1 + Math.floor(index / across) * height,
        w: width,
        h: height,
      };
      panels.push(toPanel(panel, panels.length + 1, { place, isNumber: isOfNumbers }));
    }
    y += 1 + Math.ceil(row.length / across) * height;
  }
  return `${JSON.stringify({ ...FRAME, panels }, null, 1)}\n`;
}

interface Look {
  readonly place: Readonly<Record<"x" | "y" | "w" | "h", number>>;
  readonly isNumber: boolean;
}

function toPanel({ title, about, unit, queries, redFrom }: Panel, id: number, { place, isNumber }: Look): object {
  const steps = [{ color: "green", value: null }, ...(redFrom === undefined ? [] : [{ color: "red", value: redFrom }])];
  return {
    id,
    type: isNumber ? "stat" : "timeseries",
    title,
    description: about,
    datasource: SOURCE,
    gridPos: place,
    fieldConfig: { defaults: { unit, min: 0, thresholds: { mode: "absolute", steps } }, overrides: [] },
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: SOURCE,
      expr,
      legendFormat,
    })),
  };
}

const FRAME = {
  title: "keyless-csi",
  uid: "keyless-csi",
  tags: ["kubernetes", "csi", "azure"],
  schemaVersion: 39,
  editable: true,
  refresh: "1m",
  time: { from: "now-6h", to: "now" },
  templating: {
    list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", current: {}, hide: 0 }],
  },
};
