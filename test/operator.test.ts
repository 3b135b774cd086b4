import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import type { Store } from '../src/core/index.ts'
import { Agent, Sessions } from '../src/protocol/grpc/index.ts'
import { createServer, type RunningServer, type ServerConfig } from '../src/server/index.ts'
import { openLog } from '../src/server/log.ts'
import { sqlite } from '../src/stores/sqlite/index.ts'
import { logIn, serve, temporaryFolder, waitUntil } from './cli/support.ts'
import { TestClient } from './support/grpc-door.ts'

const MODULES = new URL('../examples/mage-game/lib/modules', import.meta.url).pathname

// The default ports belong to no test.
const ONLY_HTTP = { http: '127.0.0.1:0', tcp: 'off', tls: 'off', grpc: 'off', dev: true } as const

interface Watched {
  readonly server: RunningServer
  readonly url: string
  /** The lines of the log. */
  readonly lines: Record<string, unknown>[]
}

/** Starts a server in this process, and reads its log. */
async function open(t: TestContext, config: ServerConfig): Promise<Watched> {
  const lines: Record<string, unknown>[] = []
  const log = openLog({ stream: { write: (line) => void lines.push(JSON.parse(line)) } })
  const server = await createServer({ ...ONLY_HTTP, ...config }, { log })
  t.after(() => server.close())
  const url = server.addresses.find(({ door }) => door === 'http')?.address ?? ''
  return { server, url, lines }
}

const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  })

/** Writes until the engine has no room for the smallest document. */
async function fill({ documents }: Store): Promise<void> {
  for (const chars of [20_000, 1000, 10]) {
    for (let index = 0; ; index++) {
      const saved = documents.save(`${chars} ${index}`, 'x'.repeat(chars), { now: 0 })
      if (
        !(await saved.then(
          () => true,
          () => false,
        ))
      )
        break
    }
  }
}

const metricsOf = async (url: string) => (await fetch(`${url}/metrics`)).text()

describe('when the disk is full', () => {
  test('failed writes are counted by door and cause, logged with the engine’s error, and seen by readiness', async (t) => {
    const folder = temporaryFolder(t)
    const store = await sqlite({ folder, maxBytes: 400_000 })
    const { url, lines } = await open(t, {
      store,
      modules: MODULES,
      settings: { 'throttle.createPerMinute': 10_000 },
    })
    assert.equal((await fetch(`${url}/readyz`)).status, 200)
    await fill(store)
    // The pages that are in use have room for some more.
    let index = 0
    const register = () =>
      post(`${url}/v1/actors`, { name: `user ${index++} ${'x'.repeat(200)}`, password: 'p' })
    while ((await register()).status === 201);
    const failed = await register()
    const problem = (await failed.json()) as Record<string, unknown>
    assert.equal(problem['code'], 'unavailable')
    assert.equal(problem['requestId'], failed.headers.get('x-request-id'))
    // What the engine says is for the operator alone.
    assert.doesNotMatch(JSON.stringify(problem), /database or disk is full/)
    const username = (count: number) => `user ${count} ${'z'.repeat(200)}`
    const command = () =>
      post(
        `${url}/game/players.register`,
        `[]\n${JSON.stringify({ username: username(index++), password: 'p' })}`,
      )
    while ((await (await command()).text()).startsWith('[[null'));
    const metrics = await metricsOf(url)
    const failure =
      /^latchkey_failures_total\{door="http",code="unavailable",cause="disk_full"\} [1-9]/m
    assert.match(metrics, failure)
    assert.match(
      metrics,
      /^latchkey_failures_total\{door="mage",code="unavailable",cause="disk_full"\}/m,
    )
    assert.match(metrics, /^latchkey_store_failures_total\{verb="directory\.create"\} [1-9]/m)
    const logged = lines.filter(({ msg, door }) => msg === 'A request failed.' && door === 'http')
    assert.equal(logged.length, 1, 'one line in some seconds')
    assert.match(JSON.stringify(logged[0]), /database or disk is full/)
    const { route, code, cause } = logged[0] ?? {}
    assert.deepEqual([route, code, cause], ['/v1/actors', 'unavailable', 'disk_full'])
    let ready = 200
    while (ready !== 503) ready = (await fetch(`${url}/readyz`)).status
  })
})

describe('the access log', () => {
  test('has a line for each request at each door, with the same id as the answer', async (t) => {
    const config = { store: 'memory', modules: MODULES, trustedProxies: ['127.0.0.1'] } as const
    const { url, lines } = await open(t, config)
    await post(`${url}/v1/actors`, { name: 'ada', password: 'p' })
    const login = await post(`${url}/v1/sessions`, { identity: 'ada', password: 'p' })
    const { token, session, actor } = (await login.json()) as {
      token: string
      session: { id: string }
      actor: { id: string }
    }
    const authorization = `Bearer ${token}`
    const headers = { authorization, 'x-request-id': 'from-the-proxy/1' }
    const mine = await fetch(`${url}/v1/session`, { headers })
    assert.equal(mine.headers.get('x-request-id'), 'from-the-proxy/1')
    const none = await fetch(`${url}/v1/sessions/${token}`, {
      method: 'PATCH',
      headers: { authorization },
    })
    assert.equal(none.status, 404)
    const mage = await post(`${url}/game/config.get,players.nothing`, '[]\n{}\n{}', headers)
    assert.equal(mage.headers.get('x-request-id'), 'from-the-proxy/1')
    const socket = new WebSocket(`${url.replace('http', 'ws')}/angen`)
    t.after(() => socket.terminate())
    const answered = new Promise((resolve) => socket.once('message', resolve))
    socket.on('open', () =>
      socket.send(JSON.stringify({ name: 'auth/login', command: { token, user_agent: 'u' } })),
    )
    await answered
    const requests = lines.filter(({ msg }) => msg === 'Request.')
    const find = (door: string, route: string) =>
      requests.find((line) => line['door'] === door && line['route'] === route)
    const get = find('http', '/v1/session')
    assert.equal(get?.['requestId'], 'from-the-proxy/1')
    assert.deepEqual([get?.['method'], get?.['status']], ['GET', 200])
    assert.deepEqual([get?.['session'], get?.['actor']], [session.id, actor.id])
    assert.ok(typeof get?.['ms'] === 'number')
    assert.equal(find('http', '(none)')?.['status'], 404)
    assert.equal(find('mage', 'config.get')?.['status'], 'ok')
    assert.equal(find('mage', '(none)')?.['status'], 'internal')
    assert.equal(find('angen', 'auth/login')?.['session'], session.id)
    assert.ok(!JSON.stringify(lines).includes(token))
  })

  test('has a line for each gRPC call, known or not', async (t) => {
    const { server, lines } = await open(t, {
      store: 'memory',
      grpc: '127.0.0.1:0',
      grpcInsecure: true,
    })
    const grpc = server.addresses.find(({ door }) => door === 'grpc')?.address ?? ''
    const client = new TestClient(grpc.replace('grpc://', ''))
    t.after(() => client.close())
    await client.call(Agent, 'agentStatus', {})
    await client.call(Sessions, 'whoAmI', {}, { token: 'wrong' })
    const calls = lines.filter(({ door, msg }) => door === 'grpc' && msg === 'Request.')
    assert.deepEqual(
      calls.map(({ method, route, status }) => [method, route, status]),
      [
        ['call', '/latchkey.v1.Agent/AgentStatus', 'ok'],
        ['call', '/latchkey.v1.Sessions/WhoAmI', 'token_invalid'],
      ],
    )
    const metrics = await metricsOf(server.addresses[0]?.address ?? '')
    assert.match(metrics, /^latchkey_sockets_open\{door="grpc",state="unauthenticated"\} 1$/m)
  })

  test('can be turned off, and an id is only taken from a trusted proxy', async (t) => {
    const { url, lines } = await open(t, { store: 'memory', accessLog: 'off' })
    const answer = await fetch(`${url}/v1/session`, { headers: { 'x-request-id': 'mine' } })
    assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f]{12}-\w+$/)
    assert.deepEqual(lines, [])
  })
})

describe('metrics', () => {
  test('follow the conventions of Prometheus', async (t) => {
    const store = await sqlite({ folder: temporaryFolder(t) })
    const { server, url } = await open(t, { store, tcp: '127.0.0.1:0', grpc: '127.0.0.1:0' })
    await post(`${url}/v1/actors`, { name: 'ada', password: 'p' })
    for (const password of ['p', 'wrong']) {
      await post(`${url}/v1/sessions`, { identity: 'ada', password })
    }
    await server.authority.sessions.end({ owner: 'nobody' })
    const text = await metricsOf(url)
    const types = new Map(
      [...text.matchAll(/^# TYPE (latchkey_\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [
        name,
        type,
      ]),
    )
    for (const [name, type] of types) {
      assert.match(name, /^[a-z][a-z0-9_]*$/)
      assert.match(text, new RegExp(`^# HELP ${name} \\S.*$`, 'm'))
      assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`)
      if (type === 'histogram') assert.match(name, /_seconds$/)
      assert.doesNotMatch(name, /_(ms|milliseconds|count|sum|bucket)$/)
    }
    for (const name of [
      'latchkey_requests_total',
      'latchkey_request_duration_seconds',
      'latchkey_failures_total',
      'latchkey_logins_total',
      'latchkey_password_hashing_duration_seconds',
      'latchkey_store_duration_seconds',
      'latchkey_revocation_duration_seconds',
      'latchkey_throttled_total',
      'latchkey_renewals_total',
      'latchkey_reuse_detected_total',
      'latchkey_guard_refusals_total',
      'latchkey_connections_open',
      'latchkey_sockets_open',
      'latchkey_sockets_rejected_total',
      'latchkey_queue_length',
      'latchkey_database_bytes',
      'latchkey_wal_bytes',
      'latchkey_certificate_expiry_timestamp_seconds',
      'latchkey_build_info',
    ]) {
      assert.ok(types.has(name), name)
    }
    // A histogram has these three series.
    const known = (name: string) => types.has(name.replace(/_(bucket|sum|count)$/, ''))
    for (const file of ['alerts.yml', 'dashboard.json']) {
      const monitoring = readFileSync(
        new URL(`../docs/monitoring/${file}`, import.meta.url),
        'utf8',
      )
      const named = new Set(monitoring.match(/\blatchkey_[a-z_]+/g))
      assert.deepEqual(
        [...named].filter((name) => !known(name)),
        [],
        file,
      )
    }
    assert.match(text, /^latchkey_logins_total\{outcome="ok",method="login",door="http"\} 1$/m)
    const wrong = 'outcome="credentials_invalid",method="login",door="http"'
    assert.ok(text.includes(`latchkey_logins_total{${wrong}} 1`), text)
    const bucket = 'door="http",method="POST",route="/v1/sessions"'
    assert.ok(text.includes(`latchkey_request_duration_seconds_count{${bucket}} 2`))
    assert.ok(text.includes(`latchkey_request_duration_seconds_bucket{le="+Inf",${bucket}} 2`))
    assert.match(text, /^latchkey_store_duration_seconds_count\{verb="sessions\.create"\} 1$/m)
    assert.match(text, /^latchkey_database_bytes [1-9]\d+$/m)
  })

  test('can have a listener of their own, and the HTTP port has none then', async (t) => {
    const { server, url } = await open(t, { store: 'memory', metrics: '127.0.0.1:0' })
    assert.equal((await fetch(`${url}/metrics`)).status, 404)
    const own = server.addresses.find(({ door }) => door === 'metrics')?.address ?? ''
    assert.match(await metricsOf(own), /^latchkey_sessions_live 0$/m)
    for (const path of ['/healthz', '/readyz']) {
      assert.equal((await fetch(own + path)).status, 200)
    }
    assert.equal((await fetch(`${own}/v1/session`)).status, 404)
  })

  test('are served during an outage of the store', async (t) => {
    const { server, url } = await open(t, { store: 'memory' })
    await fetch(`${url}/healthz`)
    await server.authority.close()
    const text = await metricsOf(url)
    assert.match(text, /^latchkey_requests_total/m)
    assert.doesNotMatch(text, /^latchkey_sessions_live /m)
    assert.equal((await fetch(`${url}/readyz`)).status, 503)
  })
})

test('a forwarding header of a peer that is not trusted is warned of once', async (t) => {
  const { url, lines } = await open(t, { store: 'memory', accessLog: 'off' })
  await fetch(`${url}/healthz`)
  assert.deepEqual(lines, [])
  for (const header of ['x-forwarded-for', 'forwarded', 'x-forwarded-for']) {
    await fetch(`${url}/v1/session`, { headers: { [header]: 'for=192.0.2.1' } })
  }
  assert.deepEqual(
    lines.map(({ level, peer }) => [level, peer]),
    [['warn', '127.0.0.1']],
  )
})

test('a server process writes its access log as JSON, and idle connections are closed', async (t) => {
  const server = await serve(t, ['--store', 'memory', '--authenticate-ms', '300'])
  await logIn(server.url, 'ada', 'six wet otters under a bridge')
  await waitUntil(() => server.output.stderr.includes('"route":"/v1/sessions"'))
  const silent = connect(Number(new URL(server.url).port), '127.0.0.1')
  const idle = connect(Number(new URL(server.url).port), '127.0.0.1')
  idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const closed = [silent, idle].map(
    (socket) => new Promise((resolve) => socket.resume().once('close', resolve)),
  )
  await Promise.all(closed)
})
