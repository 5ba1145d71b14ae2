/** Reading rows: queries that are put together step by step, and sent when they are awaited. */

import { quoted, queryString } from "./conditions.js";
import { NotSingular } from "./errors.js";
import { Filtered } from "./filtering.js";
import { parse, type Parsed } from "./json.js";
import { answered, Call, nextPage, type Answer } from "./pending.js";
import type { Session } from "./session.js";
import { decodeRow, type Many, type One, type Table, type TablesOf } from "./tables.js";
import type { Reply, Request } from "./transport.js";

export type Count = "exact" | "planned" | "estimated";

export interface Order {
  descending?: boolean;
  nulls?: "first" | "last";
}

/** The table that a relation leads to. */
export type Target<T, L> = L extends One<infer N> | Many<infer N> ? Extract<N, keyof T & string> : never;

/** What stands in a row for a relation. */
export type Related<L, R> = L extends Many<string> ? R[] : R | null;

type RowObject = { [name: string]: Parsed };
type AnyEmbed = { item(relation: string, table: Table): string; level(prefix: string): [string, string][]; decode(row: RowObject): object };

const PAGE = 500;
const LONGEST = 4_000;
const NO_COLUMNS = new Map<string, never>();

/** What a query and an embed have in common: columns, embeds, order and a part of the rows. */
abstract class Selecting<Row, D> extends Filtered<Row, D> {
  protected readonly session: Session;
  protected readonly name: string;
  protected columns: readonly string[] = [];
  protected raw: string | undefined;
  protected embeds: readonly (readonly [string, AnyEmbed])[] = [];
  protected terms: readonly string[] = [];
  protected most: number | undefined;
  protected first: number | undefined;

  constructor(session: Session, name: string) {
    super();
    this.session = session;
    this.name = name;
  }

  /** Sort by a column; without `nulls` rows without a value come last ascending, first descending. */
  order(column: keyof Row & string, order: Order = {}): this {
    const nulls = order.nulls === undefined ? "" : `.nulls${order.nulls}`;
    return this.copy({ terms: [...this.terms, `${quoted(column)}${order.descending ? ".desc" : ""}${nulls}`] });
  }

  limit(rows: number): this {
    return this.copy({ most: rows });
  }

  offset(rows: number): this {
    return this.copy({ first: rows });
  }

  /** Write what is selected. */
  protected selection(): string {
    if (this.raw !== undefined) return this.raw;
    const columns = this.columns.length === 0 ? ["*"] : this.columns.map(quoted);
    const table = this.session.table(this.name);
    return [...columns, ...this.embeds.map(([relation, embed]) => embed.item(relation, table))].join(",");
  }

  /** Write conditions, order and part of the rows, and those of the embeds. */
  level(prefix: string): [string, string][] {
    const found = this.conditions.map((condition) => condition.parameter(prefix));
    if (this.terms.length > 0) found.push([`${prefix}order`, this.terms.join(",")]);
    if (this.most !== undefined) found.push([`${prefix}limit`, String(this.most)]);
    if (this.first !== undefined) found.push([`${prefix}offset`, String(this.first)]);
    for (const [relation, embed] of this.embeds) found.push(...embed.level(`${prefix}${quoted(relation)}.`));
    return found;
  }

  /** Turn the values of a row, and of the rows in it, into what the types of their columns say. */
  decode(row: RowObject): object {
    if (this.raw !== undefined) return decodeRow(row, NO_COLUMNS);
    const related = this.embeds.map(([relation, embed]) => [relation, decodeRelated(row[relation], embed)] as const);
    for (const [relation] of related) delete row[relation];
    return Object.assign(decodeRow(row, this.session.table(this.name).columns), Object.fromEntries(related));
  }

  protected withEmbed(relation: string, build: ((embed: never) => unknown) | undefined): this {
    const found = this.session.table(this.name).relations.get(relation);
    if (found === undefined) throw new TypeError(`${this.name} has no relation ${relation}`);
    const plain = new Embed<never, never, never, never>(this.session, found.table);
    const built = (build === undefined ? plain : build(plain as never)) as AnyEmbed;
    return this.copy({ embeds: [...this.embeds, [relation, built]] });
  }
}

function decodeRelated(value: Parsed | undefined, embed: AnyEmbed): unknown {
  if (Array.isArray(value)) return value.map((row) => embed.decode(row as RowObject));
  return value === null || value === undefined ? null : embed.decode(value as RowObject);
}

/** Related rows in a query. */
export class Embed<T extends TablesOf<T>, N extends keyof T & string, Row, R> extends Selecting<Row, never> {
  private inner = false;
  /** Never there; it tells the type of the rows. */
  declare readonly rows: R;

  /** Choose columns. */
  select<C extends keyof Row & string>(...columns: [C, ...C[]]): Embed<T, N, Row, Pick<Row, C>> {
    return this.copy({ columns }) as unknown as Embed<T, N, Row, Pick<Row, C>>;
  }

  /** Put rows related to these into them. */
  embed<L extends keyof T[N]["Relations"] & string, I = T[Target<T, T[N]["Relations"][L]>]["Row"]>(
    relation: L, build?: Build<T, Target<T, T[N]["Relations"][L]>, I>,
  ): Embed<T, N, Row, R & { [K in L]: Related<T[N]["Relations"][L], I> }> {
    return this.withEmbed(relation, build) as never;
  }

  /** Leave out rows that have no such related row. */
  required(): this {
    return this.copy({ inner: true });
  }

  /** Write it as an item of a selection. */
  item(relation: string, table: Table): string {
    const target = table.relations.get(relation)?.target ?? relation;
    return `${quoted(relation)}:${target}${this.inner ? "!inner" : ""}(${this.selection()})`;
  }

  answer(): never {
    throw new TypeError("an embed is read with the query that it is in");
  }
}

/** Says which columns of related rows, which of them and in which order. */
export type Build<T extends TablesOf<T>, N extends keyof T & string, I> = (
  embed: Embed<T, N, T[N]["Row"], T[N]["Row"]>,
) => Embed<T, N, T[N]["Row"], I>;

/** A query of a table. Every method that narrows it gives a new one. */
export class Query<T extends TablesOf<T>, N extends keyof T & string, R> extends Selecting<T[N]["Row"], R[]> {
  private counting: Count | undefined;

  /** Choose columns; without any, all of them. */
  choose(columns: readonly string[]): this {
    return this.copy({ columns });
  }

  /** Put related rows into each row: `embed("films", films => films.select("title").order("year").limit(3))`. */
  embed<L extends keyof T[N]["Relations"] & string, I = T[Target<T, T[N]["Relations"][L]>]["Row"]>(
    relation: L, build?: Build<T, Target<T, T[N]["Relations"][L]>, I>,
  ): Query<T, N, R & { [K in L]: Related<T[N]["Relations"][L], I> }> {
    return this.withEmbed(relation, build) as never;
  }

  /** Select by the grammar of the REST interface; numbers that a `number` cannot hold are bigint or text. */
  selectRaw<Raw = Record<string, unknown>>(selection: string): Query<T, N, Raw> {
    return this.copy({ raw: selection }) as unknown as Query<T, N, Raw>;
  }

  /** Ask how many rows there are in all. */
  withCount(kind: Count = "exact"): this {
    return this.copy({ counting: kind });
  }

  async answer(): Promise<Answer<R[]>> {
    const reply = await this.session.send(this.request());
    return answered(reply, this.read(reply));
  }

  /** Read the one row there is; none, or several, is an error with the code `not_singular`. */
  single(): Call<R> {
    return new Call(async () => {
      const reply = await this.session.send(this.request("application/vnd.pgrst.object+json"));
      return answered(reply, this.decode(parse(reply.text) as RowObject) as R);
    });
  }

  /** Read the one row there is, or null; several are an error. */
  maybeSingle(): Call<R | null> {
    return new Call(async () => {
      const found = await (this.most === undefined ? this.limit(2) : this).answer();
      if (found.data.length > 1) throw new NotSingular(`more than one row of ${this.name} was found`);
      return { ...found, data: found.data[0] ?? null };
    });
  }

  /** Count the rows without reading them. */
  count(kind: Count = "exact"): Call<number> {
    return new Call(async () => {
      const request = this.withCount(kind).limit(1).request();
      const reply = await this.session.send(request.method === "GET" ? { ...request, method: "HEAD" } : request);
      const found = answered(reply, 0);
      return { ...found, data: found.total ?? 0 };
    });
  }

  /** Read the rows as CSV. */
  csv(): Call<string> {
    return new Call(async () => {
      const reply = await this.session.send(this.request("text/csv"));
      return answered(reply, reply.text);
    });
  }

  /** Read all rows one after another, so many with each request. Errors are thrown. */
  async *rows(page = PAGE): AsyncGenerator<R> {
    for await (const found of this.pages(page)) yield* found;
  }

  /**
   * Read all rows page by page. A page begins where the one before ended, as the database was when the first page was
   * read. Without an order of its own the query is sorted by the key. Errors are thrown.
   */
  async *pages(size = PAGE): AsyncGenerator<R[]> {
    const key = this.session.table(this.name).key.map(quoted);
    const sorted = this.terms.length > 0 || this.raw !== undefined ? this : this.copy({ terms: key });
    const query = sorted.limit(size);
    let first = this.first ?? 0;
    let request: Request | undefined = query.request();
    while (request !== undefined) {
      const reply = await this.session.send(request);
      const rows = this.read(reply);
      if (rows.length > 0) yield rows;
      const next = nextPage(reply, this.session.transport.base);
      first += size;
      if (next !== undefined) request = { ...request, target: next };
      else request = rows.length === size ? query.offset(first).request() : undefined;
    }
  }

  /** Read the rows of one answer as they come, without holding all of them. Errors are thrown. */
  async *stream(): AsyncGenerator<R> {
    for await (const line of this.session.lines(this.request("application/x-ndjson"))) {
      if (line !== "") yield this.decode(parse(line) as RowObject) as R;
    }
  }

  private request(accept = "application/json"): Request {
    const selection = this.selection();
    const parameters = this.level("");
    if (selection !== "*") parameters.unshift(["select", selection]);
    const count: Record<string, string> = this.counting === undefined ? {} : { Prefer: `count=${this.counting}` };
    const path = this.session.path(this.name);
    const query = queryString(parameters);
    if (query.length <= LONGEST) return { method: "GET", target: path + query, headers: { Accept: accept, ...count } };
    // Servers and what stands before them take no longer addresses; in a body it means the same.
    const headers = { Accept: accept, ...count, "Content-Type": "application/x-www-form-urlencoded" };
    return { method: "POST", target: `${path}/query`, headers, body: query.slice(1), reads: true };
  }

  private read(reply: Reply): R[] {
    return (parse(reply.text) as RowObject[]).map((row) => this.decode(row) as R);
  }
}
