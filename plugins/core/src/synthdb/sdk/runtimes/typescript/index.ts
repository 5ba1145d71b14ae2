/** A client of SynthDB over HTTP. It needs a platform with `fetch` and nothing else. */

export { Client, reference, TableClient, type BatchResult, type Change } from "./client.js";
export {
  allOf, anyOf, compare, jsonPath, noneOf, path, within, type Condition, type Path, type Scalar,
} from "./conditions.js";
export { ClientError, Garbled, Incomplete, NotConnected, NotSingular, Refused, TimedOut, type Kind } from "./errors.js";
export type { Listening, LiveChange } from "./following.js";
export { parse, plain, stringify, type Json } from "./json.js";
export { Call, Pending, type Answer, type Failure, type Result } from "./pending.js";
export { Embed, Query } from "./query.js";
export type { Options } from "./session.js";
export type {
  ColumnType, Given, Many, One, QueriesOf, QueryTypes, Relation, SavedQuery, Schema, Table, TablesOf, TableTypes,
} from "./tables.js";
export type { Fetch, Request, Retries } from "./transport.js";
export { Narrowed, Returning, Statement, type Batchable } from "./writing.js";
