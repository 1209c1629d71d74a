// The demo's CSI client, which the tests use too.
export * from "../../src/commands/demo/csi-client.ts";
