/** The entry point of a bundle: runs the program beside it. */
import { join } from "node:path";
import { readProgram, runProgram } from "./program.ts";

const path = join(import.meta.dirname, "program.js");
runProgram(path, readProgram(path));
