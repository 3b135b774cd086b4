import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { renderApi } from '../scripts/api-pages.ts'
import { readPublicApi } from '../scripts/public-api.ts'
import { findUndocumented } from '../scripts/undocumented.ts'

const folder = resolve(import.meta.dirname, '../docs/reference/api')
const entries = readPublicApi()

test('the API reference is generated from the present declarations', () => {
  const pages = renderApi(entries)
  assert.deepEqual(readdirSync(folder).sort(), [...pages.keys()].sort())
  for (const [name, text] of pages) {
    const written = readFileSync(join(folder, name), 'utf8')
    assert.ok(written === text, `docs/reference/api/${name} is out of date: run npm run reference`)
  }
})

test('every exported name and every public member has a text in the declarations', () => {
  const file = join(import.meta.dirname, 'undocumented.json')
  const allowed: readonly string[] = JSON.parse(readFileSync(file, 'utf8'))
  const missing = findUndocumented(entries)
  const added = missing.filter((name) => !allowed.includes(name))
  assert.deepEqual(added, [], 'Write a doc comment for these.')
  const documented = allowed.filter((name) => !missing.includes(name))
  assert.deepEqual(
    documented,
    [],
    'These have a text now: npm run reference removes them from the list.',
  )
})
