// Runs the cases of cases.jsonl with the unmodified @supabase/postgrest-js.
// Usage: node cases_js.mjs BASE_URL; prints one JSON line per case: {"name", "error"}.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { PostgrestClient } from '@supabase/postgrest-js'

const order = (column, { desc, nulls, of } = {}) => [
  column, { ascending: !desc, nullsFirst: nulls && nulls === 'first', referencedTable: of },
]
const method = {
  select: (query, columns, options) => query.select(columns, options),
  insert: (query, rows) => query.insert(rows),
  update: (query, values) => query.update(values),
  upsert: (query, rows, options) => query.upsert(rows, options),
  delete: (query) => query.delete(),
  returning: (query, columns) => query.select(columns),
  likeAny: (query, column, patterns) => query.likeAnyOf(column, patterns),
  likeAll: (query, column, patterns) => query.likeAllOf(column, patterns),
  ilikeAny: (query, column, patterns) => query.ilikeAnyOf(column, patterns),
  ilikeAll: (query, column, patterns) => query.ilikeAllOf(column, patterns),
  order: (query, column, options) => query.order(...order(column, options)),
  limit: (query, count, { of } = {}) => query.limit(count, { referencedTable: of }),
}

const answered = async (client, { from, do: steps }) => {
  const schema = steps[0][0] === 'schema' ? steps[0][1] : null
  let query = (schema ? client.schema(schema) : client).from(from)
  for (const [name, ...args] of steps.slice(schema ? 1 : 0)) {
    query = method[name] ? method[name](query, ...args) : query[name](...args)
  }
  return await query
}

const check = (expected, { data, count, error }) => {
  assert.equal(error?.code ?? null, expected.error ?? null, JSON.stringify(error))
  if ('ids' in expected) assert.deepEqual(data.map((row) => row.id), expected.ids)
  if ('data' in expected) assert.deepEqual(data, expected.data)
  if ('count' in expected) assert.equal(count, expected.count)
}

const client = new PostgrestClient(process.argv[2])
for (const line of readFileSync(new URL('cases.jsonl', import.meta.url), 'utf8').trim().split('\n')) {
  const expected = JSON.parse(line)
  let error = null
  try {
    check(expected, await answered(client, expected))
  } catch (caught) {
    error = `${caught.stack}`
  }
  console.log(JSON.stringify({ name: expected.name, error }))
}
