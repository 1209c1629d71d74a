// What the Azure SDKs cost beyond bare requests: the three requests of a warm volume through ARM, by each.
import { median } from "../arithmetic.ts";
import { alternate, type Context, newLoad, runBlock } from "../context.ts";
import type { PartReport } from "../report.ts";
import { startStandInProcess } from "../stand-in/process.ts";
import { type Subject, startBareRequests, startDoNothing, startSdkRequests } from "../subjects.ts";

const KINDS = ["GET containers", "PUT containers", "PUT roleAssignments"];

export async function measureSdk(context: Context): Promise<PartReport> {
  const { environment, isShort } = context;
  context.say("the SDKs' requests beside bare ones");
  const way = { name: "arm", containerApi: "arm", grantScope: "container", hasKubernetes: false } as const;
  const standIn = await startStandInProcess(environment.folder, "stand-in-sdk");
  const subjects: Subject[] = [];
  try {
    subjects.push(await startSdkRequests(environment, standIn.cloudFile));
    subjects.push(await startBareRequests(environment, KINDS, standIn.cloudFile));
    subjects.push(await startDoNothing(environment));
    for (const subject of subjects) await runBlock(subject, await newLoad(way, isShort ? 300 : 2_000, 100));
    const [sdk = [], bare = [], nothing = []] = await alternate(subjects, isShort ? 3 : 7, () =>
      newLoad(way, isShort ? 400 : 1_500, 100),
    );
    const each = bare.map(({ cpuMs }, block) => ((sdk[block]?.cpuMs ?? Number.NaN) - cpuMs) / KINDS.length);
    const references = [
      {
        name: "a bare request",
        value: median(bare.map(({ cpuMs }, i) => (cpuMs - (nothing[i]?.cpuMs ?? 0)) / KINDS.length)),
      },
    ];
    const rows = [{ name: "processor time a request, beyond a bare one", unit: "ms", value: median(each), references }];
    return { key: "sdk", title: "What the Azure SDKs cost", rows, notes: NOTES };
  } finally {
    for (const subject of subjects) await subject.stop();
    await standIn.stop();
  }
}

const NOTES = ["The SDKs' clients as the controller builds them: its policies, its HTTP client, no log."];
