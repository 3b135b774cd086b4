import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nativeCodec } from '../core/index.ts'
import { angenCodec } from '../doors/angen/index.ts'
import { mageCodec } from '../doors/mage/index.ts'
import { openLog } from './log.ts'

const token = nativeCodec.format(
  { id: 'a'.repeat(25), secret: nativeCodec.createSecret() },
  { owner: 'x' },
)

function capture(human: boolean) {
  const lines: string[] = []
  const log = openLog({ human, stream: { write: (line) => void lines.push(line) } })
  return { lines, logger: log.logger }
}

for (const human of [false, true]) {
  test(`no secret reaches ${human ? 'the readable' : 'the JSON'} log`, () => {
    const { lines, logger } = capture(human)
    logger.info({ headers: { authorization: 'Bearer hunter2', cookie: ['a=hunter2'] } }, 'a')
    logger.info({ body: { password: 'hun"ter2', deep: { renewal: 'hunter2' } } }, 'b')
    logger.error({ err: new Error(`token ${token} refused`) }, `at ${token}`)
    logger.warn({ err: new Error('outer', { cause: new Error(token) }) }, 'cause')
    assert.equal(lines.length, 4)
    for (const line of lines) {
      assert.doesNotMatch(line, /hun\\?"?ter2|lks_/)
      assert.match(line, /^[^\n]+\n$/)
    }
    assert.match(lines[2] ?? '', /token \[token\] refused/)
  })
}

test('no token of any door reaches the log, in any position', () => {
  const parts = { id: 'a'.repeat(25), secret: nativeCodec.createSecret() }
  const renewal = { id: parts.id, family: parts.secret, generation: parts.secret }
  const key = mageCodec.format(parts, { owner: 'ada' })
  const { lines, logger } = capture(false)
  for (const text of [
    key,
    `GET /msgstream?sessionKey=${encodeURIComponent(key)}&transport=longpolling`,
    angenCodec.format(parts, { owner: 'ada' }),
    `{"renewal_code":"${angenCodec.formatRenewal(renewal)}"}`,
  ]) {
    logger.info({ text }, text)
  }
  logger.info({ command: { current_password: 'hunter2', new_password: 'hunter2' } }, 'e')
  assert.doesNotMatch(lines.join(''), new RegExp(`${parts.secret}|hunter2`))
  const hash = 'f'.repeat(64)
  logger.info(hash)
  assert.match(lines.at(-1) ?? '', new RegExp(hash))
})

test('a readable line has no control characters', () => {
  const { lines, logger } = capture(true)
  logger.info({ name: 'a\x1b[2J\nb' }, 'hello\x07')
  assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d INFO {2}hello\\x07 name=a\\x1b\[2J\\x0ab\n$/)
})
