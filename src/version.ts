/**
 * The program's version, from package.json: for `--version`, GetPluginInfo, the metrics and the user agent.
 */
import manifest from "../package.json" with { type: "json" };

/** Semantic version, without a leading v. */
export const VERSION: string = manifest.version;
