// The demo's CSI client serves the tests too: one client, one way to speak to the controller.
export * from "../../src/commands/demo/csi-client.ts";
