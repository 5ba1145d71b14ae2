/** A session: one database at one state, and what every request to it has in common. */

import { parse, plain, stringify, type Json } from "./json.js";
import type { SavedQuery, Schema, Table } from "./tables.js";
import { Transport, type Fetch, type Reply, type Request, type Retries } from "./transport.js";

/** How a client behaves. */
export interface Options {
  /** The database's name. */
  database?: string;
  /** Sent as `Authorization: Bearer`. */
  token?: string;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Milliseconds to wait for an answer, or for the next part of a stream. */
  timeout?: number;
  retries?: Partial<Retries>;
  /** Called once, with the fingerprint that the server has, when the schema is another one. Default: a warning. */
  onDrift?: (current: string) => void;
  fetch?: Fetch;
}

const RETRIES: Retries = { most: 4, firstPause: 100, longestPause: 5_000 };

/** Tells once that the schema is another one. */
class Drift {
  private told = false;
  private readonly hook: (current: string) => void;

  constructor(hook: ((current: string) => void) | undefined) {
    this.hook = hook ?? (() => console.warn("The tables are not those that this client was generated from any more."));
  }

  look(headers: Headers): void {
    const current = headers.get("schema-drift");
    if (current === null || this.told) return;
    this.told = true;
    this.hook(current);
  }
}

export class Session {
  readonly schema: Schema;
  readonly transport: Transport;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly drift: Drift;
  private readonly database: string;
  private readonly ref: string | undefined;

  private constructor(
    schema: Schema, transport: Transport, headers: Record<string, string>, drift: Drift, database: string, ref?: string,
  ) {
    this.schema = schema;
    this.transport = transport;
    this.headers = headers;
    this.drift = drift;
    this.database = database;
    this.ref = ref;
  }

  static open(url: string, database: string, schema: Schema, options: Options): Session {
    const token: Record<string, string> = options.token ? { Authorization: `Bearer ${options.token}` } : {};
    const headers = { ...options.headers, ...token, "Synthdb-Schema": schema.fingerprint };
    const send: Fetch = options.fetch ?? ((address, init) => fetch(address, init));
    const transport = new Transport(url, options.timeout ?? 30_000, { ...RETRIES, ...options.retries }, send);
    return new Session(schema, transport, headers, new Drift(options.onDrift), options.database ?? database);
  }

  /** Give the session of another state of the database. */
  at(ref: string | undefined): Session {
    return new Session(this.schema, this.transport, { ...this.headers }, this.drift, this.database, ref);
  }

  table(name: string): Table {
    const found = this.schema.tables.get(name);
    if (found === undefined) throw new TypeError(`there is no table ${JSON.stringify(name)}`);
    return found;
  }

  /** Give the path of a table. */
  path(table: string): string {
    return `/rest/v1/${this.place}/${encodeURIComponent(table)}`;
  }

  /** Give a path below the realtime interface of the database. */
  realtime(path: string): string {
    return `/realtime/v1/${this.place}/${path}`;
  }

  query(name: string): SavedQuery {
    const found = this.schema.queries.get(name);
    if (found === undefined) throw new TypeError(`there is no query ${JSON.stringify(name)}`);
    return found;
  }

  /** Call a saved query, which only reads. */
  call(name: string, given: object): Promise<Reply> {
    const target = `/rest/v1/${this.place}/rpc/${encodeURIComponent(name)}`;
    return this.send(withJson({ method: "POST", target, headers: { Accept: "application/json" }, reads: true }, given));
  }

  async send(request: Request): Promise<Reply> {
    const reply = await this.transport.send(this.complete(request));
    this.drift.look(reply.headers);
    return reply;
  }

  lines(request: Request): AsyncGenerator<string> {
    return this.transport.lines(this.complete(request), (headers) => this.drift.look(headers));
  }

  /** Ask the meta interface; it knows no keys of requests, so only reads are repeated. */
  async ask(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Json> {
    const target = `/meta/v1/${this.place}/${path}`;
    const sent = { Accept: "application/json", ...headers };
    const request: Request = { method, target, headers: sent, repeatable: method === "GET" };
    const reply = await this.send(body === undefined ? request : withJson(request, body));
    return reply.text === "" ? null : plain(parse(reply.text));
  }

  /** Send several requests as one, which has no key, so that it is sent once. */
  batch(body: object): Promise<Reply> {
    const target = `/meta/v1/${this.place}/batch`;
    return this.send(withJson({ method: "POST", target, headers: { Accept: "application/json" }, repeatable: false }, body));
  }

  private get place(): string {
    return encodeURIComponent(this.ref === undefined ? this.database : `${this.database}@${this.ref}`);
  }

  private complete(request: Request): Request {
    return { ...request, headers: { ...this.headers, ...request.headers } };
  }
}

function withJson(request: Request, body: object): Request {
  return { ...request, headers: { ...request.headers, "Content-Type": "application/json" }, body: stringify(body) };
}
