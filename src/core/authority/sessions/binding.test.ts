import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  logIn,
  openFixture,
  PASSWORD,
  refused,
  renewalOf,
} from '../../../../test/support/authority.ts'

test('a session bound to an address is valid only from that address, in every spelling', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada', { bindAddress: true }, { address: '192.0.2.7' })
  for (let round = 0; round < 2; round++) {
    await check(authority, token, { address: '192.0.2.7' })
    await check(authority, token, { address: '::ffff:192.0.2.7' })
    for (const address of ['192.0.2.8', '2001:db8::1', 'nonsense', null]) {
      refused(await authority.authenticate(token, { address }), 'token_invalid')
    }
    refused(await authority.authenticate(token), 'token_invalid')
  }
})

test('a session bound to a network is valid from every address in it', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const bindAddress = { v4: 24, v6: 64 }
  const { token } = await logIn(authority, 'ada', { bindAddress }, { address: '2001:db8::1' })
  await check(authority, token, { address: '2001:db8::ffff' })
  refused(await authority.authenticate(token, { address: '2001:db8:0:1::1' }), 'token_invalid')
})

test('a session bound to a key is valid with that key only', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada', { bindKey: true }, { keyThumbprint: 'mine' })
  await check(authority, token, { keyThumbprint: 'mine' })
  for (const keyThumbprint of ['other', '', null]) {
    refused(await authority.authenticate(token, { keyThumbprint }), 'token_invalid')
  }
})

test('a renewal from another address is refused, ends nothing, and leaves the code valid', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const here = { address: '192.0.2.7', keyThumbprint: 'mine' }
  const login = await logIn(authority, 'ada', { bindAddress: true, bindKey: true }, here)
  const code = renewalOf(login)
  for (const elsewhere of [{ address: '192.0.2.7' }, { keyThumbprint: 'mine' }, {}]) {
    refused(await authority.renew(code, elsewhere), 'token_invalid')
  }
  await check(authority, login.token, here)
  assert.equal((await authority.renew(code, here)).ok, true)
})

test('a renewal keeps the binding', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const here = { address: '192.0.2.7' }
  const login = await logIn(authority, 'ada', { bindAddress: true }, here)
  const renewed = await authority.renew(renewalOf(login), here)
  assert.ok(renewed.ok)
  refused(await authority.authenticate(renewed.token), 'token_invalid')
  await check(authority, renewed.token, here)
})

test('binding to a missing address or key is refused', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const proof = { identity: 'ada', password: PASSWORD }
  refused(await authority.login({ ...proof, bindAddress: true }), 'invalid_request')
  refused(await authority.login({ ...proof, bindKey: true }), 'invalid_request')
  const far = { ...proof, bindAddress: { v4: 33 } }
  refused(await authority.login(far, { address: '192.0.2.7' }), 'invalid_request')
})
