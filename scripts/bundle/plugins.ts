// How esbuild reads the sources of a bundle.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "esbuild";

/** Replaces a file by the one beside it that is meant for bundles. */
export function replace(from: string, to: string): Plugin {
  return {
    name: `${to} for ${from}`,
    setup(builder) {
      builder.onResolve({ filter: new RegExp(`/${from}\\.ts$`) }, ({ resolveDir }) => ({
        path: join(resolveDir, `${to}.ts`),
      }));
    },
  };
}

const KUBERNETES_CLIENT = /[\\/]@kubernetes[\\/]client-node[\\/]dist\b/;

/**
 * Leaves out what is not used of @kubernetes/client-node, nearly all of it. Its modules only declare (each model assigns its
 * own fields), but its package.json does not say so with `sideEffects`, as the packages of Azure do.
 */
export const unusedKubernetesClient: Plugin = {
  name: "unused-kubernetes-client",
  setup(builder) {
    builder.onResolve({ filter: /^(@kubernetes\/client-node$|\.)/ }, async (wanted) => {
      const { path, resolveDir, kind, importer, pluginData } = wanted;
      if (pluginData === "asked" || (path.startsWith(".") && !KUBERNETES_CLIENT.test(resolveDir))) return undefined;
      const found = await builder.resolve(path, { resolveDir, kind, importer, pluginData: "asked" });
      return { path: found.path, errors: found.errors, sideEffects: false };
    });
  },
};

/**
 * Escapes what is not ASCII. esbuild does so in strings, but not in regular expressions, and a single character makes V8 keep
 * the whole program with two bytes for each. As \u escapes they mean the same in a string, a template and a regular expression.
 */
export const asciiOnly: Plugin = {
  name: "ascii-only",
  setup(builder) {
    builder.onLoad({ filter: /\.([cm]?js|ts)$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source.replace(
        /[^\0-\x7f\s]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
      return contents === source ? undefined : { contents, loader: path.endsWith(".ts") ? "ts" : "js" };
    });
  },
};
