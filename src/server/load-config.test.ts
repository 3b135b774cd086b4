import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { LatchkeyError } from '../core/index.ts'
import { resolveConfig } from './config.ts'
import { WRONG_CONFIGURATION } from './configuration-error.ts'
import { type ConfigSources, loadConfig } from './load-config.ts'
import { flagOf, OPTION_KEYS, variableOf } from './options.ts'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

function load(sources: Partial<ConfigSources> = {}) {
  return loadConfig({ flags: {}, env: {}, folder, ...sources })
}

// A module is loaded once by its name, so each case has its own.
function configFile(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return name
}

function wrong(says: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof LatchkeyError)
    assert.equal(error.code, 'invalid_request')
    assert.equal(error.details.reason, WRONG_CONFIGURATION)
    assert.match(error.message, says)
    assert.doesNotMatch(error.message, /\n/)
    return true
  }
}

describe('loadConfig', () => {
  test('without input every option has its default', async () => {
    const { config, file } = await load()
    assert.deepEqual(config, {})
    assert.equal(file, null)
    const resolved = resolveConfig(config)
    assert.deepEqual(resolved.http, { host: '127.0.0.1', port: 8080, named: false })
    assert.equal(resolved.tcp, null)
    assert.deepEqual(resolved.tls, { host: '127.0.0.1', port: 8201, named: false })
    assert.equal(resolved.data, './latchkey-data')
    assert.equal(resolved.shutdownMs, 10_000)
    assert.equal(resolved.publicUrl, null)
  })

  test('an address of the configuration is named, even where it is the default', () => {
    assert.equal(resolveConfig({ http: '127.0.0.1:8080' }).http?.named, true)
  })

  test('the plain Angen door is open by default in development only', () => {
    const tcp = { host: '127.0.0.1', port: 8200, named: false }
    assert.deepEqual(resolveConfig({ dev: true }).tcp, tcp)
    assert.equal(resolveConfig({ dev: true, tcp: 'off' }).tcp, null)
    assert.deepEqual(resolveConfig({ tcp: '127.0.0.1:8200' }).tcp, { ...tcp, named: true })
  })

  test('flag, variable and key give the same configuration', async () => {
    const values = {
      http: '[::1]:9000',
      tcp: 'off',
      tls: '127.0.0.1:9001',
      tcpPublic: true,
      grpc: '127.0.0.1:9002',
      grpcInsecure: true,
      tlsCert: 'cert.pem',
      tlsKey: 'key.pem',
      tlsSelfMade: true,
      proxies: ['192.0.2.0/24'],
      data: '/x',
      store: 'memory',
      database: 'postgres://latchkey@127.0.0.1/x',
      databasePasswordFile: 'password',
      databaseListen: 'postgresql://latchkey@127.0.0.1:5433/x',
      databaseConnections: 12,
      databaseBoundMs: 13,
      node: 'left-1',
      dev: true,
      trustedProxies: ['10.0.0.0/8', '::1'],
      allowedHosts: ['a.example', 'b.example:8080'],
      allowedOrigins: ['*', 'https://game.example'],
      corsOrigins: ['https://app.example'],
      pages: true,
      publicUrl: 'https://a.example',
      clearSiteData: true,
      modules: 'lib/modules',
      mageApp: 'game2',
      logLevel: 'warn',
      registration: 'invite',
      settings: { 'password.minLength': 12 },
      cacheEntries: 5,
      cacheBytes: 6,
      maxConnections: 7,
      maxUnauthenticated: 10,
      maxPerAddress: 11,
      authenticateMs: 1000,
      maxLineBytes: 2048,
      maxMessagesPerSecond: 12,
      maxBytesPerSecond: 2049,
      connectionIdleMs: 100,
      loginsPerSecond: 13,
      maxWaitingLogins: 14,
      echoInput: true,
      storeTimeoutMs: 8,
      pruneEveryMs: 0,
      drainMs: 10,
      shutdownMs: 9,
    } as const
    assert.deepEqual(Object.keys(values), OPTION_KEYS)
    const text = (value: unknown) => {
      if (Array.isArray(value)) return value.join(',')
      return typeof value === 'object' ? JSON.stringify(value) : String(value)
    }
    const texts = Object.entries(values).map(([key, value]) => [key, text(value)] as const)
    const configured = configFile('same.mjs', `export default ${JSON.stringify(values)}`)
    const flags = Object.fromEntries(texts)
    const env = Object.fromEntries(texts.map(([key, value]) => [variableOf(key), value]))
    assert.deepEqual((await load({ flags })).config, values)
    assert.deepEqual((await load({ env })).config, values)
    assert.deepEqual((await load({ configFile: configured })).config, values)
    assert.equal(flagOf('trustedProxies'), '--trusted-proxies')
    assert.equal(variableOf('trustedProxies'), 'LATCHKEY_TRUSTED_PROXIES')
  })

  test('flags replace variables, variables replace the file, and an empty variable is unset', async () => {
    const written = 'export default { shutdownMs: 1, cacheEntries: 1, cacheBytes: 1 }'
    const { config } = await load({
      configFile: configFile('order.mjs', written),
      env: { LATCHKEY_SHUTDOWN_MS: '2', LATCHKEY_CACHE_ENTRIES: '2', LATCHKEY_CACHE_BYTES: '' },
      flags: { shutdownMs: '3' },
    })
    assert.deepEqual(config, { shutdownMs: 3, cacheEntries: 2, cacheBytes: 1 })
  })

  test('a variable may name the file', async () => {
    const name = configFile('named.mjs', 'export default { shutdownMs: 4 }')
    const { config, file } = await load({ env: { LATCHKEY_CONFIG: name } })
    assert.equal(config.shutdownMs, 4)
    assert.equal(file, join(folder, name))
  })

  test('a file may have guards and commands, which no flag can', async () => {
    const written = "export default { guards: [{ when: 'before', check() {} }] }"
    const { config } = await load({ configFile: configFile('guards.mjs', written) })
    assert.equal(config.guards?.length, 1)
  })

  test('unknown variables are reported, except those of orchestrators', async () => {
    const env = { LATCHKEY_HTPP: 'x', LATCHKEY_PORT: 'tcp://10.0.0.1:80', LATCHKEY_TOKEN: 'x' }
    const { unknownVariables } = await load({ env })
    assert.deepEqual(unknownVariables, ['LATCHKEY_HTPP'])
  })

  const flags: readonly [ConfigSources['flags'], RegExp][] = [
    [{ http: '127.0.0.1:65536' }, /^--http: must be HOST:PORT/],
    [{ http: '' }, /^--http: must be HOST:PORT/],
    [{ tcp: '8200x' }, /^--tcp: must be HOST:PORT, such as 127\.0\.0\.1:8200/],
    [{ tls: '' }, /^--tls: must be HOST:PORT, such as 127\.0\.0\.1:8201/],
    [{ tlsCert: '' }, /^--tls-cert: must name a file/],
    [{ proxies: 'proxy' }, /^--proxies: must be addresses/],
    [{ allowedOrigins: 'game.example' }, /^--allowed-origins: must be origins/],
    [{ maxLineBytes: '1' }, /^--max-line-bytes: must be a whole number from 1024/],
    [{ data: ' ' }, /^--data: must name a folder/],
    [{ store: 'redis' }, /^--store: must be one of sqlite, memory/],
    [{ logLevel: 'loud' }, /^--log-level: must be one of fatal/],
    [{ shutdownMs: '-1' }, /^--shutdown-ms: must be a whole number/],
    [{ shutdownMs: '1.5' }, /^--shutdown-ms: must be a whole number/],
    [{ cacheEntries: '0' }, /^--cache-entries: must be a whole number from 1/],
    [{ trustedProxies: '10.0.0.0/99' }, /^--trusted-proxies: must be addresses/],
    [{ trustedProxies: 'proxy' }, /^--trusted-proxies: must be addresses/],
    [{ allowedHosts: 'a b' }, /^--allowed-hosts: must be host names/],
    [{ publicUrl: 'https://a.example/x' }, /^--public-url: must be an origin/],
    [{ publicUrl: 'ftp://a.example' }, /^--public-url: must be an origin/],
    [{ settings: '{"nope":1}' }, /^--settings: There is no setting nope/],
    [{ settings: '{"password.minLength":"a"}' }, /^--settings: password\.minLength: /],
    [{ settings: 'nope' }, /^--settings: must be an object/],
    [{ settings: '[]' }, /^--settings: must be an object/],
  ]
  for (const [given, says] of flags) {
    test(`refuses ${JSON.stringify(given)}`, () =>
      assert.rejects(load({ flags: given }), wrong(says)))
  }

  test('refuses a wrong variable by its name', async () => {
    const env = { LATCHKEY_DEV: 'perhaps' }
    await assert.rejects(load({ env }), wrong(/^LATCHKEY_DEV: must be true or false/))
  })

  const files: readonly [name: string, text: string, says: RegExp][] = [
    ['unknown-key.mjs', 'export default { htpp: "off" }', /unknown-key\.mjs: htpp: there is no/],
    ['prototype.mjs', 'export default { toString: 1 }', /toString: there is no such key/],
    ['wrong-value.mjs', 'export default { dev: "yes" }', /wrong-value\.mjs: dev: must be true/],
    ['no-default.mjs', 'export const a = 1', /has no configuration as its default export/],
    ['syntax.mjs', 'export default {', /syntax\.mjs cannot be loaded: /],
    ['throws.mjs', 'throw new Error("a\\nb")', /throws\.mjs cannot be loaded: a$/],
  ]
  for (const [name, text, says] of files) {
    test(`refuses the file ${name}`, () =>
      assert.rejects(load({ configFile: configFile(name, text) }), wrong(says)))
  }
})
