// The HTTP door under a prefix of your own application, and a route of your own that checks the session.
import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import { createAuthority } from 'latchkey'
import { createHandler } from 'latchkey/doors/http'
import { memory } from 'latchkey/stores/memory'

const authority = await createAuthority({ store: memory() })
const handler = createHandler(authority, { prefix: '/auth' })

const app = new Hono()
// Without the address of the client no limit applies by address.
app.all('/auth/*', (c) => handler(c.req.raw, { address: getConnInfo(c).remote.address ?? null }))
app.get('/notes', async (c) => {
  const token = c.req.header('authorization')?.replace(/^bearer /i, '')
  const check = await authority.authenticate(token)
  return check.ok ? c.json({ notesOf: check.actor.name }) : c.json({ code: check.code }, 401)
})

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, async ({ port }) => {
  const base = `http://127.0.0.1:${port}`
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(base + path, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    return (await response.json()) as { token: string }
  }
  await post('/auth/v1/actors', { name: 'ada', password: 'correct horse battery' })
  const { token } = await post('/auth/v1/sessions', {
    identity: 'ada',
    password: 'correct horse battery',
  })
  const headers = { authorization: `Bearer ${token}` }
  console.log(await (await fetch(`${base}/notes`, { headers })).json())
  console.log(await (await fetch(`${base}/notes`)).json())
  server.close()
  await authority.close()
})
