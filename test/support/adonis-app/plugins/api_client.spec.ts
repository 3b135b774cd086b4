import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { ApiClient, type ApiRequest } from '@japa/api-client'
import { sessionApiClient } from 'latchkey/adonis'
import { Session } from '../manager/models.js'
import { createUser, migrate, User } from '../manager/setup.js'

/** The macro, which `types/latchkey_api_client.ts` declares in an application without `@adonisjs/auth`. */
interface WithLogin {
  loginAs(user: User, options?: object): ApiRequest
}

const server = createServer(async (request, response) => {
  const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
  const session = await Session.manager.verify(token).catch(() => null)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ userId: session?.userId ?? null, ends: session?.expiresAt !== null }))
})

before(async () => {
  await migrate()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => server.close())

test('loginAs sends the token of a new session, and only with its own request', async () => {
  await sessionApiClient({ model: async () => ({ default: Session }) })()
  const client = new ApiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const user = await createUser()
  const ask = () => client.get('/') as ApiRequest & WithLogin
  assert.deepEqual((await ask().loginAs(user)).body(), { userId: user.id, ends: false })
  assert.deepEqual((await ask().loginAs(user, { expiresIn: '1h' })).body(), { userId: user.id, ends: true })
  assert.equal((await ask()).body().userId, null)
})
