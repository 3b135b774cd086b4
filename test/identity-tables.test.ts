import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { makeTables } from '../scripts/identity-tables.ts'
import { CONFUSABLES_VERSION } from '../src/core/identity/tables.ts'

const load = createRequire(import.meta.url)
const root = resolve(import.meta.dirname, '..')

test('the tables of identities are what the script makes of Unicode’s data', () => {
  const committed = readFileSync(resolve(root, 'src/core/identity/tables.ts'), 'utf8')
  assert.equal(committed, makeTables())
})

test('the confusables are of the version that the package says', () => {
  const readme = resolve(load.resolve('unhomoglyph/package.json'), '../README.md')
  assert.match(readFileSync(readme, 'utf8'), new RegExp(`, v${CONFUSABLES_VERSION}\\.`))
})

test('marks and one letter of Adlam are transparent for joining', () => {
  const { validZWNJ }: { validZWNJ: RegExp } = load('tr46/lib/regexes.js')
  const [, transparent = ''] = validZWNJ.source.match(/\[[^\]]+\]/g) ?? []
  const listed = new RegExp(transparent, 'u')
  for (let code = 0; code < 0x110000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue
    const char = String.fromCodePoint(code)
    if (/[\p{Mn}\p{Me}\u{1e94b}]/u.test(char)) assert.match(char, listed)
    else assert.ok(/\p{Cf}/u.test(char) || !listed.test(char), code.toString(16))
  }
})
