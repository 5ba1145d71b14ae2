/** Writing rows: statements that are put together step by step, and sent when they are awaited, or as a batch. */

import { keyPath, queryString, quoted, type Scalar } from "./conditions.js";
import { NotSingular } from "./errors.js";
import { Filtered } from "./filtering.js";
import { parse, stringify, type Parsed } from "./json.js";
import { answered, Call, Pending, type Answer } from "./pending.js";
import type { Session } from "./session.js";
import { checkRow, decodeRow } from "./tables.js";
import type { Request } from "./transport.js";

/** Something that a batch can hold. */
export interface Batchable {
  request(): Request;
}

/** A write, with the type of the rows that may be returned. */
export class Statement<Row, D> extends Filtered<Row, D> implements Batchable {
  protected readonly session: Session;
  protected readonly name: string;
  protected readonly method: string;
  protected readonly body: object | string | undefined;
  protected preferences: readonly string[] = [];
  protected headers: Readonly<Record<string, string>> = {};
  protected parameters: readonly (readonly [string, string])[] = [];
  protected rowKey: readonly Scalar[] | undefined;

  constructor(session: Session, name: string, method: string, body?: object | string) {
    super();
    this.session = session;
    this.name = name;
    this.method = method;
    this.body = body;
  }

  /** Do everything and undo it, to see what would happen. */
  dryRun(): this {
    return this.prefer("tx=rollback");
  }

  /** Keep a message with the commit. */
  message(text: string): this {
    return this.header("Commit-Message", encodeURIComponent(text));
  }

  prefer(...preferences: string[]): this {
    return this.copy({ preferences: [...this.preferences, ...preferences] });
  }

  header(name: string, value: string): this {
    return this.copy({ headers: { ...this.headers, [name]: value } });
  }

  parameter(name: string, value: string): this {
    return this.copy({ parameters: [...this.parameters, [name, value]] });
  }

  /** Give the request. */
  request(): Request {
    const prefer: Record<string, string> =
      this.preferences.length === 0 ? {} : { Prefer: this.preferences.join(", ") };
    const content: Record<string, string> = this.body === undefined ? {} : { "Content-Type": "application/json" };
    const conditions = this.conditions.map((condition) => condition.parameter(""));
    const key = this.rowKey === undefined ? "" : `/${keyPath(this.rowKey)}`;
    const request = {
      method: this.method,
      target: this.session.path(this.name) + key + queryString([...this.parameters, ...conditions]),
      headers: { Accept: "application/json", ...prefer, ...content, ...this.headers },
    };
    return this.body === undefined ? request : { ...request, body: this.encoded(this.body) };
  }

  async answer(): Promise<Answer<D>> {
    return answered(await this.session.send(this.request()), null as D);
  }

  /** Give the rows that were written, with some of their columns or all. */
  returning(): Returning<Row>;
  returning<C extends keyof Row & string>(...columns: [C, ...C[]]): Returning<Pick<Row, C>>;
  returning(...columns: string[]): Returning<unknown> {
    const chosen = columns.length === 0 ? this : this.parameter("select", columns.map(quoted).join(","));
    return new Returning(this.session, this.name, chosen.prefer("return=representation"));
  }

  private encoded(body: object | string): string {
    if (typeof body === "string") return body;
    const columns = this.session.table(this.name).columns;
    for (const row of Array.isArray(body) ? (body as object[]) : [body]) checkRow(row, columns);
    return stringify(body);
  }
}

/** Rows to update or to delete: those that the conditions select, or the one with a key. */
export class Narrowed<Row> extends Statement<Row, null> {
  /** Mean the one row with this key; that there is none is an error. */
  key(...values: Scalar[]): this {
    return this.copy({ rowKey: values });
  }

  /** Write only if the row is still what it was when its ETag was read. */
  ifMatch(etag: string | null): this {
    if (etag === null) throw new TypeError("the row was read without an ETag");
    return this.header("If-Match", etag);
  }

  /** Refuse to write more rows than these. */
  atMost(rows: number): this {
    return this.prefer(`max-affected=${rows}`);
  }

  /** Allow that all rows are written, without a condition. */
  everyRow(): this {
    return this.prefer("full-table=allow");
  }
}

/** A write that gives the rows written. */
export class Returning<R> extends Pending<R[]> implements Batchable {
  private readonly session: Session;
  private readonly name: string;
  private readonly statement: Batchable;

  constructor(session: Session, name: string, statement: Batchable) {
    super();
    this.session = session;
    this.name = name;
    this.statement = statement;
  }

  request(): Request {
    return this.statement.request();
  }

  async answer(): Promise<Answer<R[]>> {
    const reply = await this.session.send(this.request());
    const found = parse(reply.text);
    const columns = this.session.table(this.name).columns;
    const rows = (Array.isArray(found) ? found : [found]) as { [name: string]: Parsed }[];
    return answered(reply, rows.map((row) => decodeRow(row, columns) as R));
  }

  /** Give the one row that was written; none, or several, which are written now, is an error. */
  single(): Call<R> {
    return new Call(async () => {
      const found = await this.answer();
      const [row] = found.data;
      if (row === undefined || found.data.length > 1) {
        throw new NotSingular(`${found.data.length} rows of ${this.name} were written`);
      }
      return { ...found, data: row };
    });
  }
}
