/** JSON whose numbers are never rounded. */

import { Garbled } from "./errors.js";

/** Any JSON value. Whole numbers that a `number` cannot hold are `bigint`. */
export type Json = null | boolean | number | bigint | string | Json[] | { [name: string]: Json };

/** A number as it stands in a text. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** JSON as it was read, before it is known of what types its numbers are. */
export type Parsed = null | boolean | NumberText | string | Parsed[] | { [name: string]: Parsed };

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/** Read JSON and keep every digit of its numbers. */
export function parse(text: string): Parsed {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

class Reader {
  private position = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  value(): Parsed {
    this.match(SPACE);
    switch (this.text[this.position]) {
      case "{": return this.object();
      case "[": return this.array();
      case '"': return this.string();
      default: return this.scalar();
    }
  }

  end(): void {
    this.match(SPACE);
    if (this.position < this.text.length) this.fail();
  }

  private object(): Parsed {
    const found: { [name: string]: Parsed } = {};
    this.items("}", () => {
      this.match(SPACE);
      const name = this.string();
      this.match(SPACE);
      if (!this.take(":")) this.fail();
      // A member may be called __proto__, which an assignment would take for something else.
      Object.defineProperty(found, name, { value: this.value(), enumerable: true, writable: true, configurable: true });
    });
    return found;
  }

  private array(): Parsed {
    const found: Parsed[] = [];
    this.items("]", () => found.push(this.value()));
    return found;
  }

  private items(end: string, read: () => void): void {
    this.position += 1;
    this.match(SPACE);
    if (this.take(end)) return;
    do {
      read();
      this.match(SPACE);
    } while (this.take(","));
    if (!this.take(end)) this.fail();
  }

  private string(): string {
    const found = this.match(STRING) ?? this.fail();
    return found.includes("\\") ? (JSON.parse(found) as string) : found.slice(1, -1);
  }

  private scalar(): Parsed {
    const number = this.match(NUMBER);
    if (number !== undefined) return new NumberText(number);
    return WORDS[this.match(WORD) ?? this.fail()] ?? null;
  }

  private take(token: string): boolean {
    if (this.text[this.position] !== token) return false;
    this.position += 1;
    return true;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    this.position += found?.length ?? 0;
    return found;
  }

  private fail(): never {
    throw new Garbled(`an answer is not JSON at character ${this.position + 1}`);
  }
}

/** Give JSON in which each number is what holds all its digits: a number, else a bigint, else a text. */
export function plain(value: Parsed): Json {
  if (value instanceof NumberText) return exact(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  for (const name of Object.keys(value)) value[name] = plain(value[name] as Parsed) as Parsed;
  return value as { [name: string]: Json };
}

function exact(text: string): number | bigint | string {
  const number = Number(text);
  if (/^-?\d+$/.test(text)) return Number.isSafeInteger(number) ? number : BigInt(text);
  return digits(String(number)) === digits(text) ? number : text;
}

/** Write a number in one form: its digits without zeros around them, and the power of ten of the last one. */
function digits(text: string): string {
  const [, sign, whole, part = "", power = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  if (whole === undefined) return text;
  const all = (whole + part).replace(/^0+/, "");
  const significant = all.replace(/0+$/, "");
  return `${sign}${significant}e${significant ? Number(power) - part.length + all.length - significant.length : 0}`;
}

/** Write a value as JSON; a bigint keeps its digits, and members that are `undefined` are left out. */
export function stringify(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`${value} is not a number that can be stored`);
    return String(value);
  }
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (value instanceof Uint8Array) return JSON.stringify(toBase64(value));
  if (Array.isArray(value)) return `[${value.map((item) => stringify(item ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, item]) => item !== undefined);
    return `{${members.map(([name, item]) => `${JSON.stringify(name)}:${stringify(item)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
