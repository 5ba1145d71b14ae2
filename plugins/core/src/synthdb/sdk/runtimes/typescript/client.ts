/** The client of a database. */

import { keyPath, queryString, quoted, type Condition, type Scalar } from "./conditions.js";
import { Incomplete } from "./errors.js";
import { listen, type Listening, type LiveChange } from "./following.js";
import { parse, plain, type Json, type Parsed } from "./json.js";
import { answered, Call } from "./pending.js";
import { Query } from "./query.js";
import { Session, type Options } from "./session.js";
import { checkRow, decodeRow, type Given, type QueriesOf, type Schema, type TablesOf } from "./tables.js";
import type { Request } from "./transport.js";
import { Narrowed, Statement, type Batchable } from "./writing.js";

type Facts = { [name: string]: Json };
type Values = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a commit did to a row. Keep `offset` once the last change of its commit is dealt with. */
export interface Change {
  offset: string;
  at: string;
  branch: string;
  author: string | null;
  message: string | null;
  table: string;
  change: "insert" | "update" | "delete";
  key: Json[];
  old: Facts | null;
  new: Facts | null;
}

/** What one write of a batch was answered. */
export interface BatchResult {
  status: number;
  headers: Facts;
  body: Json;
}

const PAGE = 1_000;
const NAMES = 100;

/** One table of a database at one state. */
export class TableClient<T extends TablesOf<T>, N extends keyof T & string> {
  private readonly session: Session;
  private readonly name: N;

  constructor(session: Session, name: N) {
    session.table(name);
    this.session = session;
    this.name = name;
  }

  /** Begin a query: of whole rows, or of some columns. */
  select(): Query<T, N, T[N]["Row"]>;
  select<C extends keyof T[N]["Row"] & string>(...columns: [C, ...C[]]): Query<T, N, Pick<T[N]["Row"], C>>;
  select(...columns: string[]): Query<T, N, unknown> {
    return new Query<T, N, unknown>(this.session, this.name).choose(columns);
  }

  /** Read the row with a key; the answer has its ETag. */
  get(...key: Scalar[]): Call<T[N]["Row"]> {
    return new Call(async () => {
      const target = `${this.session.path(this.name)}/${keyPath(key)}`;
      const reply = await this.session.send({ method: "GET", target, headers: { Accept: "application/json" } });
      const columns = this.session.table(this.name).columns;
      return answered(reply, decodeRow(parse(reply.text) as { [name: string]: Parsed }, columns) as T[N]["Row"]);
    });
  }

  /** Insert a row, or several: all or none. */
  insert(rows: T[N]["Insert"] | readonly T[N]["Insert"][]): Statement<T[N]["Row"], null> {
    return new Statement(this.session, this.name, "POST", rows);
  }

  /** Insert rows of CSV whose first line names the columns. */
  insertCsv(text: string): Statement<T[N]["Row"], null> {
    const made = new Statement<T[N]["Row"], null>(this.session, this.name, "POST", text);
    return made.header("Content-Type", "text/csv");
  }

  /** Insert rows, or update those that exist with the columns given; `on` are unique columns, by default the key. */
  upsert(
    rows: T[N]["Insert"] | T[N]["Update"] | readonly (T[N]["Insert"] | T[N]["Update"])[],
    { on = [], ignore = false }: { on?: readonly (keyof T[N]["Row"] & string)[]; ignore?: boolean } = {},
  ): Statement<T[N]["Row"], null> {
    const made = new Statement<T[N]["Row"], null>(this.session, this.name, "POST", rows);
    const found = on.length === 0 ? made : made.parameter("on_conflict", on.map(quoted).join(","));
    return found.prefer(`resolution=${ignore ? "ignore" : "merge"}-duplicates`);
  }

  /** Set on each row, known by its key or the unique columns in `on`, what is given for it; all or none. */
  updateEach(
    rows: readonly T[N]["Update"][], { on = [] }: { on?: readonly (keyof T[N]["Row"] & string)[] } = {},
  ): Statement<T[N]["Row"], null> {
    const made = new Statement<T[N]["Row"], null>(this.session, this.name, "PATCH", rows);
    return on.length === 0 ? made : made.parameter("on_conflict", on.map(quoted).join(","));
  }

  /** Update the rows that are selected by what follows. */
  update(values: T[N]["Update"]): Narrowed<T[N]["Row"]> {
    return new Narrowed(this.session, this.name, "PATCH", values);
  }

  /** Delete the rows that are selected by what follows. */
  delete(): Narrowed<T[N]["Row"]> {
    return new Narrowed(this.session, this.name, "DELETE");
  }

  /** Put a row at its key: it is inserted, or takes the place of the one there. */
  replace(row: T[N]["Insert"], ...key: Scalar[]): Narrowed<T[N]["Row"]> {
    return new Narrowed<T[N]["Row"]>(this.session, this.name, "PUT", row).key(...key);
  }

  /** Read the versions of a row, or of one cell, newest first. */
  async history(key: readonly Scalar[], column?: keyof T[N]["Row"] & string): Promise<Facts[]> {
    const path = `history/${encodeURIComponent(this.name)}/${keyPath(key)}${given({ column })}`;
    return (await this.session.ask("GET", path)) as Facts[];
  }

  /**
   * Be told of changes of rows of which all conditions are true, before or after, as they are made and for ever; a
   * connection that breaks is made again by itself. See the `listen` of the client for what is thrown.
   */
  listen(conditions: readonly Condition[] = [], options: Listening = {}): AsyncGenerator<LiveChange<T[N]["Row"]>> {
    const parameters = conditions.map((condition) => condition.parameter(""));
    return listen(this.session, this.name, parameters, this.session.table(this.name).columns, options);
  }
}

/** A database on a server, at one of its states. Methods that give a promise throw errors. */
export class Client<T extends TablesOf<T>, Q extends QueriesOf<Q> = object> {
  private readonly session: Session;

  private constructor(session: Session) {
    this.session = session;
  }

  /** Make a client; nothing is sent yet. */
  static open<T extends TablesOf<T>, Q extends QueriesOf<Q> = object>(
    url: string, database: string, schema: Schema, options: Options = {},
  ): Client<T, Q> {
    return new Client<T, Q>(Session.open(url, database, schema, options));
  }

  /** Give a client of another state: a branch, a tag, a commit, or `branch@moment`; undefined: main. */
  at(ref: string | undefined): Client<T, Q> {
    return new Client<T, Q>(this.session.at(ref));
  }

  from<N extends keyof T & string>(name: N): TableClient<T, N> {
    return new TableClient<T, N>(this.session, name);
  }

  /** Call a saved query with values for its parameters, and give its rows. */
  rpc<N extends keyof Q & string>(name: N, ...[given]: Given<Q[N]["Arguments"]>): Call<Q[N]["Found"][]> {
    const query = this.session.query(name);
    return new Call(async () => {
      const values = given ?? {};
      checkRow(values, query.parameters);
      const reply = await this.session.call(name, values);
      if (reply.status === 206) throw new Incomplete(`the query ${name} has more rows than the server gives at once`);
      const rows = parse(reply.text) as { [name: string]: Parsed }[];
      return answered(reply, rows.map((row) => decodeRow(row, query.columns) as Q[N]["Found"]));
    });
  }

  /** Do several writes at once: all or none if `atomic`. */
  batch(statements: readonly Batchable[], { atomic = true } = {}): Call<BatchResult[]> {
    return new Call(async () => {
      const tables = this.session.path("");
      const operations = statements.map((statement) => operation(statement.request(), tables));
      const reply = await this.session.batch({ operations, atomic });
      return answered(reply, (plain(parse(reply.text)) as unknown as { results: BatchResult[] }).results);
    });
  }

  /** Run SQL that only reads, at this state. */
  async sql(statement: string, parameters: readonly unknown[] = [], limit?: number): Promise<Facts[]> {
    const answer = await this.session.ask("POST", "sql", { statement, parameters, limit });
    return (answer as { rows: Facts[] }).rows;
  }

  /**
   * Read what commits changed, in their order, behind the offset of the last change that was dealt with.
   * With `wait`, milliseconds, it looks for more for ever; else it ends where there is nothing more now.
   */
  async *changes(
    since?: string, { tables = [], wait }: { tables?: readonly (keyof T & string)[]; wait?: number } = {},
  ): AsyncGenerator<Change> {
    let offset = since;
    for (;;) {
      const chosen = tables.length === 0 ? undefined : tables.join(",");
      const path = `changes${given({ since: offset, tables: chosen, limit: PAGE })}`;
      const page = (await this.session.ask("GET", path)) as unknown as Change[];
      yield* page;
      offset = page.at(-1)?.offset ?? offset;
      if (page.length >= PAGE) continue;
      if (wait === undefined) return;
      await new Promise((resume) => setTimeout(resume, wait));
    }
  }

  /**
   * Be told of changes as they are made, for ever, in any table or some; a connection that breaks is made again by
   * itself. It throws what is `Refused`, with the code `history_gone` if the changes after `since` are no longer kept,
   * and `NotConnected` if there was no answer for a long time.
   */
  listen({ tables = [], ...options }: Listening & { tables?: readonly (keyof T & string)[] } = {}): AsyncGenerator<LiveChange> {
    const parameters: [string, string][] = tables.length === 0 ? [] : [["tables", tables.join(",")]];
    return listen(this.session, undefined, parameters, new Map(), options);
  }

  readonly branches = {
    list: async (): Promise<Facts[]> => {
      const found: Facts[] = [];
      for (;;) {
        const after = found.at(-1)?.["name"] as string | undefined;
        const page = (await this.session.ask("GET", `branches${given({ limit: NAMES, after })}`)) as Facts[];
        found.push(...page);
        if (page.length < NAMES) return found;
      }
    },
    /** Make a branch from the state of this client. */
    create: async (name: string, facts: { comment?: string; if_not_exists?: boolean } = {}): Promise<Facts> =>
      (await this.session.ask("POST", "branches", { name, ...facts })) as Facts,
    delete: async (name: string): Promise<void> => {
      await this.session.ask("DELETE", `branches/${encodeURIComponent(name)}`);
    },
  };

  readonly tags = {
    list: async (): Promise<Facts[]> => (await this.session.ask("GET", "tags")) as Facts[],
    /** Name the state of this client. */
    create: async (name: string, facts: { comment?: string } = {}): Promise<Facts> =>
      (await this.session.ask("POST", "tags", { name, ...facts })) as Facts,
    delete: async (name: string): Promise<void> => {
      await this.session.ask("DELETE", `tags/${encodeURIComponent(name)}`);
    },
  };

  /** Merge a branch into this one; conflicts are in `data` of the error. */
  async merge(source: string, { dryRun = false, message }: { dryRun?: boolean; message?: string } = {}): Promise<Facts> {
    const headers: Record<string, string> = message ? { "Commit-Message": encodeURIComponent(message) } : {};
    return (await this.session.ask("POST", "merge", { source, dry_run: dryRun }, headers)) as Facts;
  }

  /** Compare two states; `options` are those of the meta interface: target, tables, detail, three_dot, limit. */
  async diff(base: string, options: Values = {}): Promise<Facts[]> {
    return (await this.session.ask("GET", `diff${given({ base, ...options })}`)) as Facts[];
  }

  /** List commits, newest first; `options` are those of the meta interface: table, author, before, limit ... */
  async commits(options: Values = {}): Promise<Facts[]> {
    return (await this.session.ask("GET", `commits${given(options)}`)) as Facts[];
  }
}

function given(parameters: Values): string {
  const found = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return queryString(found.map(([name, value]) => [name, String(value)]));
}

function operation(request: Request, tables: string): object {
  const isJson = request.headers["Content-Type"] === "application/json";
  const body: unknown = request.body !== undefined && isJson ? plain(parse(request.body)) : request.body;
  return { method: request.method, url: request.target.replace(tables, ""), headers: request.headers, body };
}

/** Mean, in a later write of a batch, a value of the one row that an earlier one writes; these count from 0. */
export function reference(operation: number, column: string): never {
  // It stands where the type of the column is wanted, whichever that is.
  return `$${operation}.${column}` as never;
}
