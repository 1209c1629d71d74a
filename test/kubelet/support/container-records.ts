// The fake container runtime's records of sandboxes and containers, and their views in CRI v1.
import type { ContainerProcess } from "./container-process.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Sandbox {
  readonly id: string;
  readonly config: {
    readonly metadata: { namespace: string; name: string };
    labels: Labels;
    annotations: Labels;
    log_directory: string;
  };
  readonly createdAt: bigint;
  isReady: boolean;
}

export interface Container {
  readonly id: string;
  readonly sandbox: Sandbox;
  readonly config: ContainerConfig;
  readonly logPath: string;
  readonly createdAt: bigint;
  process?: ContainerProcess;
  exitCode?: number;
  finishedAt?: bigint;
}

/** The fields of CRI's ContainerConfig that are read here. */
export interface ContainerConfig {
  readonly metadata: object;
  readonly image: { readonly image: string };
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly envs: readonly { readonly key: string; readonly value: string }[];
  readonly mounts: readonly {
    readonly host_path: string;
    readonly container_path: string;
    readonly readonly: boolean;
  }[];
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly log_path: string;
  readonly linux?: { readonly security_context?: SecurityContext };
}

export interface SecurityContext {
  readonly run_as_user?: { readonly value: string } | null;
  readonly run_as_group?: { readonly value: string } | null;
  readonly supplemental_groups?: readonly string[];
}

export function viewSandbox({ id, config, isReady, createdAt }: Sandbox) {
  return {
    id,
    metadata: config.metadata,
    labels: config.labels,
    annotations: config.annotations,
    created_at: String(createdAt),
    state: isReady ? "SANDBOX_READY" : "SANDBOX_NOTREADY",
  };
}

function stateOf({ process, exitCode }: Container): string {
  if (process === undefined) return "CONTAINER_CREATED";
  return exitCode === undefined ? "CONTAINER_RUNNING" : "CONTAINER_EXITED";
}

export function viewContainer(container: Container) {
  const { id, sandbox, config, createdAt } = container;
  return {
    id,
    pod_sandbox_id: sandbox.id,
    metadata: config.metadata,
    image: config.image,
    image_ref: config.image.image,
    image_id: config.image.image,
    state: stateOf(container),
    created_at: String(createdAt),
    labels: config.labels,
    annotations: config.annotations,
  };
}

export function statusOf(container: Container) {
  const { config, process, exitCode, finishedAt, logPath } = container;
  const isDone = exitCode !== undefined;
  return {
    ...viewContainer(container),
    started_at: String(process?.startedAt ?? 0n),
    finished_at: String(finishedAt ?? 0n),
    exit_code: exitCode ?? 0,
    reason: isDone ? (exitCode === 0 ? "Completed" : "Error") : "",
    mounts: config.mounts,
    log_path: logPath,
  };
}

interface Filter {
  readonly id?: string;
  readonly pod_sandbox_id?: string;
  readonly state?: { readonly state: string } | null;
  readonly label_selector?: Labels;
}

export function passes(
  item: { readonly id: string; readonly pod_sandbox_id?: string; readonly state: string; readonly labels: Labels },
  filter: Filter | null,
): boolean {
  const { id = "", pod_sandbox_id: sandboxId = "", state, label_selector: labels = {} } = filter ?? {};
  return (
    (id === "" || item.id === id) &&
    (sandboxId === "" || item.pod_sandbox_id === sandboxId) &&
    (!state || item.state === state.state) &&
    Object.entries(labels).every(([name, value]) => item.labels[name] === value)
  );
}
