/** Finds the path of a call. */

import { blobsOf } from "../../blob/blobs/find.ts";
import { requireContainer } from "../../blob/containers/find.ts";
import { ROOT_ACCESS } from "../../blob/namespace/acl.ts";
import { accessOf } from "../../blob/namespace/view.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import type { PathAccess } from "../../world.ts";
import { DfsError } from "../errors.ts";
import type { DfsRequest } from "../request.ts";

/** The file or directory; 404 PathNotFound, also for the root, which has no record of its own. */
export function requirePath(request: DfsRequest): Blob {
  const blob = blobsOf(request).find(request.blob);
  if (blob === undefined) throw new DfsError("PathNotFound");
  return blob;
}

/** The file; 409 for a directory. */
export function requireFileAt(request: DfsRequest): Blob {
  const blob = requirePath(request);
  if (blob.isDirectory === true) throw new DfsError("ResourceTypeMismatch");
  return blob;
}

/** A path, or the root of the filesystem, as far as access control sees it. */
export interface Guarded {
  /** Undefined for the root. */
  readonly blob: Blob | undefined;
  readonly isDirectory: boolean;
  readonly access: PathAccess;
  readonly etag: string;
  readonly lastModified: number;
  setAccess(access: PathAccess): void;
}

/** The path of the call, or the root when it names none. */
export function openGuarded(request: DfsRequest): Guarded {
  const container = requireContainer(request);
  if (request.blob !== "") return guarded(requirePath(request));
  const { etag, lastModified } = container;
  return {
    blob: undefined,
    isDirectory: true,
    access: container.rootAccess ?? ROOT_ACCESS,
    etag,
    lastModified,
    setAccess: (access) => {
      container.rootAccess = access;
    },
  };
}

/** The same for a record. */
export function guarded(blob: Blob): Guarded {
  const { etag, lastModified, isDirectory = false } = blob;
  return {
    blob,
    isDirectory,
    access: accessOf(blob),
    etag,
    lastModified,
    setAccess: (access) => {
      blob.access = access;
    },
  };
}
