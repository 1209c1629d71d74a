/** The demo's part of the page: forms that work without scripts, and what came of them. */
import { type Panel, section, toText } from "../../../emulator/admin/page.ts";
import { ACTIONS, BY_KEY, type DemoStage, type PageAttempt, type PageClaim } from "./stage.ts";

/** `notice`: what the last form has led to, where that was refused. `base` is the page's own path, with a slash at its end. */
export function renderPanel(stage: DemoStage, base: string, notice: string | undefined): Panel {
  const alert = notice === undefined ? "" : `<div class="alarm" role="alert">${toText(notice)}</div>`;
  return {
    forms: `${alert}${section("A claim of namespace demo", "claim", makeForm(stage, base))}`,
    live: [
      section("Claims", "claims", claimsTable(stage, base)),
      section("Who has tried to open one", "attempts", attemptsTable(stage.attempts())),
    ].join("\n"),
  };
}

function makeForm({ workloads }: DemoStage, base: string): string {
  return (
    `<form method="post" action="${base}claims">` +
    '<label>Name<input name="name" required pattern="[a-z0-9]([a-z0-9.-]{0,40}[a-z0-9])?" value="data"></label>' +
    `<label>ServiceAccount${select("workload", workloads)}</label><button>Make the claim</button></form>`
  );
}

function claimsTable(stage: DemoStage, base: string): string {
  const claims = stage.claims();
  if (claims.length === 0) return "";
  const rows = claims.map((claim) => `<tr>${claimCells(claim, stage, base)}</tr>`);
  return table(["Claim", "ServiceAccount", "Account / container", "Exchange a token and open it", ""], rows);
}

function claimCells({ name, workload, volume }: PageClaim, { workloads }: DemoStage, base: string): string {
  const { storageaccount = "", containerName = "" } = volume.volume_context;
  const hidden = `<input type="hidden" name="claim" value="${toText(name)}">`;
  const open =
    `<form method="post" action="${base}attempts">${hidden}${select("who", [...workloads, BY_KEY])}` +
    `${select("action", ACTIONS)}<button>Try</button></form>`;
  const remove = `<form method="post" action="${base}deletions">${hidden}<button>Delete</button></form>`;
  const cells = [
    toText(`demo/${name}`),
    toText(workload),
    toText(`${storageaccount} / ${containerName}`),
    open,
    remove,
  ];
  return cells.map((cell) => `<td>${cell}</td>`).join("");
}

function attemptsTable(attempts: readonly PageAttempt[]): string {
  if (attempts.length === 0) return "";
  const rows = attempts.map(({ claim, who, action, outcome }) => {
    const { status, code = "", text = "" } = outcome;
    const look = status < 400 ? "good" : "bad";
    const cells = [`demo/${claim}`, who, action].map((cell) => `<td>${toText(cell)}</td>`);
    return `<tr>${cells.join("")}<td class="${look}">${toText(`HTTP ${status} ${code}`)}</td><td>${toText(text)}</td></tr>`;
  });
  return table(["Claim", "Who", "What", "Answer", "Read"], rows);
}

function table(titles: readonly string[], rows: readonly string[]): string {
  const head = titles.map((title) => `<th scope="col">${toText(title)}</th>`).join("");
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function select(name: string, options: readonly string[]): string {
  const items = options.map((option) => `<option>${toText(option)}</option>`);
  return `<select name="${name}" aria-label="${name}">${items.join("")}</select>`;
}
