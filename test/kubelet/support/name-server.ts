// A name server on loopback for a test's own namespace: Azure's public names resolve to 127.0.0.1, and no other name exists. A
// hosts file is not enough: an account's name is known only after its volume was created.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { AUTHORITATIVE_ANSWER, decode, encode, type Question, type StringAnswer } from "dns-packet";

const AZURE =
  /^(login\.microsoftonline\.com|login\.microsoft\.com|management\.azure\.com|[a-z0-9]+\.(blob|dfs)\.core\.windows\.net)$/i;
/** RFC 1035, section 4.1.1: "Name Error". */
const NAME_ERROR = 3;

export interface NameServer {
  close(): void;
}

/** Listens on port 53 of 127.0.0.1, as resolvers expect: only in a network namespace of its own. */
export async function startNameServer(): Promise<NameServer> {
  const socket = createSocket("udp4");
  socket.on("message", (message, { port, address }) => {
    const { id, questions = [] } = decode(message);
    const isKnown = questions.every(({ name }) => AZURE.test(name));
    const answers = isKnown ? questions.filter(({ type }) => type === "A").map(toLoopback) : [];
    const flags = AUTHORITATIVE_ANSWER | (isKnown ? 0 : NAME_ERROR);
    socket.send(
      encode({ type: "response", ...(id !== undefined && { id }), flags, questions, answers }),
      port,
      address,
    );
  });
  socket.bind(53, "127.0.0.1");
  await once(socket, "listening");
  return { close: () => socket.close() };
}

function toLoopback({ name }: Question): StringAnswer {
  return { type: "A", name, ttl: 1, data: "127.0.0.1" };
}
