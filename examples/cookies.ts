// A page of your own that uses the session cookie: the routes of Latchkey set it, your routes check it.
import { type HttpBindings, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import { type Authenticated, createAuthority, ERROR_TABLE, type ErrorCode } from 'latchkey'
import { createHandler } from 'latchkey/doors/http'
import { memory } from 'latchkey/stores/memory'

const authority = await createAuthority({ store: memory() })
const handler = createHandler(authority, { prefix: '/auth' })

type Env = { Bindings: HttpBindings; Variables: { check: Authenticated } }
const app = new Hono<Env>()
const addressOf = (env: HttpBindings) => env.incoming.socket.remoteAddress ?? null

app.all('/auth/*', (c) => handler(c.req.raw, { address: addressOf(c.env) }))

app.use('/notes', async (c, next) => {
  const refuse = (code: ErrorCode) => Response.json({ code }, { status: ERROR_TABLE[code].http })
  // `SameSite=Lax` does not stop a page of another subdomain, so a request that changes something must name your own origin.
  if (c.req.method !== 'GET' && !isSameOrigin(c.req.raw)) return refuse('origin_refused')
  const token = getCookie(c, 'latchkey', 'host')
  const check = await authority.authenticate(token, { door: 'web', address: addressOf(c.env) })
  if (!check.ok) return refuse(check.code)
  c.set('check', check)
  return next()
})
app.get('/notes', (c) => c.json({ notesOf: c.get('check').actor.name }))
app.post('/notes', (c) => c.json({ savedFor: c.get('check').actor.name }))

function isSameOrigin({ headers }: Request): boolean {
  const origin = headers.get('origin')
  if (origin === null) return headers.get('sec-fetch-site') === 'same-origin'
  return URL.canParse(origin) && new URL(origin).host === headers.get('host')
}

// What a browser does, by hand.
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, async ({ port }) => {
  const origin = `http://127.0.0.1:${port}`
  let cookie = ''
  const send = async (method: string, path: string, body?: object) => {
    const headers = { cookie, origin, 'content-type': 'application/json' }
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const response = await fetch(origin + path, init)
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    return response
  }
  const password = 'correct horse battery'
  await send('POST', '/auth/v1/actors', { name: 'ada', password })
  await send('POST', '/auth/v1/sessions', { identity: 'ada', password, cookie: true })
  console.log(cookie.split('=')[0])
  console.log(await (await send('GET', '/notes')).json())
  console.log(await (await send('POST', '/notes', {})).json())
  const elsewhere = { method: 'POST', headers: { cookie, origin: 'https://evil.example' } }
  console.log(await (await fetch(`${origin}/notes`, elsewhere)).json())
  await send('DELETE', '/auth/v1/session')
  console.log(await (await send('GET', '/notes')).json())
  server.close()
  await authority.close()
})
