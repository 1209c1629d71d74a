/** Text for a terminal. */

/** Columns of a terminal that nobody has widened. */
export const TERMINAL_COLUMNS = 80;

/** The lines of a paragraph, in whole words, each behind `indent`; a word that is longer than a line has its own. */
export function wrap(text: string, indent: string, columns = TERMINAL_COLUMNS): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > columns) lines.push(indent + word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
