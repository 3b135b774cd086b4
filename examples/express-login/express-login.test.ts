import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { serveNode } from '../../test/support/web/node-server.ts'
import { createApp } from './app.ts'

async function open(t: TestContext) {
  const { app, authority } = await createApp()
  const { origin, close } = await serveNode(app)
  t.after(async () => {
    await close()
    await authority.close()
  })
  return { browse: () => browser(origin), authority }
}

/** A browser that follows no redirect, fills forms, and keeps cookies. */
function browser(origin: string) {
  const jar = new Map<string, string>()
  const send = async (method: string, path: string, form?: Record<string, string>) => {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(origin + path, {
      method,
      redirect: 'manual',
      headers: { cookie, accept: 'text/html', origin, 'sec-fetch-site': 'same-origin' },
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    })
    for (const header of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (header.split(';')[0] ?? '').split('=')
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return {
      status: response.status,
      location: response.headers.get('location'),
      text: await response.text(),
    }
  }
  const fill = async (page: string, path: string, fields: Record<string, string>) => {
    const { text } = await send('GET', page)
    const token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? ''
    return send('POST', path, { form_token: token, ...fields })
  }
  const credentials = { email: 'ada@example.test', password: 'correct horse battery' }
  return { jar, send, fill, logIn: () => fill('/login', '/login', credentials) }
}

test('a user logs in, sees its sessions, and ends that of another browser, which is told why', async (t) => {
  const { browse } = await open(t)
  const one = browse()
  assert.deepEqual((await one.send('GET', '/')).location, '/login?next=%2F')
  const wrong = await one.fill('/login', '/login', { email: 'ada@example.test', password: 'x' })
  assert.equal(wrong.location, '/login?error=invalid_credentials')
  assert.equal((await one.logIn()).location, '/')
  const other = browse()
  await other.logIn()
  assert.match(
    (await other.send('GET', '/')).text,
    /Hello, ada@example.test. Visits in this session: 1/,
  )

  const { text } = await one.send('GET', '/')
  assert.equal(text.match(/this browser/g)?.length, 1)
  const id = /name="id" value="([^"]+)"/.exec(text)?.[1] ?? ''
  assert.equal((await one.fill('/', '/sessions/end', { id })).location, '/')
  assert.equal((await other.send('GET', '/')).location, '/login?next=%2F')
  assert.match((await other.send('GET', '/login')).text, /ended from another browser/)
  assert.match((await one.send('GET', '/')).text, /Visits in this session: 3/)
})

test('a logout ends the session, and a form without its token is refused', async (t) => {
  const { browse, authority } = await open(t)
  const one = browse()
  await one.logIn()
  assert.equal((await one.send('POST', '/logout', {})).status, 403)
  assert.equal((await one.fill('/', '/logout', {})).location, '/login')
  assert.equal((await one.send('GET', '/')).location, '/login?next=%2F')
  assert.equal(await authority.sessions.count(), 0)
})
