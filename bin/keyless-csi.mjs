#!/usr/bin/env node
// Starts the program from its sources. Only Node 24 and later run TypeScript files as they are, so that is checked
// before the first of them is read.
import { requireNode } from "../scripts/require-node.mjs";

requireNode();
await import("../src/main.ts");
