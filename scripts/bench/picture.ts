// Draws lines as SVG: the same text for the same figures, with names at the lines' ends instead of a legend, and a dot for
// each figure that was measured: between the dots nothing was.
import type { Series } from "./report.ts";

export interface Picture {
  readonly title: string;
  readonly series: readonly Series[];
  /** Powers of ten at equal distances. Then all values must be above 0. */
  readonly isLogarithmic?: boolean;
}

const WIDTH = 760;
const HEIGHT = 380;
const LEFT = 70;
const RIGHT = 240;
const TOP = 50;
const BOTTOM = 55;
/** Of Okabe and Ito, which colour-blind readers can tell apart; each also has a pattern of its own. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DASHES = ["", "7 4", "2 3", "10 3 2 3", "4 2", "1 4"];
/** Between two names. */
const LINE_HEIGHT = 16;

/** Throws when there is nothing to draw. */
export function drawLines({ title, series, isLogarithmic = false }: Picture): string {
  const points = series.flatMap((each) => each.points);
  const [first] = series;
  if (first === undefined || points.length === 0) throw new Error(`nothing to draw: ${title}`);
  const most = { x: Math.max(...points.map(([x]) => x)), y: Math.max(...points.map(([, y]) => y)) };
  const ticksY = isLogarithmic ? powersOfTen(Math.min(...points.map(([, y]) => y)), most.y) : ticks(most.y);
  const ticksX = ticks(most.x);
  const [bottom = 0, top = 1] = [ticksY[0], ticksY.at(-1)];
  const share = isLogarithmic
    ? (y: number) => Math.log(y / bottom) / Math.log(top / bottom)
    : (y: number) => (y - bottom) / (top - bottom);
  const toX = (x: number) => round(LEFT + (x / (ticksX.at(-1) ?? 1)) * (WIDTH - LEFT - RIGHT));
  const toY = (y: number) => round(HEIGHT - BOTTOM - share(y) * (HEIGHT - TOP - BOTTOM));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="24" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...ticksY.map((y) => horizontal(toY(y), y)),
    ...ticksX.map((x) => `<text x="${toX(x)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${shownTick(x)}</text>`),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${escaped(first.x)}</text>`,
    `<text x="${LEFT}" y="${TOP - 8}" text-anchor="start">${escaped(first.y)}</text>`,
    ...series.map((each, index) => line(each, index, toX, toY)),
    ...names(series, toY),
    "</svg>",
    "",
  ].join("\n");
}

function horizontal(at: number, value: number): string {
  return (
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#ddd"/>` +
    `<text x="${LEFT - 8}" y="${at + 4}" text-anchor="end">${shownTick(value)}</text>`
  );
}

type Scale = (value: number) => number;

function line({ points }: Series, index: number, toX: Scale, toY: Scale): string {
  const path = points.map(([x, y]) => `${toX(x)},${toY(y)}`).join(" ");
  const dash = DASHES[index % DASHES.length];
  const style = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
  const dots = points.map(([x, y]) => `<circle cx="${toX(x)}" cy="${toY(y)}" r="3"/>`).join("");
  return (
    `<polyline points="${path}" fill="none" stroke="${colour(index)}" stroke-width="2"${style}/>` +
    `<g fill="${colour(index)}">${dots}</g>`
  );
}

/** Beside the lines' ends, moved apart where they would overlap. */
function names(series: readonly Series[], toY: Scale): readonly string[] {
  const placed = series
    .map(({ name, points }, index) => ({ name, index, at: toY(points.at(-1)?.[1] ?? 0) }))
    .toSorted((a, b) => a.at - b.at);
  let lowest = Number.NEGATIVE_INFINITY;
  return placed.map(({ name, index, at }) => {
    lowest = Math.max(at, lowest + LINE_HEIGHT);
    return `<text x="${WIDTH - RIGHT + 8}" y="${round(lowest + 4)}" fill="${colour(index)}">${escaped(name)}</text>`;
  });
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? "#000";
}

/** From 0 to at least `most`, in steps of 1, 2 or 5 times a power of ten: at most 6 of them. */
export function ticks(most: number): readonly number[] {
  const power = 10 ** Math.floor(Math.log10(most || 1));
  const step = [0.1, 0.2, 0.5, 1, 2].map((each) => each * power).find((each) => most / each <= 5) ?? most;
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, index) =>
    Number((index * step).toPrecision(12)),
  );
}

/** Those around the range from `least` to `most`. */
export function powersOfTen(least: number, most: number): readonly number[] {
  const [from, to] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  return Array.from({ length: Math.max(to, from + 1) - from + 1 }, (_, index) =>
    Number((10 ** (from + index)).toPrecision(12)),
  );
}

function shownTick(value: number): string {
  return value.toLocaleString("en-US");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
