// Follows films with graphql-ws or graphql-sse, unmodified: node graphql_subscriptions.mjs ws|sse ADDRESS COUNT
// Prints each event as a line of JSON, and "lost" whenever the connection was, until COUNT changes were seen.
import { createClient as createSocketClient } from "graphql-ws";
import { createClient as createStreamClient } from "graphql-sse";
import WebSocket from "ws";

const [kind, address, wanted] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

// Both clients send this object again when they connect again: the place to go on from is in it.
const request = {
  query: `subscription ($since: String) {
    films_changes(since: $since, where: { year: { _gte: 2000 } }) { offset operation key new { title } old { title } }
  }`,
  variables: { since: null },
};

const client =
  kind === "ws"
    ? createSocketClient({
        url: address.replace("http", "ws"),
        webSocketImpl: WebSocket,
        retryAttempts: 100,
        retryWait: pause,
        shouldRetry: () => true,
        lazy: true,
        on: { closed: () => say("lost") },
      })
    : createStreamClient({ url: address, retryAttempts: 100, retry: pause });

let seen = 0;
let begun = 0;
client.subscribe(request, {
  next: ({ data, errors }) => {
    if (errors) throw new Error(JSON.stringify(errors));
    const change = data.films_changes;
    request.variables.since = change.offset ?? request.variables.since;
    if (change.operation === "ready") {
      begun += 1;
      say(begun > 1 && kind === "sse" ? "lost" : "ready");
      return;
    }
    say(JSON.stringify(change));
    seen += 1;
    if (seen === Number(wanted)) setImmediate(() => process.exit(0));
  },
  error: (error) => {
    say(`error ${error?.message ?? JSON.stringify(error)}`);
    process.exit(1);
  },
  complete: () => {
    say("complete");
    process.exit(1);
  },
});
