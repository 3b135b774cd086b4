import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Line, readLines } from './lines.ts'

async function linesOf(bytes: Uint8Array, chunkBytes = 7): Promise<Line[]> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      yield Buffer.from(bytes.subarray(at, at + chunkBytes))
    }
  }
  const lines: Line[] = []
  for await (const line of readLines(chunks())) lines.push(line)
  return lines
}

test('lines are numbered as an editor numbers them, empty ones included', async () => {
  assert.deepEqual(await linesOf(Buffer.from('\ufeffa\r\n\n  \nb')), [
    { number: 1, text: 'a' },
    { number: 4, text: 'b' },
  ])
})

test('a line over 64 KiB, or that is no UTF-8, comes without its text, and the next comes whole', async () => {
  const long = Buffer.concat([Buffer.alloc(65_537, 97), Buffer.from('\nb\n\xff\nc', 'latin1')])
  const lines = await linesOf(long, 1000)
  assert.deepEqual(
    lines.map((line) => [line.number, 'text' in line ? line.text : line.code]),
    [
      [1, 'too_large'],
      [2, 'b'],
      [3, 'invalid_request'],
      [4, 'c'],
    ],
  )
})

test('however the bytes are cut, the lines are the same', async () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n\ufeff]/g, ''))
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 9 }), async (texts, size) => {
      const expected = texts
        .map((text, at) => ({ number: at + 1, text: text.trim() }))
        .filter(({ text }) => text !== '')
      assert.deepEqual(await linesOf(Buffer.from(texts.join('\n')), size), expected)
    }),
  )
})
