/**
 * Drives the generated TypeScript client against a server of the shop database.
 *
 * Usage: `node roundtrip.js BASE_URL CUTTING_URL KILLING_URL`; prints one JSON line per check: `{"name", "error"}`. The second
 * address breaks the connection of a request with `X-Cut` after it was done; the third one kills the server, and answers when
 * it is there again.
 */

import { connect, type Queries, type Tables } from "./shop_client/index.js";
import {
  anyOf, compare, Incomplete, jsonPath, NotConnected, NotSingular, path, reference, Refused, type Client, type LiveChange, type Pending,
} from "./shop_client/runtime/index.js";

declare const process: { readonly argv: readonly string[] };

type Shop = Client<Tables, Queries>;

const [, , BASE = "", CUTTING = "", KILLING = ""] = process.argv;
const RUN = String(Math.random());
const ODD = 'Größe & "Maße"';
const BIG = 2n ** 53n + 1n;
const CODE = "6f9619ff-8b86-4011-b42d-00c04fc964ff";

const CHECKS: Record<string, (client: Shop) => Promise<void>> = {
  async createReadUpdateDelete(client) {
    const items = client.from("items");
    const made = await items.insert({ id: 1, sku: "a", stock: 3 }).returning().single().orThrow();
    same([made.id, made.sku, made.price, made.sold, made.made], [1n, "a", "1.5000", false, null]);
    same((await items.update({ stock: 4 }).key(1).answer()).status, 204);
    same((await items.get(1).orThrow()).stock, 4n);
    same(await items.update({ stock: 5 }).eq("sku", "a").returning("stock").orThrow(), [{ stock: 5n }]);
    const put = await items.replace({ sku: "b" }, 1).returning().single().orThrow();
    same([put.sku, put.stock], ["b", null]);
    await items.delete().key(1).orThrow();
    same((await refused(items.get(1))).kind, "not_found");
    const { data, error } = await items.get(1);
    same([data, error instanceof Refused && error.status], [null, 404]);
  },

  async everyTypeKeepsItsValue(client) {
    const items = client.from("items");
    const facts = { a: [1, BIG, 0.1, null, true], ü: "ß", __proto__x: 1 };
    const seen = "2024-02-29T12:00:00.000001Z";
    const row = {
      id: BIG, sku: "types", price: "1234567890123456.7891", stock: -BIG, weight: 0.1, sold: true, made: "2024-02-29",
      seen_at: seen, code: CODE, facts, photo: new Uint8Array([0, 255]),
    };
    await items.insert(row).orThrow();
    same(await items.get(BIG).orThrow(), { ...row, maker_id: null, buyer_id: null });
    const found = items.select("id").eq("id", BIG).eq("price", "1234567890123456.7891").eq("seen_at", seen);
    same(await found.eq("code", CODE).eq("photo", row.photo).eq("weight", 0.1).eq("sold", true).count().orThrow(), 1);
    try {
      await items.update({ stock: 2 ** 53 }).key(BIG);
      throw new Error("a number that may have been rounded was sent");
    } catch (error) {
      same(error instanceof RangeError, true);
    }
    await items.delete().key(BIG).orThrow();
  },

  async nullIsNotAbsent(client) {
    const items = client.from("items");
    await items.insert([{ id: 1, sku: "absent", price: undefined }, { id: 2, sku: "null", price: null }]).orThrow();
    same(await items.select("price").order("id").orThrow(), [{ price: "1.5000" }, { price: null }]);
    await items.update({ stock: null }).key(1).orThrow();
    await items.update({ stock: 1 }).key(2).orThrow();
    await items.upsert([{ id: 1, price: null }, { id: 2, stock: null }]).orThrow();
    const empty = { price: null, stock: null };
    same(await items.select("price", "stock").order("id").orThrow(), [empty, empty]);
    await items.delete().everyRow().orThrow();
  },

  async filters(client) {
    const items = client.from("items");
    await items.insert([
      { id: 1, sku: "one, (1)", stock: 1, sold: true, facts: { tags: ["red", "big"], n: 1 } },
      { id: 2, sku: 'two "2"', stock: 2, price: "2.25" },
      { id: 3, sku: "THREE\\%", stock: null },
    ]).orThrow();
    const query = items.select("id").order("id");
    const ids = async (narrowed: Pending<{ id: bigint }[]>) => (await narrowed.orThrow()).map((row) => Number(row.id));
    same(await ids(query.eq("sku", "one, (1)")), [1]);
    same(await ids(query.in("sku", ["one, (1)", 'two "2"'])), [1, 2]);
    same(await ids(query.notIn("id", [1, 2n])), [3]);
    same(await ids(query.neq("stock", 1)), [2]);
    same(await ids(query.gte("stock", 1).lt("stock", 2)), [1]);
    same(await ids(query.lte("price", "2.25").gt("price", 2)), [2]);
    same(await ids(query.like("sku", "o%")), [1]);
    same(await ids(query.ilike("sku", "three%")), [3]);
    same(await ids(query.match("sku", "^t")), [2]);
    same(await ids(query.isNull("stock")), [3]);
    same(await ids(query.notNull("stock")), [1, 2]);
    same(await ids(query.contains("facts", { tags: ["red"] })), [1]);
    same(await ids(query.overlaps(jsonPath("facts", "tags"), ["big", "small"])), [1]);
    same(await ids(query.eq(path("facts", "tags", 0), "red")), [1]);
    same(await ids(query.where(anyOf(compare("sku", "eq", 'two "2"'), compare("stock", "is", "null")))), [2, 3]);
    same(await ids(query.where(anyOf(compare("id", "eq", 1), compare("id", "eq", 2n)).not())), [3]);
    same(await ids(items.select("id").order("stock", { descending: true, nulls: "first" })), [3, 2, 1]);
    same(await ids(query.limit(1).offset(1)), [2]);
    await items.delete().everyRow().orThrow();
  },

  async singleRowsAndCounts(client) {
    const people = client.from("people");
    same(await people.select("name").eq("id", 1).single().orThrow(), { name: "Ada" });
    same(await people.select().eq("id", 9).maybeSingle().orThrow(), null);
    same((await refused(people.select().single())).code, "not_singular");
    same((await people.select().maybeSingle()).error instanceof NotSingular, true);
    same(await people.select().gt("id", 1).count().orThrow(), 2);
    const answer = await people.select().withCount().order("id").limit(2).answer();
    same([answer.data.length, answer.total], [2, 3]);
  },

  async relatedRows(client) {
    const people = client.from("people");
    const items = client.from("items");
    await items.insert([1, 2, 3].map((n) => ({ id: n, sku: `s${n}`, maker_id: 2, buyer_id: 1 }))).orThrow();
    const rows = await people.select("name").order("id").limit(2)
      .embed("items_items_maker", (made) => made.select("sku", "price").gt("id", 1).order("id", { descending: true }))
      .orThrow();
    same(rows[0]?.items_items_maker, []);
    same(rows[1]?.items_items_maker.map((item) => [item.sku, item.price]), [["s3", "1.5000"], ["s2", "1.5000"]]);
    const item = await items.select("sku").embed("items_buyer").eq("id", 1).single().orThrow();
    same([item.items_buyer?.id, item.items_buyer?.born], [1n, "1815-12-10"]);
    const grace = await people.select("name").embed("people_boss", (boss) => boss.select("name")).eq("id", 2).single();
    same(grace.data?.people_boss, { name: "Ada" });
    const ada = people.select("name").embed("people_people_boss", (staff) => staff.required().order("id"));
    same((await ada.single().orThrow()).people_people_boss.map((person) => person.name), ["Grace", "Zoë"]);
    await items.delete().everyRow().orThrow();
  },

  async manyRowsPageByPage(client) {
    const items = client.from("items");
    const rows = Array.from({ length: 250 }, (_, n) => ({ sku: `p${String(n).padStart(3, "0")}` }));
    same((await items.insert(rows).answer()).status, 201);
    const sizes: number[] = [];
    const seen = new Set<string>();
    for await (const page of items.select("sku").pages(100)) {
      sizes.push(page.length);
      for (const row of page) seen.add(row.sku);
    }
    same([sizes, seen.size], [[100, 100, 50], 250]);
    let all = 0;
    for await (const row of items.select().order("sku", { descending: true }).rows(60)) all += row.sku ? 1 : 0;
    for await (const row of items.select().stream()) all += typeof row.id === "bigint" ? 1 : 0;
    same(all, 500);
    same((await refused(items.delete().atMost(10).like("sku", "p%"))).code, "max_affected_exceeded");
    same((await refused(items.delete())).code, "full_table_write");
    same((await items.delete().like("sku", "p%").atMost(250).returning("id").orThrow()).length, 250);
  },

  async upserts(client) {
    const items = client.from("items");
    await items.insert({ id: 1, sku: "u", stock: 1, weight: 2.5 }).orThrow();
    const merged = items.upsert({ sku: "u", stock: 2 }, { on: ["sku"] }).returning("id", "stock", "weight");
    same(await merged.orThrow(), [{ id: 1n, stock: 2n, weight: 2.5 }]);
    await items.upsert({ id: 1, sku: "x", stock: 9 }, { ignore: true }).orThrow();
    same((await items.get(1).orThrow()).stock, 2n);
    same((await refused(items.insert({ id: 2, sku: "u" }))).code, "unique_violation");
    await items.delete().everyRow().orThrow();
  },

  async rawSelections(client) {
    const rows = await client.from("people").select().selectRaw("n:count(),oldest:born.min(),big:id.sum()").orThrow();
    same(rows, [{ n: 3, oldest: "1815-12-10", big: 6 }]);
  },

  async csvBothWays(client) {
    const items = client.from("items");
    await items.insertCsv('id,sku,stock\n1,"a, b",\n2,c,5\n').orThrow();
    same(await items.select("id", "sku", "stock").order("id").csv().orThrow(), 'id,sku,stock\r\n1,"a, b",\r\n2,c,5\r\n');
    await items.delete().everyRow().orThrow();
  },

  async hostileNames(client) {
    const odd = client.from(ODD);
    await odd.insert({
      "first name": "A", order: 1, class: "b", "a.b": "c", 日本: "d", naïve: 2, '"q"\\': "e", not: true,
      "per%cent+&=": "f", constructor: "g", count: BIG,
    }).orThrow();
    const query = odd.select("first name", "order", "日本", '"q"\\', "per%cent+&=", "count", "constructor")
      .eq("a.b", "c").eq("order", 1).eq("not", true).eq('"q"\\', "e").in("per%cent+&=", ["f"]).eq("naïve", 2)
      .where(anyOf(compare("not", "is", "true"), compare("a.b", "eq", "x"))).order("first name");
    same(await query.orThrow(), [
      { "first name": "A", order: 1n, 日本: "d", '"q"\\': "e", "per%cent+&=": "f", count: BIG, constructor: "g" },
    ]);
    same(await odd.update({ class: "z" }).eq("日本", "d").returning("class").orThrow(), [{ class: "z" }]);
    await odd.delete().everyRow().orThrow();
    await client.from("items").insert({ id: 7, sku: "s" }).orThrow();
    await client.from("parts").insert({ item_id: 7, number: 1, label: "x" }).orThrow();
    same((await client.from("parts").get(7, 1).orThrow()).label, "x");
    await client.from("parts").delete().key(7, 1).orThrow();
    await client.from("items").delete().key(7).orThrow();
  },

  async branchesAndPastStates(client) {
    const people = client.from("people");
    await client.tags.create("before");
    await client.branches.create("ts.x", { comment: "näme" });
    const branch = client.at("ts.x");
    await branch.from("people").update({ name: "Ada L." }).key(1).message("a longer näme").orThrow();
    same((await people.get(1).orThrow()).name, "Ada");
    same((await branch.from("people").get(1).orThrow()).name, "Ada L.");
    same((await branch.commits({ limit: 1 }))[0]?.["message"], "a longer näme");
    same((await branch.diff("main", { detail: "cells" })).map((item) => item["column"]), ["name"]);
    same((await client.merge("ts.x"))["conflicts"], []);
    same((await people.get(1).orThrow()).name, "Ada L.");
    same((await client.at("before").from("people").get(1).orThrow()).name, "Ada");
    same((await refused(client.at("before").from("people").delete().key(1))).code, "read_only");
    same((await people.history([1], "name")).at(-1)?.["value"], "Ada");
    await people.update({ name: "Ada" }).key(1).orThrow();
    await client.branches.delete("ts.x");
    await client.tags.delete("before");
    same(await client.sql("SELECT count(*) AS n FROM people WHERE id > ?", [1]), [{ n: 2 }]);
  },

  async changesGoOnWhereTheyEnded(client) {
    const people = client.from("people");
    await people.insert({ id: 50, name: "first" }).orThrow();
    let last = "";
    for await (const change of client.changes(undefined, { tables: ["people"] })) last = change.offset;
    await people.update({ name: "second" }).key(50).orThrow();
    await people.delete().key(50).orThrow();
    const found: unknown[] = [];
    for await (const change of client.changes(last, { tables: ["people"] })) found.push([change.change, change.key]);
    same(found, [["update", [50]], ["delete", [50]]]);
  },

  async aListenerMissesAndRepeatsNothing(client) {
    const [head] = await client.commits({ limit: 1 });
    const patient = connect(BASE, { retries: { most: 30 } });
    const write = async (first: number, last: number) => {
      for (let number = first; number < last; number += 1) {
        await patient.from("items").insert([{ sku: `n${number}` }, { sku: `o${number}` }]).orThrow();
      }
    };
    const disturb = async () => {
      await Promise.all([write(20, 30), fetch(KILLING)]);
      await write(30, 40);
    };
    await write(0, 20);
    const found: LiveChange[] = [];
    let others = Promise.resolve();
    for await (const change of patient.listen({ since: String(head?.["id"]), tables: ["items"] })) {
      found.push(change);
      if (found.length === 1) others = disturb();
      if (found.length === 80) break;
    }
    await others;
    const skus = Array.from({ length: 40 }, (_, number) => [`n${number}`, `o${number}`]).flat();
    same(found.map((change) => change.new?.["sku"]), skus);
    same(new Set(found.map((change) => change.seq)).size, 80);
    const again: string[] = [];
    const stop = new AbortController();
    for await (const change of patient.listen({ since: found[40]?.seq, signal: stop.signal })) {
      again.push(change.seq);
      if (again.length === 39) setTimeout(() => stop.abort(), 200);
    }
    same(again, found.slice(41).map((change) => change.seq));
    try {
      await patient.listen({ since: "99999" }).next();
      throw new Error("there are no such changes");
    } catch (error) {
      same(error instanceof Refused && [error.code, error.kind], ["history_gone", "not_found"]);
    }
  },

  async whatHappensToRowsHasTypes(client) {
    const items = client.from("items");
    const since = String((await client.commits({ limit: 1 }))[0]?.["id"]);
    await items.insert({ id: 1, sku: "a", price: "2.50", photo: new Uint8Array([255]) }).orThrow();
    await items.insert({ id: 2, sku: "other", stock: 9 }).orThrow();
    await items.update({ stock: BIG }).key(1).orThrow();
    await items.update({ sku: "b, (1)" }).key(1).orThrow();
    await items.update({ sku: "a" }).key(1).orThrow();
    await items.delete().key(1).orThrow();
    const found: unknown[] = [];
    for await (const change of items.listen([compare("sku", "eq", "a"), compare("id", "lt", 5)], { since })) {
      if (change.op === "insert") found.push([change.op, change.new.price, change.new.photo, change.old]);
      if (change.op === "update") found.push([change.op, change.new.stock, change.old.stock, change.changed, change.key]);
      if (change.op === "leave") found.push([change.op, change.old.stock]);
      if (change.op === "delete") break;
    }
    const photo = new Uint8Array([255]);
    same(found, [
      ["insert", "2.5000", photo, null], ["update", BIG, null, ["stock"], [1]], ["leave", BIG], ["insert", "2.5000", photo, null],
    ]);
    try {
      await items.listen([compare("nmae", "eq", "x")]).next();
      throw new Error("there is no such column");
    } catch (error) {
      same(error instanceof Refused && error.code, "unknown_column");
    }
  },

  async aSilentConnectionIsMadeAgain(client) {
    const since = String((await client.commits({ limit: 1 }))[0]?.["id"]);
    const stalled = connect(CUTTING, { timeout: 500, headers: { "X-Stall": `ts ${RUN}` } });
    await client.from("items").insert({ sku: "heard" }).orThrow();
    for await (const change of stalled.listen({ since })) {
      same(change.new?.["sku"], "heard");
      break;
    }
  },

  async lostUpdatesAreNoticed(client) {
    const items = client.from("items");
    await items.insert({ id: 1, sku: "a" }).orThrow();
    const { etag } = await items.get(1).answer();
    await items.update({ stock: 1 }).key(1).ifMatch(etag).orThrow();
    const error = await refused(items.update({ stock: 2 }).key(1).ifMatch(etag));
    same([error.code, error.kind], ["precondition_failed", "changed"]);
    same(await items.select("stock").orThrow(), [{ stock: 1n }]);
    await items.delete().key(1).ifMatch((await items.get(1).answer()).etag).orThrow();
  },

  async aWriteWhoseAnswerIsLostIsDoneOnce(client) {
    const items = client.from("items");
    const cut = (name: string) => connect(CUTTING, { headers: { "X-Cut": `ts ${RUN} ${name}` } }).from("items");
    const made = await cut("insert").insert({ sku: "once" }).returning().answer();
    same([made.replayed, made.data.length, await items.select().count().orThrow()], [true, 1, 1]);
    const gone = await cut("delete").delete().eq("sku", "once").returning("sku").answer();
    same([gone.replayed, gone.data], [true, [{ sku: "once" }]]);
    const hasty = connect(CUTTING, { headers: { "X-Cut": `ts ${RUN} hasty` }, retries: { most: 0 } });
    same((await hasty.from("items").insert({ sku: "unknown" })).error instanceof NotConnected, true);
    await items.delete().eq("sku", "unknown").orThrow();
  },

  async aBatchIsOneCommit(client) {
    const people = client.from("people");
    const items = client.from("items");
    const results = await client.batch([
      people.insert({ id: 60, name: "Yasujirō" }),
      items.insert({ id: 1, sku: "by him", maker_id: reference(0, "id") }).returning("maker_id"),
      items.update({ stock: 7 }).key(1),
      items.insertCsv("sku\nplain\n"),
    ]).orThrow();
    same(results.map((item) => item.status), [201, 201, 204, 201]);
    same(results[1]?.body, [{ maker_id: 60 }]);
    const error = await refused(client.batch([items.delete().key(1), items.insert({ sku: "plain" })]));
    same([error.data["operation"], await items.select().count().orThrow()], [1, 2]);
    await items.delete().everyRow().orThrow();
    await people.delete().key(60).orThrow();
  },

  async aWalkIsOfOneMoment(client) {
    const items = client.from("items");
    const skus = Array.from({ length: 30 }, (_, n) => `w${String(n).padStart(2, "0")}`);
    await items.insert(skus.map((sku) => ({ sku }))).orThrow();
    const found: string[] = [];
    for await (const page of items.select("sku").order("sku").pages(10)) {
      if (found.length === 0) {
        await items.insert({ sku: "a new one" }).orThrow();
        await items.delete().in("sku", skus.slice(5, 25)).orThrow();
      }
      found.push(...page.map((row) => row.sku));
    }
    same(found, skus);
    await items.delete().everyRow().orThrow();
  },

  async eachRowGetsItsOwnValues(client) {
    const items = client.from("items");
    await items.insert([{ id: 1, sku: "a", stock: 1 }, { id: 2, sku: "b", stock: 2 }]).orThrow();
    await items.updateEach([{ id: 1, stock: 5 }, { id: 2, weight: 0.5 }]).orThrow();
    await items.updateEach([{ sku: "a", weight: 1.5 }], { on: ["sku"] }).orThrow();
    const rows = await items.select("stock", "weight").order("id").orThrow();
    same(rows, [{ stock: 5n, weight: 1.5 }, { stock: 2n, weight: 0.5 }]);
    same((await refused(items.updateEach([{ id: 9, stock: 5 }]))).status, 404);
    await items.delete().everyRow().orThrow();
  },

  async longQueriesFit(client) {
    const query = client.from("people").select("id").in("id", Array.from({ length: 5_000 }, (_, n) => n + 2));
    same([await query.order("id").orThrow(), await query.count().orThrow()], [[{ id: 2n }, { id: 3n }], 2]);
    let streamed = 0;
    for await (const row of query.stream()) streamed += Number(row.id);
    same(streamed, 5);
  },

  async savedQueriesAreCalled(client) {
    same(await client.rpc("staff", { least: 2 }).orThrow(), [
      { id: 2n, name: "Grace", born: "1906-12-09", sum: 2 },
      { id: 3n, name: "Zoë", born: null, sum: 3 },
    ]);
    const [row] = await client.rpc("staff", { least: 1, like: "A%", more: BIG - 1n }).orThrow();
    same(row?.sum, BIG);
    const bytes = new Uint8Array([0, 255]);
    const day = "2024-02-29";
    const [all] = await client.rpc("every-type", {
      text_: "ä&=+", integer_: BIG, real_: 0.1, decimal_: "1.5000", boolean_: true, date_: day,
      timestamp_: new Date(`${day}T12:00:00Z`), uuid_: CODE, json_: { a: [1, null] }, bytes_: bytes,
    }).orThrow();
    same([all?.text, all?.integer, all?.real], ["ä&=+", BIG, 0.1]);
    same((await client.rpc("every-type").orThrow())[0]?.integer, null);
    same(await client.rpc("every_type").orThrow(), [{ one: 1 }]);
    same(await client.rpc("class", { self: "me", from: 7n }).orThrow(), [{ self: "me", from: 7 }]);
    await client.from("items").insert({ id: 1, sku: "a", made: day, photo: bytes }).orThrow();
    const [item] = await client.rpc("list").orThrow();
    same([item?.price, item?.made, item?.photo], ["1.5000", day, bytes]);
    const moment = String((await client.commits({ limit: 1 }))[0]?.["at"]);
    await client.branches.create("ts.called");
    const branch = client.at("ts.called");
    await branch.from("people").update({ name: "Ada L." }).key(1).orThrow();
    const names = async (shop: Shop) => (await shop.rpc("staff", { least: 1, like: "A%" }).orThrow()).map((found) => found.name);
    same([await names(branch), await names(client.at(`main@${moment}`))], [["Ada L."], ["Ada"]]);
    await client.branches.delete("ts.called");
    same((await refused(client.rpc("staff", { least: 1, like: "\0" }))).status, 400);
    same((await client.rpc("count", { rows: 10_000 }).orThrow()).length, 10_000);
    same((await client.rpc("count", { rows: 10_001 })).error instanceof Incomplete, true);
    const cut = connect(CUTTING, { headers: { "X-Cut": `ts call ${RUN}` } });
    same((await cut.rpc("staff", { least: 3 }).orThrow()).length, 1);
  },

  async dryRunsChangeNothing(client) {
    const people = client.from("people");
    same(await people.delete().eq("id", 3).dryRun().returning("id").orThrow(), [{ id: 3n }]);
    same(await people.select().count().orThrow(), 3);
  },

  async errorsSayWhatIsWrong(client) {
    const error = await refused(client.from("people").select().where(compare("nmae", "eq", "x")));
    same([error.code, error.status, error.kind, error.hint?.includes("name")], ["unknown_column", 400, "bad_request", true]);
    same((await refused(client.at("nowhere").from("people").select())).code, "unknown_ref");
    const closed = connect("http://127.0.0.1:9", { retries: { most: 1, firstPause: 10 }, timeout: 2_000 });
    same((await closed.from("people").get(1)).error instanceof NotConnected, true);
  },

  async aDriftedSchemaIsToldOnce(client) {
    const told: string[] = [];
    const drifting = connect(BASE, { onDrift: (current) => told.push(current) });
    await drifting.from("people").get(1).orThrow();
    same(told, []);
    await client.branches.create("ts.drifted");
    const other = drifting.at("ts.drifted").from("people");
    const values = { name: "x", brand_new: 1 };
    await other.update(values).key(1).orThrow();
    await other.get(1).orThrow();
    await other.get(1).orThrow();
    same(told.length, 1);
    await client.branches.delete("ts.drifted");
  },
};

async function refused(call: Pending<unknown>): Promise<Refused> {
  const { error } = await call;
  if (error instanceof Refused) return error;
  throw error ?? new Error("this should have been refused");
}

function same(found: unknown, expected: unknown): void {
  if (shown(found) !== shown(expected)) throw new Error(`found ${shown(found)}, expected ${shown(expected)}`);
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === "bigint") return `${item}n`;
    if (item instanceof Uint8Array) return [...item];
    const isPlain = typeof item === "object" && item !== null && !Array.isArray(item);
    return isPlain ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item;
  });
}

const client = connect(BASE);
for (const [name, check] of Object.entries(CHECKS)) {
  try {
    // One check that fails leaves rows behind, which must not make others fail.
    await client.from("items").delete().everyRow().orThrow();
    await check(client);
    console.log(JSON.stringify({ name, error: null }));
  } catch (error) {
    console.log(JSON.stringify({ name, error: error instanceof Error ? `${error.stack}` : String(error) }));
  }
}
