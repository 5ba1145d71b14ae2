// Asks a GraphQL server everything that graphql-http's audits ask; prints the status of each, by its id.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const found = {};
for (const result of results) {
  found[result.id] = result.status === "ok" ? "ok" : `${result.status}: ${result.name}: ${result.reason}`;
}
console.log(JSON.stringify(found));
