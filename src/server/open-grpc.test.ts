import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { createTls } from '../../test/support/certificate.ts'
import { resolveConfig } from './config.ts'
import { createServices } from './create-services.ts'
import { openLog } from './log.ts'
import { openGrpc } from './open-grpc.ts'
import type { ServerConfig } from './server-config.ts'
import type { TlsMaterial } from './tls/index.ts'

test('without a certificate it opens only at a configured address of this machine', async (t) => {
  const log = openLog({ level: 'silent' })
  const fixture = await createServices(resolveConfig({ store: 'memory' }), log)
  t.after(async () => {
    await fixture.connections.close()
    fixture.metrics.close()
    await fixture.authority.close()
  })
  const made = { ...createTls(), ca: null, caFile: null, close: () => undefined }
  const open = (config: ServerConfig, tls: TlsMaterial | null = null) =>
    openGrpc(resolveConfig(config), fixture, tls, {
      addresses: () => [],
      onStop: () => assert.fail(),
    })
  for (const config of [
    { grpc: '127.0.0.1:0' },
    { grpc: '0.0.0.0:0', grpcInsecure: true },
    { grpc: 'example.org:0', grpcInsecure: true },
  ]) {
    await assert.rejects(open(config), /needs a certificate/)
  }
  assert.deepEqual((await open({})).doors, [])
  assert.deepEqual((await open({ grpc: 'off' }, made)).doors, [])
  for (const [opened, address] of [
    [await open({ grpc: '127.0.0.1:0', grpcInsecure: true }, made), /^grpc:\/\/127\.0\.0\.1:\d+$/],
    [await open({ grpc: '127.0.0.1:0' }, made), /^grpcs:\/\/127\.0\.0\.1:\d+$/],
  ] as const) {
    const [door] = opened.doors
    assert.match((await door?.listen()) ?? '', address)
    await door?.drain(AbortSignal.abort())
  }
})

test('without its packages the error names them', () => {
  const script = `
    import { registerHooks } from 'node:module'
    registerHooks({
      resolve(specifier, context, next) {
        if (!specifier.startsWith('@grpc/')) return next(specifier, context)
        throw Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' })
      },
    })
    const { openGrpc } = await import(${JSON.stringify(new URL('open-grpc.ts', import.meta.url).href)})
    const config = { grpc: { host: '127.0.0.1', port: 0, named: true }, grpcInsecure: true }
    const fixture = { log: { logger: {} } }
    await openGrpc(config, fixture, null, {}).catch((error) => console.log(error.message))
  `
  const args = ['--conditions=@latchkey/source', '--input-type=module', '-e', script]
  const said = execFileSync(process.execPath, args, { encoding: 'utf8' })
  assert.match(said, /npm install @grpc\/grpc-js .*--grpc off/)
})
