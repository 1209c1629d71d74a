/**
 * What keeps the page current without a reload: the page's one script, which fetches the page again and puts the new content in
 * place of the old. Without scripts the page is whole all the same. The policy of the page allows this script by its hash, so
 * that nothing else runs, whatever callers have sent.
 */
import { createHash } from "node:crypto";

/** The element whose content is replaced; a form outside of it keeps what somebody is typing. */
export const LIVE_ID = "live";

/** By origin and path: an address with a name and a password in it cannot be fetched. */
export const LIVE_SCRIPT = `
const shown = () => document.getElementById("${LIVE_ID}");
const note = document.getElementById("note");
async function renew() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.origin + location.pathname);
    if (!answer.ok) throw new Error();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById("${LIVE_ID}");
    if (next.innerHTML !== shown().innerHTML) shown().replaceWith(document.adoptNode(next));
    note.textContent = "It renews itself.";
  } catch {
    note.textContent = "It does not answer any more: what is shown is the last that it said.";
  }
}
note.textContent = "It renews itself.";
setInterval(renew, 1000);
`;

const hash = createHash("sha256").update(LIVE_SCRIPT).digest("base64");

/** The page's Content-Security-Policy: its own script and style, its own server, nothing else. */
export const PAGE_POLICY =
  `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; connect-src 'self'; form-action 'self'; ` +
  "base-uri 'none'; frame-ancestors 'none'";
