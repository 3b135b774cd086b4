import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { openHttpServer, PASSWORD } from '../../../test/support/http-server.ts'
import { createHttpClient } from './index.ts'

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('the client registers, logs in, lists, renews and logs out', async (t) => {
  const { url } = await openHttpServer(t)
  let token: string | undefined
  const client = createHttpClient({ server: `${url}/`, token: async () => token })
  const ada = await client.register({ name: 'ada', password: PASSWORD })
  const first = await client.login({ identity: 'ada', password: PASSWORD, label: 'laptop' })
  assert.equal(first.actor.id, ada.id)
  const second = await client.login({ identity: 'ada', password: PASSWORD })
  token = second.token
  assert.equal((await client.whoAmI()).session.id, second.session.id)
  const page = await client.listSessions({ limit: 1 })
  assert.deepEqual([page.sessions[0]?.current, typeof page.next], [true, 'string'])
  const next = await client.listSessions({ limit: 1, after: page.next ?? '' })
  assert.equal(next.sessions[0]?.client.label, 'laptop')
  const renewed = await client.renew(second.renewal ?? '')
  assert.equal(renewed.session.id, second.session.id)
  token = renewed.token
  token = (await client.stepUp(PASSWORD)).token
  await client.endSession(first.session.id)
  await client.changePassword({ current: PASSWORD, next: `${PASSWORD} again` })
  await client.endOtherSessions()
  assert.equal((await client.listSessions()).sessions.length, 1)
  await client.logout()
  await assert.rejects(client.whoAmI(), {
    code: 'session_revoked',
    details: { reason: 'logged_out' },
  })
})

test('a device is started, found, approved and polled', async (t) => {
  const { url } = await openHttpServer(t)
  const device = createHttpClient({ server: url })
  await device.register({ name: 'ada', password: PASSWORD })
  const { token } = await device.login({ identity: 'ada', password: PASSWORD })
  const user = createHttpClient({ server: url, token })
  const { userCode, deviceCode } = await device.startDevice({ client: 'television' })
  assert.equal((await user.findDevice(userCode)).label, 'television')
  await user.approveDevice(userCode)
  const polled = await device.pollDevice(deviceCode)
  assert.equal(polled.state, 'approved')
  await assert.rejects(user.denyDevice('NOPE-NOPE'), { code: 'not_found' })
})

test('an answer that is not from Latchkey is an error', async (t) => {
  const html = await listen(t, (_request, response) => response.end('<p>Hello</p>'))
  await assert.rejects(createHttpClient({ server: html }).whoAmI(), { code: 'unavailable' })
  const broken = await listen(t, (_request, response) => {
    response.setHeader('content-type', 'application/json').end('{')
  })
  await assert.rejects(createHttpClient({ server: broken }).whoAmI(), { code: 'unavailable' })
  assert.throws(() => createHttpClient({ server: 'example' }), { code: 'invalid_request' })
})

test('a redirect is not followed, so that no other server gets the token', async (t) => {
  const asked: string[] = []
  const other = await listen(t, ({ headers }, response) => {
    asked.push(headers.authorization ?? '')
    response.end()
  })
  const redirecting = await listen(t, (_request, response) => {
    response.writeHead(307, { location: other }).end()
  })
  const client = createHttpClient({ server: redirecting, token: 'a token' })
  await assert.rejects(client.whoAmI(), { code: 'unavailable' })
  assert.deepEqual(asked, [])
})

test('a silent server is a timeout, and an aborted request ends with the reason', async (t) => {
  const silent = await listen(t, () => {})
  const client = createHttpClient({ server: silent, timeoutMs: 50 })
  await assert.rejects(client.whoAmI(), { code: 'timeout' })
  const signal = AbortSignal.abort(new Error('no longer needed'))
  await assert.rejects(client.request('GET', '/v1/session', { signal }), /no longer needed/)
})

test('a warning is given once if secrets leave the machine without encryption', async () => {
  const warnings: string[] = []
  const logger = { warn: (message: string) => void warnings.push(message) }
  const client = createHttpClient({ server: 'http://latchkey.invalid', timeoutMs: 5000, logger })
  await assert.rejects(client.whoAmI(), { code: 'unavailable' })
  await assert.rejects(client.whoAmI(), { code: 'unavailable' })
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /without encryption/)
})
