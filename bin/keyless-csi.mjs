#!/usr/bin/env node
// Starts the program from its sources. Only Node 24 and later run TypeScript directly, so the version is checked
// before the first TypeScript file is read.
import { requireNode } from "../scripts/require-node.mjs";

requireNode();
await import("../src/main.ts");
