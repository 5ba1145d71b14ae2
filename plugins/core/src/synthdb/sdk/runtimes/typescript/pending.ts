/** Requests that are sent when they are awaited. */

import { ClientError } from "./errors.js";
import type { Reply } from "./transport.js";

/** What was asked for, and what the answer said beside it. */
export interface Answer<D> {
  readonly data: D;
  readonly error: null;
  readonly status: number;
  readonly headers: Headers;
  /** How many rows there are in all, if that was asked. */
  readonly total: number | null;
  /** The version of the row, for `ifMatch`. */
  readonly etag: string | null;
  /** Whether the server had done this before, and gives the answer that got lost. */
  readonly replayed: boolean;
}

/** What went wrong. */
export interface Failure {
  readonly data: null;
  readonly error: ClientError;
}

export type Result<D> = Answer<D> | Failure;

/** A request. `await` gives `{ data, error }` and never throws what a server or a network does; `orThrow()` gives the data. */
export abstract class Pending<D> implements PromiseLike<Result<D>> {
  /** Send it and give the answer; errors are thrown. */
  abstract answer(): Promise<Answer<D>>;

  /** Send it and give the data; errors are thrown. */
  async orThrow(): Promise<D> {
    return (await this.answer()).data;
  }

  then<A = Result<D>, B = never>(
    resolve?: ((value: Result<D>) => A | PromiseLike<A>) | null,
    reject?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.settled().then(resolve, reject);
  }

  private async settled(): Promise<Result<D>> {
    try {
      return await this.answer();
    } catch (error) {
      if (error instanceof ClientError) return { data: null, error };
      throw error;
    }
  }
}

/** A request that is made by a function. */
export class Call<D> extends Pending<D> {
  private readonly run: () => Promise<Answer<D>>;

  constructor(run: () => Promise<Answer<D>>) {
    super();
    this.run = run;
  }

  answer(): Promise<Answer<D>> {
    return this.run();
  }
}

/** Put data into an answer. */
export function answered<D>(reply: Reply, data: D): Answer<D> {
  const total = /\/(\d+)$/.exec(reply.headers.get("content-range") ?? "")?.[1];
  return {
    data,
    error: null,
    status: reply.status,
    headers: reply.headers,
    total: total === undefined ? null : Number(total),
    etag: reply.headers.get("etag"),
    replayed: reply.headers.get("idempotent-replayed") === "true",
  };
}

/** Give the address of the next page, below the server's address. */
export function nextPage(reply: Reply, base: string): string | undefined {
  const target = /<([^>]*)>\s*;[^,]*rel="?next"?/.exec(reply.headers.get("link") ?? "")?.[1];
  return target?.startsWith(base) ? target.slice(base.length) : target;
}
