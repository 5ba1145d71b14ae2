/** What a client knows about tables; generated modules make these. */

import { fromBase64, NumberText, plain, type Json, type Parsed } from "./json.js";

/** The type of a column. */
export type ColumnType =
  | "text" | "integer" | "real" | "decimal" | "boolean" | "date" | "timestamp" | "uuid" | "json" | "bytes";

/** A way to related rows, at run time: the table, and how the REST interface calls the way. */
export interface Relation {
  readonly table: string;
  readonly target: string;
}

/** A table, at run time. */
export interface Table {
  readonly key: readonly string[];
  readonly columns: ReadonlyMap<string, ColumnType>;
  readonly relations: ReadonlyMap<string, Relation>;
}

/** All tables, and the fingerprint of the schema that they were generated from. */
export interface Schema {
  readonly fingerprint: string;
  readonly tables: ReadonlyMap<string, Table>;
  readonly queries: ReadonlyMap<string, SavedQuery>;
}

/** A saved query, at run time: the types of its parameters, and of the columns of its rows. */
export interface SavedQuery {
  readonly parameters: ReadonlyMap<string, ColumnType>;
  readonly columns: ReadonlyMap<string, ColumnType>;
}

/** The types of a saved query: what it is called with, and its rows. */
export interface QueryTypes {
  Arguments: object;
  Found: object;
}

/** The types of all saved queries by their names. */
export type QueriesOf<Q> = { [N in keyof Q]: QueryTypes };

/** What a call is given: nothing need be, where every argument may be left out. */
export type Given<A> = object extends A ? [given?: A] : [given: A];

/** The types of a table: its rows, what can be inserted and updated, and its relations. */
export interface TableTypes {
  Row: object;
  Insert: object;
  Update: object;
  Relations: object;
}

/** The types of all tables by their names. */
export type TablesOf<T> = { [N in keyof T]: TableTypes };

/** A relation to one row, or none. */
export interface One<N extends string> {
  table: N;
  many: false;
}

/** A relation to any number of rows. */
export interface Many<N extends string> {
  table: N;
  many: true;
}

/** Turn the values of a row into what the types of their columns say, in place. */
export function decodeRow(row: { [name: string]: Parsed }, columns: ReadonlyMap<string, ColumnType>): object {
  const decoded = row as Record<string, unknown>;
  for (const name of Object.keys(row)) {
    decoded[name] = decodeValue(row[name] as Parsed, columns.get(name));
  }
  return row;
}

function decodeValue(value: Parsed, type: ColumnType | undefined): unknown {
  if (value instanceof NumberText) {
    if (type === "integer") return BigInt(value.text);
    if (type === "decimal") return value.text;
    if (type === "real") return Number(value.text);
  }
  if (type === "bytes" && typeof value === "string") return fromBase64(value);
  return plain(value) as Json;
}

/** Refuse numbers that were rounded before they came here. */
export function checkRow(row: object, columns: ReadonlyMap<string, ColumnType>): void {
  for (const [name, value] of Object.entries(row)) {
    if (typeof value === "number" && columns.get(name) === "integer" && !Number.isSafeInteger(value)) {
      throw new RangeError(`${value} in ${name} is not exact; write a bigint, such as 9007199254740993n`);
    }
  }
}
