/** Conditions on columns, and groups of them, in the grammar of the REST interface. */

import { stringify, toBase64 } from "./json.js";

/** What can be compared with a column. */
export type Scalar = string | number | bigint | boolean | Date | Uint8Array;

const SIMPLE = /^[\p{L}_][\p{L}\p{N}_]*$/u;
const PLAIN = /^[A-Za-z0-9_-]+$/;
const RESERVED = new Set([
  "select", "order", "limit", "offset", "and", "or", "not", "having", "columns", "on_conflict", "on_conflict_update",
  "cursor", "count",
]);

/** Write a name so that it means a column whatever it is called. */
export function quoted(name: string): string {
  return SIMPLE.test(name) && !RESERVED.has(name) ? name : inQuotes(name);
}

function inQuotes(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function operand(text: string): string {
  return PLAIN.test(text) ? text : inQuotes(text);
}

/** Write a value as it stands in an address. */
export function toText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return toBase64(value);
  if (value === null || value === undefined) {
    throw new TypeError("nothing equals null; use isNull()");
  }
  return stringify(value);
}

/** A value in a JSON column, made by `path`. */
export class Path {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Mean a value in a JSON column: `path("data", "tags", 0)`; it is compared as text. */
export function path(column: string, ...steps: (string | number)[]): Path {
  return new Path(joined(column, steps, "->>"));
}

/** Mean JSON in a JSON column, for `contains`, `containedIn` and `overlaps`. */
export function jsonPath(column: string, ...steps: (string | number)[]): Path {
  return new Path(joined(column, steps, "->"));
}

function joined(column: string, steps: (string | number)[], last: string): string {
  const parts = [column, ...steps].map((step) => (typeof step === "number" ? String(step) : quoted(step)));
  const end = parts.pop() ?? "";
  return parts.length === 0 ? end : `${parts.join("->")}${last}${end}`;
}

/** A condition; every method gives a new one. */
export interface Condition {
  /** Write it as a parameter of an address. */
  parameter(prefix: string): [string, string];
  /** Write it within a group. */
  term(): string;
  /** Give what is true where this is false. */
  not(): Condition;
}

export class Comparison implements Condition {
  private readonly column: string;
  private readonly operator: string;
  private readonly operand: string;
  private readonly isList: boolean;
  private readonly negated: boolean;

  constructor(column: string, operator: string, operand: string, isList = false, negated = false) {
    this.column = column;
    this.operator = operator;
    this.operand = operand;
    this.isList = isList;
    this.negated = negated;
  }

  parameter(prefix: string): [string, string] {
    return [prefix + this.column, `${this.verb}.${this.operand}`];
  }

  term(): string {
    return `${this.column}.${this.verb}.${this.isList ? this.operand : operand(this.operand)}`;
  }

  not(): Condition {
    return new Comparison(this.column, this.operator, this.operand, this.isList, !this.negated);
  }

  private get verb(): string {
    return this.negated ? `not.${this.operator}` : this.operator;
  }
}

export class Group implements Condition {
  private readonly kind: "and" | "or";
  private readonly items: readonly Condition[];
  private readonly negated: boolean;

  constructor(kind: "and" | "or", items: readonly Condition[], negated = false) {
    this.kind = kind;
    this.items = items;
    this.negated = negated;
  }

  parameter(prefix: string): [string, string] {
    return [prefix + this.name, `(${this.terms})`];
  }

  term(): string {
    return `${this.name}(${this.terms})`;
  }

  not(): Condition {
    return new Group(this.kind, this.items, !this.negated);
  }

  private get name(): string {
    return this.negated ? `not.${this.kind}` : this.kind;
  }

  private get terms(): string {
    return this.items.map((item) => item.term()).join(",");
  }
}

export function subject(column: string | Path): string {
  return column instanceof Path ? column.text : quoted(column);
}

/** Compare a column with a value by any operator of the REST interface: `compare("year", "gte", 1980)`. */
export function compare(column: string | Path, operator: string, value: Scalar): Condition {
  return new Comparison(subject(column), operator, toText(value));
}

/** Require that a column has one of some values. */
export function within(column: string | Path, values: readonly Scalar[]): Condition {
  return new Comparison(subject(column), "in", `(${values.map((value) => operand(toText(value))).join(",")})`, true);
}

/** Require all of some conditions. */
export function allOf(...items: Condition[]): Condition {
  return new Group("and", items);
}

/** Require any of some conditions. */
export function anyOf(...items: Condition[]): Condition {
  return new Group("or", items);
}

/** Require that none of some conditions is true. */
export function noneOf(...items: Condition[]): Condition {
  return new Group("or", items, true);
}

/** Write a key as a part of a path, with commas between the values of several columns. */
export function keyPath(key: readonly unknown[]): string {
  return key.map((part) => encodeURIComponent(toText(part))).join(",");
}

/** Write parameters as they stand behind a path. */
export function queryString(parameters: readonly (readonly [string, string])[]): string {
  const parts = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
