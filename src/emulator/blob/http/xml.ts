/** XML as Blob writes and reads it: elements with text, no mixed content, no namespaces. */
import { ownValue } from "../../json.ts";

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** A parsed element; Blob's documents never mix text and children in one element. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Without entities; leading and trailing white space is kept. */
  readonly text: string;
}

/** Text that needs no escaping: without surrogates and without characters to escape or omit. */
const PLAIN = /^[\t\n !#-%'-;=?-\ud7ff\ue000-\ufffd]*$/;

/** Escapes text for an element or an attribute. Characters that XML 1.0 does not permit are omitted. */
export function escapeXml(text: string): string {
  if (PLAIN.test(text)) return text; // the usual case, and a listing has a hundred thousand of them
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/\r/g, "&#xD;");
}

/** `<name>text</name>`, or `<name />` when the text is empty. */
export function element(name: string, text: string | number | boolean): string {
  const escaped = escapeXml(String(text));
  return escaped === "" ? `<${name} />` : `<${name}>${escaped}</${name}>`;
}

/** The same for an optional value: empty when it is absent. */
export function optionalElement(name: string, text: string | number | boolean | undefined): string {
  return text === undefined ? "" : element(name, text);
}

/** A whole document. Blob begins each with a byte order mark, which clients must accept. */
export function xmlDocument(root: string): string {
  return `\ufeff<?xml version="1.0" encoding="utf-8"?>${root}`;
}

/** Reads a document; undefined when it is not well-formed. DTDs are refused, which also ends entity attacks. */
export function parseXml(source: string): XmlElement | undefined {
  const token = /<\?[^?]*\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s<>/!?]+)[^<>]*?(\/?)>|([^<]+)/gy;
  const root: Open = { name: "", children: [], text: "" };
  const open: Open[] = [root];
  const text = source.replace(/^\ufeff/, "");
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null || !accept(open, match)) return undefined;
  }
  const complete = open.length === 1 && root.children.length === 1 && root.text.trim() === "";
  return complete ? root.children[0] : undefined;
}

interface Open {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

function accept(open: Open[], [, cdata, slash, name, selfClosing, text]: RegExpExecArray): boolean {
  const current = open.at(-1) as Open;
  if (cdata !== undefined) current.text += cdata;
  if (text !== undefined) {
    const plain = unescapeXml(text);
    if (plain === undefined) return false;
    current.text += plain;
  }
  if (name === undefined) return true;
  if (slash === "/") {
    open.pop();
    return open.length > 0 && current.name === name;
  }
  const started: Open = { name, children: [], text: "" };
  current.children.push(started);
  if (selfClosing !== "/") open.push(started);
  return true;
}

function unescapeXml(text: string): string | undefined {
  let faulty = false;
  const plain = text.replace(/&([^;\s]{0,10};?)/g, (whole, reference: string) => {
    const value = reference.endsWith(";") ? entity(reference.slice(0, -1)) : undefined;
    faulty ||= value === undefined;
    return value ?? whole;
  });
  return faulty ? undefined : plain;
}

function entity(name: string): string | undefined {
  const code = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(name);
  if (code === null) return ownValue(ENTITIES, name);
  const point = code[1] === undefined ? Number(code[2]) : Number.parseInt(code[1], 16);
  return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
}
