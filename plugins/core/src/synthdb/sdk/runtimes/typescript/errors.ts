/**
 * Everything that can go wrong, in one tree: ClientError > NotConnected > TimedOut,
 * ClientError > Garbled, and ClientError > Refused with a kind.
 */

/** What a refusal says; `kind` groups the statuses. */
export type Kind = "bad_request" | "forbidden" | "not_found" | "conflict" | "changed" | "unavailable";

const KINDS: Readonly<Record<number, Kind>> = {
  401: "forbidden", 403: "forbidden", 404: "not_found", 410: "not_found", 409: "conflict", 412: "changed",
  429: "unavailable", 502: "unavailable", 503: "unavailable", 504: "unavailable",
};

/** The base of all errors of this client. */
export class ClientError extends Error {
  override name = "ClientError";
}

/** No complete answer came, however often it was tried; whether a write took effect is not known. */
export class NotConnected extends ClientError {
  override name = "NotConnected";
}

/** No complete answer came in time. */
export class TimedOut extends NotConnected {
  override name = "TimedOut";
}

/** What came is not JSON; perhaps it came from something that stands before the server. */
export class Garbled extends ClientError {
  override name = "Garbled";
}

/** The server refused the request. `code` never changes its meaning; each has a page at `/errors/CODE`. */
export class Refused extends ClientError {
  override name = "Refused";
  readonly status: number;
  readonly kind: Kind;
  readonly code: string;
  /** The part of the request that is meant. */
  readonly details: string | null;
  /** What to do. */
  readonly hint: string | null;
  /** Facts, such as the conflicts of a merge. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;

  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    super(text(problem["message"]) ?? text(problem["detail"]) ?? `HTTP status ${status}`);
    this.status = status;
    this.kind = KINDS[status] ?? "bad_request";
    this.code = text(problem["code"]) ?? "unknown";
    this.details = text(problem["details"]);
    this.hint = text(problem["hint"]);
    this.requestId = text(problem["request_id"]);
    this.data = isObject(problem["data"]) ? problem["data"] : {};
  }
}

/** More or fewer rows were found than were asked for. */
export class NotSingular extends ClientError {
  override name = "NotSingular";
}

/** A saved query has more rows than the server gives for one call; its parameters may ask for fewer. */
export class Incomplete extends ClientError {
  override name = "Incomplete";
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
