import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  type AngenServer,
  createFolder,
  openAngenServer,
  PASSWORD,
} from '../../../test/support/angen-client/angen-server.ts'
import { openProxy } from '../../../test/support/angen-client/proxy.ts'
import { until } from '../../../test/support/angen-client/scripted-server.ts'
import type { AngenClientOptions } from './angen-client.ts'
import { connectAngen } from './connect-angen.ts'
import type { StoredToken } from './token-store.ts'

async function connect(t: TestContext, options: AngenClientOptions) {
  const client = await connectAngen(options)
  t.after(() => client.close())
  return client
}

const fileOf = (folder: string) => join(folder, 'token')

async function kept(folder: string): Promise<StoredToken> {
  return JSON.parse(await readFile(fileOf(folder), 'utf8'))
}

/** Makes the codes of a folder look so old that they are due to be renewed. */
async function makeDue(folder: string): Promise<StoredToken> {
  const due = { ...(await kept(folder)), obtained_at: 0 }
  await writeFile(fileOf(folder), JSON.stringify(due))
  return due
}

/** Logs in and out again, and leaves codes that are due. */
async function leaveDue({ options, folder }: AngenServer): Promise<StoredToken> {
  const client = await connectAngen(options)
  await client.close()
  return await makeDue(folder)
}

test('asks for the password once, and then stores its codes so that only its owner can read them', async (t) => {
  const { options, folder, asked } = await openAngenServer(t)
  const users = []
  for (let run = 0; run < 3; run++) {
    const client = await connect(t, options)
    users.push(client.user?.name)
    assert.equal(client.connected, true)
    await client.close()
    assert.equal(await client.closed, null)
    await assert.rejects(client.request('system/ping', {}), { code: 'unavailable' })
  }
  assert.deepEqual(users, ['ada', 'ada', 'ada'])
  assert.equal(asked(), 1)
  for (const name of ['', ...(await readdir(folder))]) {
    const { mode } = await stat(join(folder, name))
    assert.equal(mode & 0o077, 0, name)
  }
})

test('a refused password is not tried again', async (t) => {
  const { options, server } = await openAngenServer(t)
  let asked = 0
  const getCredentials = () => {
    asked++
    return { name: 'ada', password: 'not this one' }
  }
  const refused = connectAngen({ ...options, getCredentials })
  await assert.rejects(refused, { code: 'credentials_invalid', reason: 'Bad authentication' })
  assert.equal(asked, 1)
  const { items } = await server.authority.audit.list({ act: 'login', limit: 10 })
  assert.equal(items.length, 1)
  await assert.rejects(connectAngen({ ...options, getCredentials: () => null }), {
    code: 'token_missing',
  })
})

test('codes that the server refuses are replaced by a login with the password', async (t) => {
  const { options, folder, asked } = await openAngenServer(t)
  const strangers = { user_id: 'x', identifier_code: 'x', renewal_code: 'x', obtained_at: 0 }
  for (const text of [JSON.stringify({ ...strangers, expires_at: 'x' }), '{"user_id":1}', 'junk']) {
    await writeFile(fileOf(folder), text, { mode: 0o600 })
    const client = await connect(t, options)
    assert.equal(client.user?.name, 'ada')
    await client.close()
    assert.notEqual((await kept(folder)).identifier_code, 'x')
  }
  assert.equal(asked(), 3)
})

test('codes are renewed ahead of time, and the connection stays', async (t) => {
  const fixture = await openAngenServer(t)
  const before = await leaveDue(fixture)
  const client = await connect(t, fixture.options)
  await until(async () => (await kept(fixture.folder)).identifier_code !== before.identifier_code)
  assert.equal(await fixture.renewals(), 1)
  assert.equal((await client.request('connections/whoami', {})).user.name, 'ada')
  const { sessions } = await client.request('sessions/list', {})
  assert.equal(sessions.length, 1)
  assert.equal(fixture.asked(), 1)
})

test('a renewal whose answer was lost is done again, with the same successor', async (t) => {
  const fixture = await openAngenServer(t)
  const before = await leaveDue(fixture)
  const proxy = await openProxy(t, fixture.port)
  proxy.loseNext('auth/token')
  const client = await connect(t, { ...fixture.options, port: proxy.port })
  await until(async () => (await kept(fixture.folder)).identifier_code !== before.identifier_code)
  assert.equal((await client.request('connections/whoami', {})).user.name, 'ada')
  assert.equal(proxy.count('auth/renew'), 2)
  assert.equal(await fixture.renewals(), 1)
  assert.equal(fixture.asked(), 1)
})

test('a process that is killed between answer and file costs no password', async (t) => {
  const fixture = await openAngenServer(t)
  const client = await connectAngen(fixture.options)
  await client.close()
  const { identifier_code, renewal_code } = await kept(fixture.folder)
  // What a process leaves behind that is killed between the answer and the file.
  await fixture.server.authority.renew(renewal_code, { token: identifier_code })
  assert.equal((await connect(t, fixture.options)).user?.name, 'ada')
  assert.equal(fixture.asked(), 1)
})

test('processes that renew at once renew once, and all stay logged in', async (t) => {
  const fixture = await openAngenServer(t)
  const { identifier_code: old } = await leaveDue(fixture)
  const proxy = await openProxy(t, fixture.port)
  const script = new URL('../../../test/support/angen-client/renewing-child.ts', import.meta.url)
  const args = [String(proxy.port), fixture.folder, old]
  const execArgv = ['--conditions=@latchkey/source', '--disable-warning=ExperimentalWarning']
  const children = Array.from({ length: 4 }, () => fork(script, args, { execArgv }))
  t.after(() => {
    for (const child of children) child.kill()
  })
  const names = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0]))
  assert.deepEqual(names, Array(4).fill('ada'))
  assert.equal(proxy.count('auth/renew'), 1)
  assert.equal(await fixture.renewals(), 1)
  assert.equal(fixture.asked(), 1)
})

test('clients without codes that share a folder begin one session', async (t) => {
  const { options, asked, server } = await openAngenServer(t)
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(t, options)))
  assert.deepEqual(
    clients.map(({ user }) => user?.name),
    Array(5).fill('ada'),
  )
  assert.equal(asked(), 5)
  const owner = clients[0]?.user?.id ?? ''
  assert.equal((await server.authority.sessions.list({ owner })).items.length, 1)
})

test('codes that cannot be stored are neither lost nor asked for again', async (t) => {
  const fixture = await openAngenServer(t)
  const before = await leaveDue(fixture)
  let token: StoredToken | null = before
  let failures = 2
  const session = {
    load: async () => token,
    save: async (next: StoredToken | null) => {
      if (failures-- > 0) throw new Error('the disk is full')
      token = next
    },
  }
  const proxy = await openProxy(t, fixture.port)
  await connect(t, { ...fixture.options, port: proxy.port, session })
  await until(() => token?.identifier_code !== before.identifier_code)
  assert.equal(proxy.count('auth/renew'), 1)
  const again = await connect(t, { ...fixture.options, session })
  assert.equal(again.user?.name, 'ada')
  assert.equal(fixture.asked(), 1)
})

test('a session that is revoked elsewhere ends the client and its codes', async (t) => {
  const { options, folder, server } = await openAngenServer(t)
  const client = await connect(t, options)
  const ended: unknown[] = []
  client.on('sessions/ended', ({ reason }) => ended.push(reason))
  const owner = client.user?.id ?? ''
  await server.authority.sessions.end({ owner }, { by: owner })
  const why = await client.closed
  assert.equal(why?.code, 'session_revoked')
  assert.equal(why?.details.reason, 'revoked')
  assert.deepEqual(ended, ['revoked'])
  assert.equal((await readdir(folder)).includes('token'), false)
  await assert.rejects(client.request('system/ping', {}), { code: 'session_revoked' })
  await until(() => server.connections.size === 0)
})

test('the codes that another process has got meanwhile stay', async (t) => {
  const { options, folder, server } = await openAngenServer(t)
  const client = await connect(t, options)
  const newer = { ...(await kept(folder)), identifier_code: 'newer' }
  await writeFile(fileOf(folder), JSON.stringify(newer))
  const owner = client.user?.id ?? ''
  await server.authority.sessions.end({ owner }, { by: owner })
  await client.closed
  assert.equal((await kept(folder)).identifier_code, 'newer')
})

test('a changed password is answered before the client ends', async (t) => {
  const { options } = await openAngenServer(t)
  const client = await connect(t, options)
  const change = { current_password: PASSWORD, new_password: `${PASSWORD} again` }
  const { command } = await client.request('account/change_password', change)
  assert.equal(command, 'account/change_password')
  assert.equal((await client.closed)?.details.reason, 'password_changed')
})

test('a server that restarts finds its clients back, and a request waits for that', async (t) => {
  const data = await createFolder(t)
  const first = await openAngenServer(t, { store: 'sqlite', data })
  const logins: unknown[] = []
  const onConnected = () => void logins.push(null)
  const client = await connect(t, { ...first.options, onConnected })
  await first.server.close()
  await until(() => !client.connected)
  const answer = client.request('connections/whoami', {})
  await openAngenServer(t, { store: 'sqlite', data, tcp: `127.0.0.1:${first.port}` })
  assert.equal((await answer).user.name, 'ada')
  assert.equal(logins.length, 2)
  assert.equal(first.asked(), 1)
})

test('a signal ends the client', async (t) => {
  const { options, server } = await openAngenServer(t)
  const controller = new AbortController()
  const client = await connect(t, { ...options, signal: controller.signal })
  controller.abort()
  assert.equal(await client.closed, null)
  await until(() => server.connections.size === 0)
})

test('without a session it does not log in', async (t) => {
  const { options, asked } = await openAngenServer(t)
  const client = await connect(t, { ...options, session: undefined })
  assert.equal(client.user, null)
  assert.deepEqual(await client.request('system/ping', {}), {})
  await assert.rejects(client.request('connections/whoami', {}), { code: 'token_missing' })
  assert.equal(asked(), 0)
})

test('over TLS it trusts the given authority and no other', async (t) => {
  const data = await createFolder(t)
  const doors = { tcp: 'off', tls: '127.0.0.1:0', dev: true }
  const { options, asked } = await openAngenServer(t, { ...doors, store: 'sqlite', data })
  const ca = await readFile(join(data, 'tls', 'ca.pem'))
  assert.equal((await connect(t, { ...options, tls: { ca } })).user?.name, 'ada')
  const stranger = connectAngen({ ...options, tls: true, patienceMs: 300 })
  await assert.rejects(stranger, { code: 'unavailable' })
  const misnamed = { ca, servername: 'elsewhere.example' }
  await assert.rejects(connectAngen({ ...options, tls: misnamed, patienceMs: 300 }), {
    code: 'unavailable',
  })
  assert.equal(asked(), 1)
})
