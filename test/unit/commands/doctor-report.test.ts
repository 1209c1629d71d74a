// What `keyless-csi doctor` prints for people.
import assert from "node:assert/strict";
import { createTextReport } from "../../../src/commands/doctor/report.ts";
import { CHECKS } from "../../../src/doctor/catalogue.ts";
import type { CheckResult } from "../../../src/doctor/run.ts";
import { TERMINAL_COLUMNS } from "../../../src/text/wrap.ts";
import { createSink } from "../../support/sink.ts";

const FINDINGS: CheckResult["findings"] = [{ found: "it was found so ".repeat(8), fix: "do this and that ".repeat(8) }];

describe("the report of doctor", () => {
  for (const status of ["ok", "warning", "error", "unchecked", "not run"] as const) {
    it(`fits a terminal when every check is: ${status}`, () => {
      const { stream, text } = createSink();
      const report = createTextReport(stream, false);
      const results = CHECKS.map(({ id, category, title, needs = [] }): CheckResult => {
        const head = { id, category, title, status };
        return status === "not run"
          ? { ...head, findings: [], because: needs[0] ?? id }
          : { ...head, findings: FINDINGS };
      });
      for (const result of results) report.show(result);
      report.end(results);
      const lines = text().split("\n");
      assert(lines.length > CHECKS.length);
      assert.deepEqual(
        lines.filter(({ length }) => length > TERMINAL_COLUMNS),
        [],
      );
    });
  }
});
