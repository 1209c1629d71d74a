/** The style sheet of the page at `/_emulator/`: light and dark, no font or picture from elsewhere. */

export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --back: #f6f8fa; --card: #fff;
  --good: #1a7f37; --bad: #cf222e; --badback: #ffebe9; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #8d96a0; --line: #30363d; --back: #0d1117;
  --card: #161b22; --good: #3fb950; --bad: #ff7b72; --badback: #3c1618; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 90rem; padding: 1.5rem; background: var(--back); color: var(--ink);
  font: 14px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 1.4rem; }
h2 { margin: 0; padding: .7rem 1rem; font-size: 1rem; border-bottom: 1px solid var(--line); }
p { margin: .25rem 0 0; color: var(--soft); }
.alarm { margin: 1rem 0 0; padding: .6rem 1rem; border: 1px solid var(--bad); border-radius: 6px;
  background: var(--badback); color: var(--bad); font-weight: 600; overflow-wrap: anywhere; }
.figures { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0; padding: 0; list-style: none; }
.figures li { min-width: 9rem; padding: .6rem 1rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--card); color: var(--soft); }
.figures b { display: block; color: var(--ink); font-size: 1.5rem; line-height: 1.2; }
section { margin-bottom: 1.25rem; border: 1px solid var(--line); border-radius: 6px; background: var(--card); }
section > p { padding: .7rem 1rem; margin: 0; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .35rem 1rem; text-align: left; vertical-align: top; white-space: nowrap; }
th { color: var(--soft); font-size: .8rem; font-weight: 600; }
td { border-top: 1px solid var(--line); font: 12.5px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
td.long { white-space: pre-line; overflow-wrap: anywhere; min-width: 16rem; }
td.good { color: var(--good); }
td.bad { color: var(--bad); font-weight: 600; }
form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; padding: .7rem 1rem; border-top: 1px solid var(--line); }
h2 + form { border-top: 0; }
label { color: var(--soft); font-size: .8rem; }
input, select, button { display: block; margin-top: .2rem; padding: .35rem .6rem; border: 1px solid var(--line);
  border-radius: 6px; background: var(--back); color: var(--ink); font: inherit; }
button { cursor: pointer; font-weight: 600; }
`;
