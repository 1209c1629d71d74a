/** Collects from the controller's observer each step with its time and its calls to Azure. */
import type { AppObserver } from "../../telemetry/observer.ts";

export interface StepTime {
  readonly step: string;
  readonly milliseconds: number;
  /** `PUT storageAccounts -> 202`, in the order in which they were answered. */
  readonly calls: readonly string[];
}

export interface StepTimes {
  readonly observer: Partial<AppObserver>;
  /** Returns the steps since the last call and clears them. */
  take(): StepTime[];
}

/** For one volume at a time. */
export function createStepTimes(): StepTimes {
  let steps: StepTime[] = [];
  let begun = 0;
  let calls: string[] = [];
  return {
    observer: {
      stepBegun() {
        begun = performance.now();
        calls = [];
      },
      azureCalled: ({ operation, status }) => void calls.push(`${withoutProvider(operation)} -> ${status}`),
      stepDone(step) {
        steps.push({ step, milliseconds: Math.round(performance.now() - begun), calls });
      },
    },
    take() {
      const taken = steps;
      steps = [];
      return taken;
    },
  };
}

/** `PUT Microsoft.Storage/storageAccounts` is `PUT storageAccounts` for a reader of the demo. */
function withoutProvider(operation: string): string {
  return operation.replace(/ [^ /]+\//, " ");
}
