import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nativeCodec } from '../../core/token/native-codec.ts'
import { createSessionId } from '../../core/token/session-id.ts'
import { mageCodec } from './key-codec.ts'

const owner = fc.string({ minLength: 1, maxLength: 100 })

test('a session key contains the owner, the session id and the secret', () => {
  fc.assert(
    fc.property(owner, (name) => {
      const id = createSessionId(name)
      const secret = mageCodec.createSecret()
      const key = mageCodec.format({ id, secret }, { owner: name })
      assert.match(key.slice(name.length), /^:[0-9A-Za-z]{68}$/)
      assert.deepEqual(mageCodec.parse(key), { id, secret, owner: name })
      assert.equal(nativeCodec.parse(key), null)
      const native = nativeCodec.format({ id, secret }, { owner: name })
      assert.equal(mageCodec.parse(native), null)
    }),
  )
})

test('a text of another form is not a session key', () => {
  const key = `a:${'x'.repeat(68)}`
  const wrong = [
    '',
    ':',
    key.slice(0, -1),
    `${key}x`,
    key.slice(1),
    `${key}:`,
    key.replace('x', '_'),
  ]
  for (const text of [...wrong, `${'o'.repeat(255)}:${'x'.repeat(68)}`]) {
    assert.equal(mageCodec.parse(text), null, text)
  }
  fc.assert(fc.property(fc.string(), (text) => mageCodec.parse(text) === null))
  assert.equal(mageCodec.parseRenewal(key), null)
})

test('a session key with the id and secret of another actor is refused', async () => {
  const { createAuthority } = await import('../../core/index.ts')
  const { memory } = await import('../../stores/memory/index.ts')
  const authority = await createAuthority({
    store: memory(),
    codecs: [mageCodec],
    passwords: { memoryKiB: 8, passes: 1 },
    pruneEveryMs: 0,
  })
  const login = await authority.sessions.loginAnonymous({ format: 'mage', profile: 'game' })
  assert.ok(login.ok)
  const { token } = login
  assert.ok((await authority.authenticate(token)).ok)
  const other = `somebody${token.slice(token.indexOf(':'))}`
  const check = await authority.authenticate(other)
  assert.equal(check.ok, false)
  await authority.close()
})
