import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { createTls } from '../doors/grpc/test-support/certificate.ts'
import { openHouse } from '../doors/grpc/testing-support.ts'
import { openGrpc } from './open-grpc.ts'

test('without a certificate it opens by name, and on this machine alone', async (t) => {
  const { authority, connections } = await openHouse(t)
  const open = (
    host: string,
    insecure: boolean,
    tls = null as ReturnType<typeof createTls> | null,
  ) =>
    openGrpc({
      authority,
      connections,
      dispatcher: { dispatch: () => assert.fail() },
      info: () => ({ version: '', addresses: [] }),
      onStop: () => undefined,
      onError: (error) => assert.fail(String(error)),
      address: { host, port: 0, named: true },
      maxConnections: 10,
      tls,
      insecure,
    })
  for (const [host, insecure] of [
    ['127.0.0.1', false],
    ['0.0.0.0', true],
    ['example.org', true],
  ] as const) {
    await assert.rejects(open(host, insecure), /needs a certificate/)
  }
  for (const door of [await open('127.0.0.1', true), await open('127.0.0.1', false, createTls())]) {
    assert.match(await door.listen(), /^grpcs?:\/\/127\.0\.0\.1:\d+$/)
    await door.drain(AbortSignal.abort())
  }
})

test('where the libraries are not installed it says which to install', () => {
  const script = `
    import { registerHooks } from 'node:module'
    registerHooks({
      resolve(specifier, context, next) {
        if (!specifier.startsWith('@grpc/')) return next(specifier, context)
        throw Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' })
      },
    })
    const { openGrpc } = await import(${JSON.stringify(new URL('open-grpc.ts', import.meta.url).href)})
    const address = { host: '127.0.0.1', port: 0, named: true }
    await openGrpc({ address, insecure: true, tls: null }).catch((error) => console.log(error.message))
  `
  const args = ['--conditions=@latchkey/source', '--input-type=module', '-e', script]
  const said = execFileSync(process.execPath, args, { encoding: 'utf8' })
  assert.match(said, /npm install @grpc\/grpc-js .*--grpc off/)
})
