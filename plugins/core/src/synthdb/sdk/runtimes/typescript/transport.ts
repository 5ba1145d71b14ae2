/** Requests over HTTP: time-outs, and retries that never do a thing twice. */

import { ClientError, isObject, NotConnected, Refused, TimedOut } from "./errors.js";
import { parse, plain } from "./json.js";

/** How often, and after which pauses in milliseconds, a request is sent again; each pause is twice the one before. */
export interface Retries {
  most: number;
  firstPause: number;
  longestPause: number;
}

/** A request: `target` is path and query below the server's address. */
export interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether it may be sent twice, which the server notices by a key. */
  readonly repeatable?: boolean;
  /** Whether it changes nothing, though its method may. */
  readonly reads?: boolean;
  /** Ends lines that are read, and what repeats their request. */
  readonly signal?: AbortSignal;
}

/** An answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What sends a request: the `fetch` of the platform, or one like it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const READS = new Set(["GET", "HEAD", "QUERY"]);
const BUSY = new Set([429, 502, 503]);
/** The code of an answer that says that an earlier try of the same request is still at work. */
const RUNNING = "idempotency_in_progress";
const KEY = "Idempotency-Key";

export class Transport {
  private readonly url: string;
  private readonly timeout: number;
  private readonly retries: Retries;
  private readonly fetch: Fetch;
  /** The path in the server's address. */
  readonly base: string;

  constructor(url: string, timeout: number, retries: Retries, fetch: Fetch) {
    this.url = url.replace(/\/+$/, "");
    this.base = new URL(url).pathname.replace(/\/+$/, "");
    this.timeout = timeout;
    this.retries = retries;
    this.fetch = fetch;
  }

  /** Send a request, again if that is needed and safe, and give the answer; refusals are thrown. */
  async send(request: Request): Promise<Reply> {
    return this.repeat(request, async (sent) => {
      const patience = new Patience(this.timeout);
      try {
        const response = await this.open(sent, patience);
        const text = await response.text();
        if (response.status >= 400) throw refusal(response, text);
        return { status: response.status, headers: response.headers, text };
      } catch (error) {
        throw translated(sent, error, patience);
      } finally {
        patience.end();
      }
    });
  }

  /** Send a request that reads, and give the lines of the answer as they come. Only the request is repeated. */
  async *lines(request: Request, look: (headers: Headers) => void): AsyncGenerator<string> {
    const patience = new Patience(this.timeout, request.signal);
    try {
      const response = await this.repeat(request, async (sent) => {
        try {
          const found = await this.open(sent, patience.again());
          if (found.status >= 400) throw refusal(found, await found.text());
          return found;
        } catch (error) {
          throw translated(sent, error, patience);
        }
      });
      look(response.headers);
      yield* readLines(response, patience);
    } catch (error) {
      throw translated(request, error, patience);
    } finally {
      patience.close();
    }
  }

  private async open(request: Request, patience: Patience): Promise<Response> {
    const body = request.body === undefined ? {} : { body: request.body };
    const init: RequestInit = { method: request.method, headers: { ...request.headers }, signal: patience.signal };
    return this.fetch(this.url + request.target, { ...init, ...body });
  }

  private async repeat<A>(request: Request, once: (request: Request) => Promise<A>): Promise<A> {
    const sent = safeToRepeat(request);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await once(sent);
      } catch (error) {
        if (attempt >= this.retries.most || request.signal?.aborted || !mayRepeat(sent, error)) throw error;
        await rest(this.pause(attempt, error), request.signal);
      }
    }
  }

  /** Give the milliseconds to wait after a failed attempt. */
  pause(attempt: number, error: unknown): number {
    const longest = Math.min(this.retries.firstPause * 2 ** attempt, this.retries.longestPause);
    const asked = error instanceof Busy ? Math.min(error.seconds * 1000, this.retries.longestPause) : 0;
    return Math.max(longest * (0.5 + Math.random() / 2), asked);
  }
}

/** A refusal of a server that says when to come again. */
class Busy extends Refused {
  readonly seconds: number;

  constructor(status: number, problem: Readonly<Record<string, unknown>>, seconds: number) {
    super(status, problem);
    this.seconds = seconds;
  }
}

/** Ends a request for which nothing comes any more. */
class Patience {
  private controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly milliseconds: number;
  private readonly outer: AbortSignal | undefined;
  private readonly abort = (): void => this.controller.abort();
  isOver = false;

  constructor(milliseconds: number, outer?: AbortSignal) {
    this.milliseconds = milliseconds;
    this.outer = outer;
    outer?.addEventListener("abort", this.abort);
    this.wait();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Wait anew, for another request. */
  again(): this {
    this.controller = new AbortController();
    this.isOver = false;
    if (this.outer?.aborted) this.abort();
    this.wait();
    return this;
  }

  wait(): void {
    this.end();
    this.timer = setTimeout(() => {
      this.isOver = true;
      this.controller.abort();
    }, this.milliseconds);
  }

  end(): void {
    clearTimeout(this.timer);
  }

  close(): void {
    this.end();
    this.outer?.removeEventListener("abort", this.abort);
  }
}

/** Wait, at most until a signal. */
export function rest(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const resume = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", resume);
      resolve();
    };
    const timer = setTimeout(resume, milliseconds);
    signal?.addEventListener("abort", resume);
    if (signal?.aborted) resume();
  });
}

async function* readLines(response: Response, patience: Patience): AsyncGenerator<string> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let tail = "";
  try {
    for (;;) {
      patience.wait();
      const { done, value } = await reader.read();
      patience.end();
      tail += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = tail.split("\n");
      tail = lines.pop() ?? "";
      yield* lines;
      if (done && tail !== "") yield tail;
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function safeToRepeat(request: Request): Request {
  if (isRead(request) || request.repeatable === false || KEY in request.headers) return request;
  return { ...request, headers: { ...request.headers, [KEY]: `"${key()}"` } };
}

function key(): string {
  // Not randomUUID, which pages that came without encryption do not have.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isRead(request: Request): boolean {
  return request.reads === true || READS.has(request.method);
}

function mayRepeat(request: Request, error: unknown): boolean {
  if (error instanceof Refused) return BUSY.has(error.status) || error.code === RUNNING;
  return error instanceof NotConnected && (isRead(request) || request.repeatable !== false);
}

function refusal(response: Response, text: string): Refused {
  let problem: unknown;
  try {
    problem = plain(parse(text));
  } catch {
    problem = null;
  }
  const facts = isObject(problem) ? problem : {};
  const seconds = Number(response.headers.get("retry-after") ?? "0");
  return seconds > 0 ? new Busy(response.status, facts, seconds) : new Refused(response.status, facts);
}

function translated(request: Request, error: unknown, patience: Patience): unknown {
  if (error instanceof ClientError) return error;
  const what = `${request.method} ${request.target} was not answered`;
  if (patience.isOver) return new TimedOut(`${what} in time`, { cause: error });
  return new NotConnected(`${what}: ${String(error)}`, { cause: error });
}
