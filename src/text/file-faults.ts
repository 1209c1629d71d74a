/** Why the system does not open a file or a socket, in words for the person who named it. */

/** What is wrong with the name, continuing the line after it, and what to do. */
interface Fault {
  readonly wrong: string;
  readonly fix: string;
}

const FILE_FAULTS: Readonly<Record<string, Fault>> = {
  ENOENT: { wrong: "does not exist", fix: "name a file that does, or mount it there" },
  EISDIR: { wrong: "is a folder", fix: "name a file in it" },
  ENOTDIR: { wrong: "leads through something that is not a folder", fix: "correct the path" },
  ENAMETOOLONG: { wrong: "is longer than a path may be", fix: "name a file" },
  ELOOP: { wrong: "is a link to itself", fix: "name the file itself" },
  EACCES: { wrong: "may not be read by this process", fix: "let its user read the file and enter its folders" },
  EPERM: { wrong: "may not be read by this process", fix: "let its user read the file and enter its folders" },
};

/** Of a file that was to be read. */
export function fileFault(error: unknown): Fault {
  const code = systemCodeOf(error);
  return FILE_FAULTS[code] ?? { wrong: `cannot be read (${code})`, fix: "see that the file can be read" };
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process listens there; stop it, or choose another port (port 0 lets the system choose)",
  EADDRNOTAVAIL:
    "this machine has no such address; use one of its own, such as 127.0.0.1, or leave the host out for all",
  EACCES: "this process may not listen on that port; choose one above 1023",
  ENOTFOUND: "this host name does not resolve; use an address of this machine, such as 127.0.0.1",
  EAI_AGAIN: "this host name does not resolve; use an address of this machine, such as 127.0.0.1",
};

/** Why nothing can be served at an address, with the way out. */
export function listenFault(error: unknown): string {
  const code = systemCodeOf(error);
  return LISTEN_FAULTS[code] ?? `the system refuses it (${code})`;
}

/** `ENOENT` and the like, or the error in short. */
export function systemCodeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" ? code : String(error).slice(0, 100);
}
