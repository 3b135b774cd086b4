import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineReader } from './line-reader.ts'

function linesOf(chunks: readonly Buffer[], maxBytes = 1000): string[] {
  const reader = new LineReader(maxBytes)
  const lines: string[] = []
  for (const chunk of chunks) reader.read(chunk, (line) => lines.push(line))
  return lines
}

test('the lines are the same however their bytes are cut', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 })
  const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 12 })
  fc.assert(
    fc.property(fc.array(text, { maxLength: 10 }), cuts, (texts, at) => {
      const bytes = Buffer.from(texts.map((each) => `${each}\n`).join(''))
      const ends = [...at.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort(
        (a, b) => a - b,
      )
      const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
      const plain = texts.flatMap((each) => each.split('\n')).map((each) => each.trim())
      assert.deepEqual(
        linesOf(chunks),
        plain.filter((each) => each !== ''),
      )
    }),
  )
})

test('a line over the limit is refused before its end comes, and the limit is of one line', () => {
  const within = Buffer.from(`${'x'.repeat(10)}\n`)
  assert.equal(linesOf([within, within, within], 10).length, 3)
  assert.throws(() => linesOf([Buffer.alloc(6, 'x'), Buffer.alloc(5, 'x')], 10), {
    code: 'too_large',
  })
})
