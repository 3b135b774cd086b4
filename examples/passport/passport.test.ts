import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import express from 'express'
import { serveNode } from '../../test/support/web/node-server.ts'
import { createApp } from './app.ts'

const { default: express4 }: { default: typeof express } = await import('express4' as string)

for (const [name, make] of [
  ['Express 5', express],
  ['Express 4', express4],
] as const) {
  const open = async (t: TestContext) => {
    const { app, authority } = await createApp(make)
    const { origin, close } = await serveNode(app)
    t.after(async () => {
      await close()
      await authority.close()
    })
    return { authority, client: (cookie?: string) => client(origin, cookie) }
  }

  test(`${name}: Passport logs in under a new id, and out`, async (t) => {
    const { authority, client: browse } = await open(t)
    const one = browse()
    await one.send('POST', '/cart', { cart: 1 })
    const before = one.cookie()
    assert.deepEqual(await one.logIn('ada'), { user: 'ada', data: null })
    assert.notEqual(one.cookie(), before)
    assert.deepEqual(await one.send('GET', '/me'), { user: 'ada', data: null })
    assert.deepEqual(await browse(before).send('GET', '/me'), { user: null, data: null })
    const during = one.cookie()
    assert.deepEqual(await one.send('POST', '/logout'), { user: null, data: null })
    assert.deepEqual(await one.send('GET', '/me'), { user: null, data: null })
    assert.deepEqual(await browse(during).send('GET', '/me'), { user: null, data: null })
    assert.equal(await authority.sessions.count({ owner: '1' }), 0)
  })

  test(`${name}: a wrong password is answered with 401, and creates no session`, async (t) => {
    const { authority, client: browse } = await open(t)
    const one = browse()
    await assert.rejects(one.send('POST', '/login', { username: 'ada', password: 'x' }), /401/)
    assert.equal(await authority.sessions.count(), 0)
  })

  test(`${name}: keepSessionInfo keeps the data at a login`, async (t) => {
    const { client: browse } = await open(t)
    const one = browse()
    await one.send('POST', '/cart', { cart: [7] })
    const body = { username: 'ada', password: 'ada-secret' }
    assert.deepEqual(await one.send('POST', '/login-keep', body), { user: 'ada', data: [7] })
    assert.deepEqual(await one.send('GET', '/me'), { user: 'ada', data: [7] })
  })

  test(`${name}: the sessions of a user are listed and ended; a password reset logs out`, async (t) => {
    const { authority, client: browse } = await open(t)
    const [one, two, bob] = [browse(), browse(), browse()]
    await one.logIn('ada')
    await two.logIn('ada')
    await bob.logIn('bob')
    assert.deepEqual(await one.send('GET', '/sessions'), { sessions: 2 })
    const { items } = await authority.sessions.list({ owner: '1' })
    await authority.sessions.end({ id: items[0]?.id ?? '' })
    assert.deepEqual(await one.send('GET', '/sessions'), { sessions: 1 })
    await bob.send('POST', '/password-reset', { username: 'ada', password: 'new' })
    assert.deepEqual(await one.send('GET', '/me'), { user: null, data: null })
    assert.deepEqual(await two.send('GET', '/me'), { user: null, data: null })
    assert.deepEqual(await bob.send('GET', '/me'), { user: 'bob', data: null })
  })
}

function client(origin: string, cookie = '') {
  let jar = cookie
  const send = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(origin + path, {
      method,
      headers: { cookie: jar, 'content-type': 'application/json', origin },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    for (const header of response.headers.getSetCookie()) jar = header.split(';')[0] ?? ''
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.status} ${text}`)
    return JSON.parse(text)
  }
  const logIn = (username: string) =>
    send('POST', '/login', { username, password: `${username}-secret` })
  return { send, logIn, cookie: () => jar }
}
