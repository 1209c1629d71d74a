// What no gRPC library would send: damaged messages, wrong frames, and bytes that speak no HTTP/2.
import type http2 from "node:http2";

export const METHODS = [
  "Controller/CreateVolume",
  "Controller/DeleteVolume",
  "Controller/ControllerExpandVolume",
  "Controller/ValidateVolumeCapabilities",
  "Controller/ListVolumes",
  "Controller/ControllerGetCapabilities",
  "Identity/Probe",
  "Identity/GetPluginInfo",
  "Identity/GetPluginCapabilities",
  "Controller/NoSuchMethod",
];

type Damage = (whole: Buffer, position: number, byte: number) => Buffer;

/** Ways in which a message can be damaged. */
export const DAMAGES: Readonly<Record<string, Damage>> = {
  changed: (whole, position, byte) =>
    Buffer.concat([whole.subarray(0, position), Buffer.of(byte), whole.subarray(position + 1)]),
  cut: (whole, position) => whole.subarray(0, position),
  doubled: (whole, position) => Buffer.concat([whole, whole.subarray(position)]),
  inserted: (whole, position, byte) =>
    Buffer.concat([whole.subarray(0, position), Buffer.alloc(byte, 0xff), whole.subarray(position)]),
  // Protobuf: an unknown field that is a group in a group in a group, never closed.
  nested: (whole, _position, byte) => Buffer.concat([whole, Buffer.alloc(byte * 400, 0x7b)]),
  // A length of 2^32 - 1 and more, with nothing after it.
  "endless length": (whole) => Buffer.concat([whole, Buffer.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)]),
};

export const NO_HTTP2 = [
  "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0000",
  `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\uffff".repeat(200)}`,
  "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
];

/** A gRPC frame: a flag byte, a length of four bytes, the message. */
export function frame(bytes: Uint8Array, form: string): Buffer {
  if (form === "bare") return Buffer.from(bytes);
  const head = Buffer.alloc(5);
  head.writeUInt8(form === "compressed flag" ? 1 : 0, 0);
  head.writeUInt32BE(form === "wrong length" ? bytes.length + 7 : bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** The gRPC status, or how the stream ended; undefined when nothing came within 10 s. */
export function post(session: http2.ClientHttp2Session, path: string, body: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    let answer: string | undefined;
    stream.setTimeout(10_000, () => stream.destroy());
    const take = (headers: http2.IncomingHttpHeaders) => {
      answer = String(headers["grpc-status"] ?? answer ?? headers[":status"]);
    };
    stream.on("response", take).on("trailers", take);
    stream.on("error", (error) => {
      answer ??= error.message;
    });
    stream.on("close", () => resolve(answer));
    stream.resume();
    stream.end(body);
  });
}
