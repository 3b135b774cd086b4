import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { clientOf } from '../../test/support/angen-transport.ts'
import { resolveConfig } from './config.ts'
import { createServices } from './create-services.ts'
import { openLog } from './log.ts'
import { openAngen } from './open-angen.ts'
import { drainDoors, openDoors } from './open-doors.ts'
import { requireSafe } from './safety.ts'
import type { ServerConfig } from './server-config.ts'
import { openTls } from './tls/index.ts'

const PING = '{"name":"system/ping","command":{}}\n'
const PONG = '{"message":{},"name":"system/pong"}\n'

async function open(t: TestContext, given: ServerConfig) {
  const lines: string[] = []
  const log = openLog({ stream: { write: (line) => lines.push(line) } })
  const config = resolveConfig({ store: 'memory', data: '/nowhere', ...given })
  requireSafe(config)
  const tls = await openTls(config, log)
  const fixture = await createServices(config, log)
  t.after(async () => {
    await fixture.connections.close()
    fixture.metrics.close()
    await fixture.authority.close()
  })
  return { tls, lines, angen: openAngen(config, fixture, tls) }
}

describe('openAngen', () => {
  test('in development it is open over TCP and over TLS', async (t) => {
    const { angen, tls } = await open(t, { dev: true, tcp: '127.0.0.1:0', tls: '127.0.0.1:0' })
    const doors = await openDoors(angen.doors, assert.fail)
    t.after(() => drainDoors(doors, 0))
    assert.deepEqual(
      doors.map(({ address }) => address.replace(/\d+$/, '')),
      ['tcp://127.0.0.1:', 'tls://127.0.0.1:'],
    )
    const [plainPort, tlsPort] = doors.map(({ address }) => Number(new URL(address).port))
    const plain = clientOf(connect({ port: plainPort ?? 0, host: '127.0.0.1' }))
    plain.send(PING)
    await plain.until(PONG)
    const socket = connectTls({ port: tlsPort ?? 0, host: '127.0.0.1', ca: tls?.ca ?? '' })
    t.after(() => socket.destroy())
    await once(socket, 'secureConnect')
    const secure = clientOf(socket)
    secure.send(PING)
    await secure.until(PONG)
    await drainDoors(doors, 1_000)
    await Promise.all([plain.closed, secure.closed])
  })

  test('in production the plain door is closed, and the TLS door without a certificate', async (t) => {
    const { angen, lines } = await open(t, {})
    assert.deepEqual(angen.doors, [])
    assert.match(
      lines.join(''),
      /The tls door stays closed: give --tls-cert FILE and --tls-key FILE/,
    )
  })

  test('the limits come from the configuration', async (t) => {
    const { angen } = await open(t, {
      dev: true,
      tcp: '127.0.0.1:0',
      tls: 'off',
      maxLineBytes: 1024,
    })
    const doors = await openDoors(angen.doors, assert.fail)
    t.after(() => drainDoors(doors, 0))
    const client = clientOf(connect({ port: Number(new URL(doors[0]?.address ?? '').port) }))
    const fits = PING.trimEnd().padEnd(128)
    client.send(`${fits}\n${fits} \n`)
    const [first, second] = (await client.closed).trimEnd().split('\n')
    assert.equal(`${first}\n`, PONG)
    assert.match(second ?? '', /^\{"message":\{"reason":/)
  })

  const unsafe: readonly [ServerConfig, RegExp][] = [
    [
      { tcp: '0.0.0.0:8200' },
      /^--tcp 0\.0\.0\.0:8200: plain TCP beyond this machine is refused.*--tcp-public/,
    ],
    [
      { dev: true, tcp: '0.0.0.0:8200', tcpPublic: true },
      /^--tcp .*: development listens on loopback only/,
    ],
    [{ dev: true, tls: '[::]:8201' }, /^--tls \[::\]:8201: development listens on loopback only/],
    [{ tls: '127.0.0.1:8201' }, /^--tls 127\.0\.0\.1:8201 needs a certificate: give --tls-cert/],
    [{ tlsCert: 'a' }, /^--tls-cert needs --tls-key FILE beside it/],
    [{ tlsKey: 'a' }, /^--tls-key needs --tls-cert FILE beside it/],
    [{ http: 'off' }, /^Every door is off/],
    [{ dev: true, http: 'off', tcp: 'off', tls: 'off', grpc: 'off' }, /^Every door is off/],
  ]
  for (const [config, says] of unsafe) {
    test(`refuses ${JSON.stringify(config)}`, () =>
      assert.throws(() => requireSafe(resolveConfig(config)), { message: says }))
  }

  test('plain TCP beyond this machine needs its own option', async () => {
    requireSafe(resolveConfig({ tcp: '0.0.0.0:8200', tcpPublic: true }))
    requireSafe(resolveConfig({ http: 'off', tls: '0.0.0.0:8201', tlsCert: 'a', tlsKey: 'b' }))
  })
})
