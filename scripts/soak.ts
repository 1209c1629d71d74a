// `npm run soak -- --hours N`: the soak of test/faults in real time. Prints its figures, and exits with 1 when something was
// left in Azure, or memory or handles grew.
import { parseArgs } from "node:util";
import { runSoak } from "../test/faults/support/soak-run.ts";

const { values } = parseArgs({ options: { hours: { type: "string", default: "1" } } });
const hours = Number(values.hours);
if (!(hours > 0)) {
  console.error("soak: --hours must be a number above 0, such as 0.5");
  process.exit(2);
}
const figures = await runSoak({ realSeconds: hours * 3600, speed: 1 });
console.log(JSON.stringify(figures, undefined, 2));
const [memoryBefore, memoryAfter] = figures.memoryMiB;
const [handlesBefore, handlesAfter] = figures.handles;
const isFlat = memoryAfter - memoryBefore < 40 && handlesAfter - handlesBefore < 10;
process.exitCode = figures.left === 0 && isFlat ? 0 : 1;
