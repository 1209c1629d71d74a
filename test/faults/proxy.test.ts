// A service whose only way to Azure is a proxy, by the variables that the SDKs read.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { type Cloud, startCloud } from "./support/cloud.ts";
import { requestOf, volumeName, volumeOf } from "./support/modes.ts";
import { type Service, startService } from "./support/service.ts";

/** A server on loopback; `stop` cuts its connections. */
async function listen(server: Server): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/**
 * Answers CONNECT alone, as a company's proxy does for HTTPS; every tunnel leads to `target`, and `onTunnel` hears where it was to
 * lead.
 */
function createProxy(target: number, onTunnel: (to: string) => void): Server {
  return createServer().on("connect", ({ url = "" }, socket: Socket) => {
    onTunnel(url);
    const outer = connect(target, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(outer).pipe(socket);
    });
    outer.on("error", () => {}).on("close", () => socket.destroy());
    socket.on("close", () => outer.destroy());
  });
}

describe("a service behind a proxy", function () {
  this.timeout(120_000);
  let cloud: Cloud;
  let service: Service | undefined;
  let readyFile: string;
  let wayPast: number;
  const direct: string[] = [];
  const tunnels: string[] = [];
  const servers: Awaited<ReturnType<typeof listen>>[] = [];
  const start = async (server: Server) => {
    const started = await listen(server);
    servers.push(started);
    return started.port;
  };
  let proxy: string;

  before(async () => {
    cloud = await startCloud();
    const target = Number(new URL(cloud.emulator.info.armEndpoint).port);
    proxy = `http://127.0.0.1:${await start(createProxy(target, (to) => tunnels.push(to)))}`;
    // The cloud's address as the service knows it: there is no answer from it without the proxy.
    wayPast = await start(createTcpServer((socket) => direct.push(`${socket.destroy().remotePort}`)));
    readyFile = join(cloud.folder, "ready-behind-proxy.json");
    const ready = await readFile(cloud.readyFile, "utf8");
    await writeFile(readyFile, ready.replaceAll(`127.0.0.1:${target}`, `127.0.0.1:${wayPast}`), { mode: 0o600 });
  });
  afterEach(async () => {
    await service?.kill();
    tunnels.length = 0;
  });
  after(async () => {
    for (const each of servers) await each.stop();
    await cloud?.stop();
  });

  async function create(number: number, options: NonNullable<Parameters<typeof startService>[1]>): Promise<void> {
    service = await startService(cloud, options);
    const request = requestOf(cloud.emulator, volumeName(number));
    const { volume_id: id } = volumeOf(await service.csi.controller("CreateVolume", request));
    const [, account, container] = id.split("#");
    assert(cloud.census().containers.includes(`${account}/${container}`), id);
  }

  for (const [number, variable] of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"].entries()) {
    it(`creates a volume through that of ${variable} alone`, async () => {
      await create(number, { readyFile, env: { [variable]: proxy } });
      assert.deepEqual([...new Set(tunnels)], [`127.0.0.1:${wayPast}`]);
      assert.deepEqual(direct, []);
    });
  }

  it("creates the container through it at the Blob service too (--container-api=blob)", async () => {
    await create(8, { readyFile, env: { HTTPS_PROXY: proxy }, flags: ["--container-api", "blob"] });
    const put = ({ service, method }: { service: string; method: string }) => service === "blob" && method === "PUT";
    assert.equal(cloud.calls().filter(put).length, 1);
    assert.deepEqual(direct, []);
  });

  it("reaches what NO_PROXY names without it", async () => {
    await create(9, { env: { HTTPS_PROXY: proxy, NO_PROXY: "127.0.0.1" } });
    assert.deepEqual(tunnels, []);
  });
});
