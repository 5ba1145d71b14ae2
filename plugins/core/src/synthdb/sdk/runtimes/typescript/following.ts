/** Changes as they are made. */

import { queryString } from "./conditions.js";
import { isObject, NotConnected, Refused } from "./errors.js";
import { parse, plain, type Json, type Parsed } from "./json.js";
import type { Session } from "./session.js";
import { decodeRow, type ColumnType } from "./tables.js";
import { rest, type Request } from "./transport.js";

interface Happened {
  /** Where it stands in the log: keep it once the change is dealt with. */
  seq: string;
  commit: string;
  at: string;
  branch: string;
  table: string;
  key: Json[];
}

/**
 * What a commit did to a row. A row that comes to be one that is followed, or may be seen, is an `insert`, too; one that
 * no longer is one is a `leave`. Rows have the columns that their table has now.
 */
export type LiveChange<Row = { [name: string]: Json }> = Happened & (
  | { op: "insert"; old: null; new: Row; changed: null }
  | { op: "update"; old: Row; new: Row; changed: string[] }
  | { op: "delete" | "leave"; old: Row; new: null; changed: null }
);

/** Where to begin, and what ends it. */
export interface Listening {
  /** `seq` of the last change that was dealt with, of an earlier run; without it, what comes from now on. */
  since?: string | undefined;
  /** Ends it, without an error. */
  signal?: AbortSignal | undefined;
}

type Row = { [name: string]: Parsed };
type Parameters = readonly (readonly [string, string])[];
type Columns = ReadonlyMap<string, ColumnType>;

interface Event {
  name: string;
  seq: string | undefined;
  data: string | undefined;
  retry: string | undefined;
}

const MOST_PAUSES = 10;
const GONE = "the changes after the last one that was seen are no longer kept: read everything again";

/** Give changes for ever; a connection that breaks is made again, and goes on where the last one ended. */
export async function* listen<R>(
  session: Session, table: string | undefined, parameters: Parameters, columns: Columns, options: Listening,
): AsyncGenerator<LiveChange<R>> {
  const { signal } = options;
  const target = session.realtime(table === undefined ? "changes" : `changes/${encodeURIComponent(table)}`);
  const isStopped = (): boolean => signal?.aborted === true;
  let since = options.since;
  for (let attempt = 0; !isStopped(); attempt += 1) {
    let asked = 0;
    try {
      let isOver = false;
      for await (const event of events(session.lines(asking(target + queryString(parameters), since, signal)))) {
        since = event.seq ?? since;
        attempt = 0;
        asked = Number(event.retry ?? asked);
        if (event.data === undefined) continue;
        const data = parse(event.data) as Row;
        if (event.name === "change") yield changed<R>(data, columns);
        else isOver = ends(event.name, plain(data)) || isOver;
      }
      if (!isOver) throw new NotConnected(`GET ${target} was not answered to the end`);
    } catch (error) {
      if (isStopped()) return;
      if (attempt >= MOST_PAUSES || !isPassing(error)) throw error;
      asked = 0;
    }
    await rest(Math.max(session.transport.pause(attempt, undefined), asked), signal);
  }
}

function asking(target: string, since: string | undefined, signal: AbortSignal | undefined): Request {
  const last: Record<string, string> = since === undefined ? {} : { "Last-Event-ID": since };
  const request: Request = { method: "GET", target, headers: { Accept: "text/event-stream", ...last } };
  return signal === undefined ? request : { ...request, signal };
}

function changed<R>(data: Row, columns: Columns): LiveChange<R> {
  const { old = null, new: now = null, ...facts } = data;
  const row = (value: Parsed) => (value === null ? null : decodeRow(value as Row, columns));
  return { ...(plain(facts) as object), old: row(old), new: row(now) } as LiveChange<R>;
}

/** Tell whether an event says that the stream is over, to be gone on with; what ends it for good is thrown. */
function ends(name: string, data: Json): boolean {
  const facts = isObject(data) ? data : {};
  if (name === "problem") throw new Refused(Number(facts["status"]), facts);
  if (name === "resync" && facts["lost"] === true) throw new Refused(410, { code: "history_gone", message: GONE });
  return name === "resync" || name === "end";
}

function isPassing(error: unknown): boolean {
  return error instanceof NotConnected || (error instanceof Refused && error.kind === "unavailable");
}

/** Put lines together; an event that was not sent to its end, which is an empty line, is none. */
async function* events(lines: AsyncIterable<string>): AsyncGenerator<Event> {
  let fields = new Map<string, string>();
  for await (const line of lines) {
    if (line === "") {
      yield { name: fields.get("event") ?? "", seq: fields.get("id"), data: fields.get("data"), retry: fields.get("retry") };
      fields = new Map();
      continue;
    }
    const end = line.indexOf(":");
    fields.set(line.slice(0, end), line.slice(end + 1).replace(/^ /, ""));
  }
}
