import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Framer, type FramingProblem } from './framer.ts'

const LIMIT = 64

interface Read {
  readonly messages: string[]
  readonly problem: FramingProblem | null
}

function read(chunks: readonly Uint8Array[], limit = LIMIT): Read {
  const framer = new Framer()
  const messages: string[] = []
  for (const chunk of chunks) {
    framer.feed(Buffer.from(chunk))
    for (let text = framer.next(limit); text !== null; text = framer.next(limit)) {
      messages.push(text)
    }
  }
  return { messages, problem: framer.problem }
}

/** What the framing is, said byte by byte: slow and plain. */
function readPlainly(bytes: Uint8Array): Read {
  const messages: string[] = []
  let line: number[] = []
  let lines: string | null = null
  const interrupt = [0xff, 0xf4, 0xff, 0xfd, 0x06]
  for (const byte of bytes) {
    if (lines !== null && line.length === 0 && byte > 32 && byte !== 125) {
      messages.push(`${lines}\n`)
      lines = null
    }
    if (byte !== 10) {
      if (line.length === LIMIT) return { messages, problem: 'too_large' }
      line.push(byte)
    }
    const start = line.indexOf(0xff)
    if (start !== -1) {
      const seen = line.slice(start, start + 5)
      const same = seen.every((value, index) => value === interrupt[index])
      if (!same || byte === 10) return { messages, problem: 'not_utf8' }
      if (seen.length === 5) return { messages, problem: 'interrupt' }
    }
    if (byte !== 10) continue
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        Uint8Array.from(line),
      )
      const message = text.endsWith('\r') ? text.slice(0, -1) : text
      if (lines === null && message.trimEnd() === '{') lines = '{'
      else if (lines === null) {
        if (message.trim() !== '') messages.push(message)
      } else if (message.trimEnd() === '}') {
        messages.push(`${lines}\n}`)
        lines = null
      } else {
        lines += `\n${message}`
        if (lines.length > LIMIT) return { messages, problem: 'too_large' }
      }
    } catch {
      return { messages, problem: 'not_utf8' }
    }
    line = []
  }
  return { messages, problem: null }
}

/** Bytes with line ends, multi-byte characters, broken ones and Ctrl-C, in reach of the limit. */
const streams = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
      { weight: 6, arbitrary: fc.constantFrom('\n', '\r\n', '\r', ' ', '€', '👩‍🚀') },
      { weight: 3, arbitrary: fc.constantFrom('\n{\n', '{\r\n', '\n}\n', '\n}', '\n  "a": 1') },
      { weight: 1, arbitrary: fc.string({ minLength: LIMIT - 3, maxLength: LIMIT + 3 }) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3 }) },
      {
        weight: 1,
        arbitrary: fc
          .integer({ min: 1, max: 5 })
          .map((length) => Uint8Array.from([0xff, 0xf4, 0xff, 0xfd, 0x06].slice(0, length))),
      },
    ),
    { maxLength: 20 },
  )
  .map((parts) =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))),
  )

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length))
}

describe('the framing', () => {
  test('gives the same messages however the bytes are cut, and those that are plain to see', () => {
    const places = fc.array(fc.nat(), { maxLength: 30 })
    fc.assert(
      fc.property(streams, places, (bytes, at) => {
        const expected = readPlainly(bytes)
        assert.deepEqual(read([bytes]), expected)
        assert.deepEqual(read(cut(bytes, at)), expected)
        assert.deepEqual(read([...bytes].map((byte) => Uint8Array.of(byte))), expected)
      }),
      { numRuns: 2_000 },
    )
  })

  test('gives texts back as they were sent', () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/[\r\n]/.test(text) && text.trimEnd() !== '{')
    const texts = fc.array(line.filter((text) => text.trim() !== ''))
    fc.assert(
      fc.property(texts, fc.array(fc.nat()), fc.constantFrom('\n', '\r\n'), (sent, at, end) => {
        const bytes = Buffer.from(sent.map((text) => text + end).join(''))
        assert.deepEqual(read(cut(bytes, at), 1_000).messages, sent)
      }),
    )
  })

  test('a message may be written over several lines, as people write it', () => {
    const messages = (text: string) => read([Buffer.from(text)]).messages
    const pretty = JSON.stringify({ name: 'a/b', command: { c: 'd' } }, null, 2)
    const [first = '', second] = messages(`${pretty}\n\n${pretty.replaceAll('\n', '\r\n')}\r\n`)
    assert.deepEqual(JSON.parse(first), { name: 'a/b', command: { c: 'd' } })
    assert.equal(second, first)
    assert.deepEqual(messages('{\n  "a": 1,\n}\n{}\n'), ['{\n  "a": 1,\n}', '{}'])
    assert.deepEqual(messages('{\n{"a":1}\n'), ['{\n', '{"a":1}'], 'one that has no end')
    const framer = new Framer()
    framer.feed(Buffer.from(pretty))
    assert.equal(framer.next(LIMIT), null)
    assert.equal(framer.takeQuiet(), pretty)
    assert.equal(framer.partial, false)
  })

  test('the limit is of a message, however many lines it has', () => {
    assert.equal(read([Buffer.from(`{\n${' \n'.repeat(LIMIT)}`)]).problem, 'too_large')
  })

  test('a new limit counts from the next message on', () => {
    const framer = new Framer()
    framer.feed(Buffer.from(`short\n${'x'.repeat(20)}\n`))
    assert.equal(framer.next(10), 'short')
    assert.equal(framer.next(20), 'x'.repeat(20))
  })

  test('chunks that come while others wait are read in their order', () => {
    const framer = new Framer()
    for (const text of ['a\nb', 'c\n', '', 'd\n']) framer.feed(Buffer.from(text))
    const read = [framer.next(9), framer.next(9), framer.next(9), framer.next(9)]
    assert.deepEqual(read, ['a', 'bc', 'd', null])
    assert.equal(framer.waiting, false)
  })

  test('a line of a million chunks costs time in proportion', () => {
    const framer = new Framer()
    const byte = Buffer.from('x')
    const start = performance.now()
    for (let count = 0; count < 1_000_000; count++) {
      framer.feed(byte)
      assert.equal(framer.next(2_000_000), null)
    }
    framer.feed(Buffer.from('\n'))
    assert.equal(framer.next(2_000_000)?.length, 1_000_000)
    assert.ok(performance.now() - start < 3_000)
  })
})

describe('a message without an end', () => {
  const quiet = (text: string | Buffer) => {
    const framer = new Framer()
    framer.feed(Buffer.from(text))
    while (framer.next(LIMIT) !== null);
    return framer.takeQuiet()
  }

  test('is taken when it is a whole object or array', () => {
    assert.equal(quiet('{"name":"system/ping"}'), '{"name":"system/ping"}')
    assert.equal(quiet(' [1]\r'), '[1]')
    assert.equal(quiet('{}\n {"a":"é"}'), '{"a":"é"}')
  })

  test('is left where more may follow', () => {
    for (const text of ['', '1', '"a"', '{"a":', '{"a":1}x', '{}}', '{"a":"}', 'true', '{}\n']) {
      assert.equal(quiet(text), null, text)
    }
    assert.equal(quiet(Buffer.from([0x7b, 0xc3, 0x7d])), null)
  })

  test('does not come twice, and is no part of the next', () => {
    const framer = new Framer()
    framer.feed(Buffer.from('{}'))
    framer.next(LIMIT)
    assert.equal(framer.takeQuiet(), '{}')
    assert.equal(framer.takeQuiet(), null)
    framer.feed(Buffer.from('\n[]\n'))
    assert.equal(framer.next(LIMIT), '[]')
  })

  test('is looked at only so often', () => {
    const framer = new Framer()
    framer.feed(Buffer.from('{"a":"}'))
    framer.next(LIMIT)
    for (let looks = 0; looks < 8; looks++) assert.equal(framer.takeQuiet(), null)
    framer.feed(Buffer.from('"}'))
    framer.next(LIMIT)
    assert.equal(framer.partial, false)
    assert.equal(framer.takeQuiet(), null)
    framer.feed(Buffer.from('\n'))
    assert.equal(framer.next(LIMIT), '{"a":"}"}')
  })
})
