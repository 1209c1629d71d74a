// (a) The cold stampede: 100 volumes of a class whose account does not exist yet, all at once.
import { type Context, newLoad, startOnStandIn, type Way } from "../context.ts";
import type { PartReport, Row } from "../report.ts";
import { startStandInProcess } from "../stand-in/process.ts";

const VOLUMES = 100;

/** How long an account takes, and until when everybody must be served. */
const CASES = [
  { accountSeconds: 2, mostSeconds: 4 },
  { accountSeconds: 20, mostSeconds: 1.2 * 20 + 5 },
];

export async function measureCold(context: Context): Promise<PartReport> {
  const rows: Row[] = [];
  for (const way of context.ways) {
    for (const each of context.isShort ? CASES.slice(0, 1) : CASES) {
      context.say(`cold stampede of ${VOLUMES}, ${way.name}, accounts of ${each.accountSeconds} s`);
      rows.push(...(await stampede(context, way, each)));
    }
  }
  const notes = [
    "Every call to the stand-in takes 50 ms. The one list is of role assignments, at the first use of an account in a process: a " +
      "former account of the same name may have left some.",
  ];
  return { key: "cold", title: `(a) Cold stampede of ${VOLUMES}`, rows, notes };
}

async function stampede(
  context: Context,
  way: Way,
  { accountSeconds, mostSeconds }: (typeof CASES)[number],
): Promise<readonly Row[]> {
  const { folder } = context.environment;
  const standIn = await startStandInProcess(folder, `stand-in-cold-${way.name.replaceAll(" ", "")}-${accountSeconds}`);
  await standIn.set({ delay: "50", accountMs: accountSeconds * 1000 });
  const product = await startOnStandIn(context, standIn, way);
  try {
    const { failed, failure, seconds, retries } = await product.loader.run(await newLoad(way, VOLUMES, VOLUMES));
    if (failed > 0) throw new Error(`${failed} volumes failed: ${failure}`);
    const { kinds, keys } = await standIn.counts();
    const listed = (type: RegExp) =>
      Object.entries(kinds)
        .filter(([kind]) => kind.startsWith("LIST ") && type.test(kind))
        .reduce((sum, [, count]) => sum + count, 0);
    const accounts = kinds["PUT storageAccounts"] ?? 0;
    const again = Object.values(retries).reduce((sum, count) => sum + count, 0);
    const name = `${way.name}, account ${accountSeconds} s`;
    const count = (what: string, value: number, atMost?: number): Row => {
      return {
        name: `${name}: ${what}`,
        unit: "",
        value,
        references: [],
        ...(atMost !== undefined && { bound: { atMost } }),
      };
    };
    return [
      { name: `${name}: all served after`, unit: "s", value: seconds, references: [], bound: { atMost: mostSeconds } },
      { ...count("account PUTs", accounts), bound: { atLeast: 1, atMost: 1 } },
      count("lists of accounts or containers", listed(/storageAccounts|containers/), 0),
      count("lists of role assignments", listed(/roleAssignments/)),
      count("requests for keys", keys, 0),
      count("calls sent again", again),
    ];
  } finally {
    await product.stop();
    await standIn.stop();
  }
}
