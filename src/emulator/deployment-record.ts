/** What is kept of a deployment of an ARM template. */

/** A deployment of a template: its record, not what it has made. */
export interface Deployment {
  readonly id: string;
  readonly name: string;
  /** Of one at a subscription. */
  readonly location?: string;
  readonly at: number;
  readonly correlationId: string;
  readonly parameters: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
  readonly operations: DeploymentOperation[];
  state: "Accepted" | "Running" | "Succeeded" | "Failed";
  error?: Record<string, unknown>;
}

/** The PUT of one resource of a deployment. */
export interface DeploymentOperation {
  readonly operationId: string;
  readonly at: number;
  readonly statusCode: number;
  readonly target: { readonly id: string; readonly resourceType: string; readonly resourceName: string };
  readonly error?: Record<string, unknown>;
}
