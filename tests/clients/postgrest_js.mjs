// Drives the unmodified @supabase/postgrest-js against a server of the films database.
// Usage: node postgrest_js.mjs BASE_URL; prints one JSON line per check: {"name", "error"}.
import assert from 'node:assert/strict'
import { PostgrestClient } from '@supabase/postgrest-js'

const client = new PostgrestClient(process.argv[2])
const films = () => client.from('films')
const titles = (data) => data.map((film) => film.title)
const ok = (answer) => {
  assert.equal(answer.error, null)
  return answer
}

const checks = {
  'select all': async () => {
    const { data, status, count } = ok(await films().select())
    assert.equal(status, 200)
    assert.equal(count, null)
    assert.equal(data.length, 5)
    assert.deepEqual(data[0], {
      id: 1, title: 'Alien', year: 1979, rating: 8.5, seen: true, director_id: 1, data: { tags: ['space', 'horror'] },
    })
  },
  'select columns, aliases, casts and JSON paths': async () => {
    const { data } = ok(await films().select('name:title, year::text, tag:data->tags->>0').eq('id', 1))
    assert.deepEqual(data, [{ name: 'Alien', year: '1979', tag: 'space' }])
  },
  'every comparison': async () => {
    const ids = async (query) => ok(await query.order('id')).data.map((film) => film.id)
    assert.deepEqual(await ids(films().select('id').eq('title', 'Ran')), [3])
    assert.deepEqual(await ids(films().select('id').neq('year', 1979)), [2, 3, 4])
    assert.deepEqual(await ids(films().select('id').gt('year', 1982)), [2, 3])
    assert.deepEqual(await ids(films().select('id').gte('year', 1985).lt('year', 1993)), [3])
    assert.deepEqual(await ids(films().select('id').lte('rating', 8.1)), [2, 4])
    assert.deepEqual(await ids(films().select('id').like('title', '%n%')), [1, 2, 3, 4, 5])
    assert.deepEqual(await ids(films().select('id').ilike('title', '*RUN*')), [4])
    assert.deepEqual(await ids(films().select('id').likeAnyOf('title', ['A%', 'R%'])), [1, 3])
    assert.deepEqual(await ids(films().select('id').ilikeAllOf('title', ['%a%', '%r%'])), [3, 4])
    assert.deepEqual(await ids(films().select('id').regexMatch('title', '^R')), [3])
    assert.deepEqual(await ids(films().select('id').regexIMatch('title', '^r')), [3])
    assert.deepEqual(await ids(films().select('id').is('year', null)), [5])
    assert.deepEqual(await ids(films().select('id').is('seen', true)), [1, 2])
    assert.deepEqual(await ids(films().select('id').isDistinct('year', 1979)), [2, 3, 4, 5])
    assert.deepEqual(await ids(films().select('id').in('title', ['Untitled, 2030', 'Ran'])), [3, 5])
    assert.deepEqual(await ids(films().select('id').notIn('id', [1, 2])), [3, 4, 5])
    assert.deepEqual(await ids(films().select('id').contains('data', { tags: ['space'] })), [1])
    assert.deepEqual(await ids(films().select('id').overlaps('data->tags', ['drama', 'comedy'])), [2])
    assert.deepEqual(await ids(films().select('id').match({ seen: true, year: 1993 })), [2])
    assert.deepEqual(await ids(films().select('id').not('year', 'is', null)), [1, 2, 3, 4])
    assert.deepEqual(await ids(films().select('id').or('year.lt.1980,and(seen.is.true,id.gt.1)')), [1, 2])
    assert.deepEqual(await ids(films().select('id').filter('id', 'in', '(1,5)')), [1, 5])
  },
  'order': async () => {
    const { data } = ok(await films().select('title').order('year', { ascending: false, nullsFirst: false }).order('id'))
    assert.deepEqual(titles(data), ['The Piano', 'Ran', 'Blade Runner', 'Alien', 'Untitled, 2030'])
  },
  'limit and range': async () => {
    assert.deepEqual(titles(ok(await films().select('title').order('id').limit(2)).data), ['Alien', 'The Piano'])
    const { data, count, status } = ok(await films().select('title', { count: 'exact' }).order('id').range(1, 2))
    assert.deepEqual(titles(data), ['The Piano', 'Ran'])
    assert.equal(count, 5)
    assert.equal(status, 206)
  },
  'count without rows': async () => {
    for (const kind of ['exact', 'planned', 'estimated']) {
      const { data, count } = ok(await films().select('*', { count: kind, head: true }).gt('id', 2))
      assert.equal(data, null)
      assert.equal(count, 3)
    }
  },
  'a page behind the end': async () => {
    const { error, status } = await films().select('*', { count: 'exact' }).range(50, 60)
    assert.equal(status, 416)
    assert.equal(error.code, 'range_not_satisfiable')
  },
  'single': async () => {
    assert.deepEqual(ok(await films().select('title').eq('id', 1).single()).data, { title: 'Alien' })
    const none = await films().select().eq('id', 99).single()
    assert.equal(none.status, 406)
    assert.match(none.error.details, /0 rows/)
    const several = await films().select().single()
    assert.equal(several.error.code, 'not_singular')
  },
  'maybeSingle': async () => {
    assert.deepEqual(ok(await films().select('id').eq('id', 1).maybeSingle()).data, { id: 1 })
    assert.equal(ok(await films().select().eq('id', 99).maybeSingle()).data, null)
    assert.notEqual((await films().select().maybeSingle()).error, null)
  },
  'embeds': async () => {
    const { data } = ok(
      await client.from('people').select('name, films(title)').eq('id', 1).order('year', { referencedTable: 'films' })
    )
    assert.deepEqual(data, [{ name: 'Ridley Scott', films: [{ title: 'Alien' }, { title: 'Blade Runner' }] }])
    const one = ok(await films().select('title, director:people(name)').eq('id', 2).single())
    assert.deepEqual(one.data, { title: 'The Piano', director: { name: 'Jane Campion' } })
    const inner = ok(await films().select('title, people!inner(name)').eq('people.name', 'Akira Kurosawa'))
    assert.deepEqual(titles(inner.data), ['Ran'])
    const limited = ok(
      await client.from('people').select('id, films(title)').eq('id', 1)
        .order('year', { referencedTable: 'films', ascending: false }).limit(1, { referencedTable: 'films' })
    )
    assert.deepEqual(limited.data[0].films, [{ title: 'Blade Runner' }])
    const either = ok(
      await client.from('people').select('name, films(title)').eq('id', 1)
        .or('year.eq.1982,title.eq.None', { referencedTable: 'films' })
    )
    assert.deepEqual(either.data[0].films, [{ title: 'Blade Runner' }])
    const spread = ok(await films().select('title, ...people(name)').eq('id', 3).single())
    assert.deepEqual(spread.data, { title: 'Ran', name: 'Akira Kurosawa' })
    const without = ok(await client.from('people').select('name, films()').is('films', null))
    assert.deepEqual(without.data, [])
  },
  'aggregates': async () => {
    const { data } = ok(await films().select('seen, n:count(), first:year.min()').order('seen'))
    assert.deepEqual(data, [{ seen: false, n: 3, first: 1982 }, { seen: true, n: 2, first: 1979 }])
  },
  'csv': async () => {
    const { data } = ok(await films().select('id,title').gt('id', 3).order('id').csv())
    assert.equal(data, 'id,title\r\n4,Blade Runner\r\n5,"Untitled, 2030"\r\n')
  },
  'strip nulls': async () => {
    const { data } = ok(await films().select('id,year').eq('id', 5).stripNulls())
    assert.deepEqual(data, [{ id: 5 }])
  },
  'insert, update and delete one row': async () => {
    const inserted = ok(await films().insert({ id: 100, title: 'One', year: 2001 }))
    assert.deepEqual([inserted.status, inserted.data], [201, null])
    const updated = ok(await films().update({ year: 2002 }).eq('id', 100))
    assert.deepEqual([updated.status, updated.data], [204, null])
    assert.equal(ok(await films().select('year').eq('id', 100).single()).data.year, 2002)
    const changed = ok(await films().update({ seen: true }).eq('id', 100).select('id,seen').single())
    assert.deepEqual(changed.data, { id: 100, seen: true })
    const removed = ok(await films().delete({ count: 'exact' }).eq('id', 100).select('id'))
    assert.deepEqual([removed.data, removed.count], [[{ id: 100 }], 1])
  },
  'bulk insert with differing keys': async () => {
    const rows = [{ id: 110, title: 'A', year: 1 }, { id: 111, title: 'B', seen: true }]
    const { data, count, status } = ok(await films().insert(rows, { count: 'exact', defaultToNull: false }).select())
    assert.deepEqual([status, count], [201, 2])
    assert.deepEqual(data.map((row) => [row.year, row.seen]), [[1, false], [null, true]])
    ok(await films().delete().in('id', [110, 111]))
  },
  'upsert': async () => {
    ok(await films().insert({ id: 120, title: 'Old', year: 1 }))
    const merged = ok(
      await films().upsert([{ id: 120, title: 'New' }, { id: 121, title: 'Next' }]).select('id,title,year').order('id')
    )
    assert.deepEqual(merged.data, [{ id: 120, title: 'New', year: 1 }, { id: 121, title: 'Next', year: null }])
    const ignored = ok(
      await films().upsert({ id: 120, title: 'Other' }, { ignoreDuplicates: true, onConflict: 'id' }).select()
    )
    assert.deepEqual(ignored.data, [])
    const byTitle = ok(await films().upsert({ title: 'New', year: 5 }, { onConflict: 'title' }).select('id,year'))
    assert.deepEqual(byTitle.data, [{ id: 120, year: 5 }])
    ok(await films().delete().gte('id', 120))
  },
  'rollback and max affected': async () => {
    const { data } = ok(await films().update({ year: 1 }).eq('id', 1).select('year').rollback())
    assert.deepEqual(data, [{ year: 1 }])
    assert.equal(ok(await films().select('year').eq('id', 1).single()).data.year, 1979)
    const refused = await films().update({ year: 1 }).gt('id', 0).maxAffected(2)
    assert.equal(refused.error.code, 'max_affected_exceeded')
  },
  'errors carry code, message and hint': async () => {
    const { error, status } = await films().select('titel')
    assert.equal(status, 400)
    assert.equal(error.code, 'unknown_column')
    assert.match(error.message, /titel/)
    assert.match(error.hint, /title/)
    assert.equal((await films().insert({ id: 1, title: 'x' })).error.code, 'unique_violation')
    assert.equal((await films().delete()).error.code, 'full_table_write')
    assert.equal((await client.from('nope').select()).error.code, 'unknown_table')
  },
  'a schema names a branch': async () => {
    assert.equal(ok(await client.schema('main').from('films').select('id')).data.length, 5)
    assert.equal((await client.schema('nope').from('films').select('id')).error.code, 'unknown_ref')
  },
  'a table is made by its first write, with names of any kind': async () => {
    const row = { 'größe (cm)': 3, 'a.b': 'x', order: 1 }
    ok(await client.from('ünusual name').insert(row))
    const { data } = ok(
      await client.from('ünusual name').select('"größe (cm)","a.b",order').eq('"a.b"', 'x').eq('"order"', 1)
    )
    assert.deepEqual(data, [row])
  },
}

for (const [name, check] of Object.entries(checks)) {
  let error = null
  try {
    await check()
  } catch (caught) {
    error = `${caught.stack}`
  }
  console.log(JSON.stringify({ name, error }))
}
