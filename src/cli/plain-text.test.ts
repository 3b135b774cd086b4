import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnsOf, localTime, plainText } from './plain-text.ts'

test('control characters are shown, not obeyed', () => {
  assert.equal(plainText('a\x1b[2Jb\n\u202e'), 'a\\u001b[2Jb\\u000a\\u202e')
  assert.equal(plainText('Zoë 山'), 'Zoë 山')
})

test('columns count what a terminal shows', () => {
  assert.equal(columnsOf('abc'), 3)
  assert.equal(columnsOf('Zoe\u0308'), 3)
  assert.equal(columnsOf('山田'), 4)
})

test('a time names its offset and is the same instant', () => {
  const at = Date.UTC(2026, 2, 1, 12, 34, 56)
  assert.match(localTime(at), /^2026-03-01T|^2026-02-28T|^2026-03-02T/)
  assert.equal(Date.parse(localTime(at)), at)
})
