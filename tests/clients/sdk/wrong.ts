/** What the compiler must refuse; it complains about an expected error that is none. */

import { connect } from "./shop_client/index.js";

const client = connect("http://127.0.0.1:8000");
const items = client.from("items");

// @ts-expect-error there is no such table
client.from("itmes");
// @ts-expect-error there is no such column
items.select("nmae");
// @ts-expect-error nor here
items.select().eq("nmae", 1);
// @ts-expect-error a text is not a number
items.select().eq("stock", true);
// @ts-expect-error nothing equals null
items.select().eq("stock", null);
// @ts-expect-error the column sku is missing
items.insert({ stock: 1 });
// @ts-expect-error a number is no text
items.insert({ sku: 1 });
// @ts-expect-error the column may not be null
items.update({ sold: null });
// @ts-expect-error there is no such relation
items.select().embed("people");

// @ts-expect-error there is no such query
client.rpc("stuff");
// @ts-expect-error it needs an argument
client.rpc("staff");
// @ts-expect-error of this type
client.rpc("staff", { least: "1" });

const { data } = await items.get(1);
if (data !== null) {
  // @ts-expect-error it is a bigint
  const name: string = data.stock;
  const stock: bigint | null = data.stock;
  console.log(name, stock);
}
const [row] = await items.select("id").embed("items_buyer", (buyer) => buyer.select("name")).orThrow();
const name: string | undefined = row?.items_buyer?.name;
// @ts-expect-error only its name was selected
console.log(name, row?.items_buyer?.born);
for await (const change of items.listen()) {
  // @ts-expect-error a row that was deleted has no values after it
  console.log(change.new.sku);
  // @ts-expect-error there is no such column
  if (change.op === "insert") console.log(change.new.nmae);
}
