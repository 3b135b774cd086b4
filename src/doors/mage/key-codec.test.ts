import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nativeCodec } from '../../core/token/native-codec.ts'
import { createSessionId } from '../../core/token/session-id.ts'
import { fullKeyOf, mageCodec, ownerOfKey, sessionIdOfKey } from './key-codec.ts'

const owner = fc.string({ minLength: 1, maxLength: 100 })

test('a key says whose it is, which session and the secret', () => {
  fc.assert(
    fc.property(owner, (name) => {
      const id = createSessionId(name)
      const secret = mageCodec.createSecret()
      const key = mageCodec.format({ id, secret }, { owner: name })
      assert.match(key.slice(name.length), /^:[0-9A-Za-z]{68}$/)
      assert.deepEqual(mageCodec.parse(key), { id, secret, owner: name })
      assert.equal(ownerOfKey(key), name)
      assert.equal(sessionIdOfKey(key), id)
      assert.equal(nativeCodec.parse(key), null)
      const native = nativeCodec.format({ id, secret }, { owner: name })
      assert.equal(mageCodec.parse(native), null)
      assert.equal(fullKeyOf(native, name), key)
      assert.equal(fullKeyOf(key, name), key)
      assert.equal(sessionIdOfKey(native), id)
    }),
  )
})

test('anything else is no key', () => {
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
  for (const none of [null, 5, {}, ['a:b']]) assert.equal(ownerOfKey(none), null)
  assert.equal(mageCodec.parseRenewal(key), null)
})

test('the key of another actor is no key, though the secret is right', async () => {
  const { createAuthority } = await import('../../core/index.ts')
  const { memory } = await import('../../stores/memory/index.ts')
  const authority = await createAuthority({
    store: memory(),
    codecs: [mageCodec],
    passwords: { memoryKiB: 8, passes: 1 },
    pruneEveryMs: 0,
  })
  const begun = await authority.sessions.loginAnonymous({ format: 'mage', profile: 'game' })
  assert.ok(begun.ok)
  const { token } = begun
  assert.ok((await authority.authenticate(token)).ok)
  const other = `somebody${token.slice(token.indexOf(':'))}`
  const check = await authority.authenticate(other)
  assert.equal(check.ok, false)
  await authority.close()
})
