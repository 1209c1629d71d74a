// The load generator's process: started by `startLoader` with a channel, one message for each load and each result.
import { createLoader, type Load } from "./load.ts";

const loader = createLoader(process.argv[2] ?? "");
process.on("message", (load: Load) => {
  loader.run(load).then(
    (result) => process.send?.(result),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
process.on("disconnect", () => process.exit());
