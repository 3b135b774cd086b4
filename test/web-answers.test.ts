import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type TestContext, test } from 'node:test'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { Hono } from 'hono'
import { type Authority, createAuthority } from 'latchkey'
import { createHandler } from 'latchkey/doors/http'
import { sessions } from 'latchkey/express'
import {
  authentication as honoAuthentication,
  sessions as honoSessions,
  requireLogin,
} from 'latchkey/hono'
import { memory } from 'latchkey/stores/memory'
import { authOf, directoryUsers, sessionAuthenticator, sessionOf, WebError } from 'latchkey/web'
import { serveNode } from './support/web/node-server.ts'

async function open(t: TestContext, mount: (app: Express) => void) {
  const authority = await createAuthority({ store: memory(), pruneEveryMs: 0 })
  const app = express()
  app.use(sessions({ authority }))
  mount(app)
  app.use((error: unknown, _: Request, response: Response, _next: NextFunction) => {
    const status = error instanceof WebError ? error.status : 500
    response.status(status).json({ failed: status })
  })
  const { origin, close } = await serveNode(app)
  t.after(async () => {
    await close()
    await authority.close()
  })
  return { authority, origin }
}

const cookieOf = (response: globalThis.Response) =>
  response.headers.getSetCookie()[0]?.split(';')[0] ?? ''

const count = async (authority: Authority) => (await authority.sessions.list({})).items.length

test('every way to send an answer waits for the session: head first, in chunks, as a stream, empty', async (t) => {
  const change = (request: Request) => {
    sessionOf(request)['visited'] = true
  }
  const { authority, origin } = await open(t, (app) => {
    app.get('/head', (request, response) => {
      change(request)
      response.writeHead(201, { 'x-own': 'yes' })
      response.write('one ')
      response.end('two')
    })
    app.get('/stream', async (request, response) => {
      change(request)
      const chunks = Array.from({ length: 50 }, (_, at) => `${at},`.repeat(2000))
      await pipeline(Readable.from(chunks), response)
    })
    app.get('/flush', (request, response) => {
      change(request)
      response.flushHeaders()
      response.end('flushed')
    })
    app.get('/empty', (request, response) => {
      change(request)
      response.sendStatus(204)
    })
  })
  const head = await fetch(`${origin}/head`)
  assert.deepEqual(
    [head.status, head.headers.get('x-own'), await head.text()],
    [201, 'yes', 'one two'],
  )
  const stream = await fetch(`${origin}/stream`)
  const text = await stream.text()
  assert.ok(text.startsWith('0,0,') && text.endsWith('49,'))
  assert.equal(text.length, 2000 * (10 * 2 + 40 * 3))
  const flush = await fetch(`${origin}/flush`)
  assert.equal(await flush.text(), 'flushed')
  const empty = await fetch(`${origin}/empty`)
  assert.equal(empty.status, 204)
  for (const response of [head, stream, flush, empty]) {
    assert.match(cookieOf(response), /^__Host-latchkey=lks_/)
  }
  assert.equal(await count(authority), 4)
})

test('a callback of express-session style gets the error, and names of methods are no data', async (t) => {
  const { origin } = await open(t, (app) => {
    app.get('/save', (request, response) => {
      const session = sessionOf(request)
      session['big'] = 'x'.repeat(70_000)
      void session.save((error) => {
        delete session['big']
        response.json({ code: error instanceof WebError ? error.code : null })
      })
    })
    app.get('/method', (request, response) => {
      const session = sessionOf(request)
      assert.throws(() => {
        Reflect.apply(Object.assign, null, [session, { save: 1 }])
      }, TypeError)
      session['ok'] = session.id
      response.json({})
    })
    app.get('/bigint', (request, response) => {
      sessionOf(request)['big'] = 1n
      response.json({})
    })
  })
  assert.deepEqual(await (await fetch(`${origin}/save`)).json(), { code: 'too_large' })
  assert.equal((await fetch(`${origin}/method`)).status, 200)
  const bigint = await fetch(`${origin}/bigint`)
  assert.deepEqual([bigint.status, await bigint.json()], [400, { failed: 400 }])
})

test('a check that is not possible is 503, and the cookie stays', async (t) => {
  const { authority, origin } = await open(t, (app) => {
    app.get('/', (request, response) => {
      sessionOf(request)['n'] = 1
      response.json({})
    })
  })
  const cookie = cookieOf(await fetch(origin))
  await authority.close()
  const response = await fetch(origin, { headers: { cookie } })
  assert.deepEqual([response.status, response.headers.getSetCookie()], [503, []])
})

test('a mounted HTTP door and the routes of an application share one login', async (t) => {
  const authority = await createAuthority({
    store: memory(),
    pruneEveryMs: 0,
    passwords: { memoryKiB: 8, passes: 1 },
  })
  t.after(() => authority.close())
  const handler = createHandler(authority, { prefix: '/auth' })
  const users = directoryUsers(authority)
  const app = new Hono()
  app.all('/auth/*', (c) => handler(c.req.raw))
  app.use(honoSessions({ authority }))
  app.use(
    honoAuthentication({ authenticators: [sessionAuthenticator(users, { secretKey: 'key' })] }),
  )
  app.get('/me', requireLogin(), (c) => c.json({ user: authOf(c).displayName }))

  let cookie = ''
  const send = async (method: string, path: string, body?: object) => {
    const headers = { cookie, origin: 'http://localhost', 'content-type': 'application/json' }
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const response = await app.request(`http://localhost${path}`, init)
    cookie = cookieOf(response) || cookie
    return response
  }
  const password = 'quiet river stone'
  await send('POST', '/auth/v1/actors', { name: 'ada', password })
  await send('POST', '/auth/v1/sessions', { identity: 'ada', password, cookie: true })
  assert.deepEqual(await (await send('GET', '/me')).json(), { user: 'ada' })
  assert.equal((await send('DELETE', '/auth/v1/session')).status, 204)
  assert.equal((await send('GET', '/me')).status, 401)
})
