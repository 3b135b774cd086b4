import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { connectionSettings } from './connection.ts'

const options = { name: 'test', timeoutMs: 1000 }

/** The TLS options that `pg` derives from a URL. */
function tlsOf(url: string): unknown {
  return new pg.Client(connectionSettings(url, options)).ssl
}

test('TLS follows sslmode', () => {
  assert.equal(tlsOf('postgres://latchkey@127.0.0.1/x'), false)
  assert.equal(tlsOf('postgres://latchkey@db.example/x?sslmode=disable'), false)
  assert.deepEqual(tlsOf('postgres://latchkey@db.example/x?sslmode=verify-full'), {})
  assert.deepEqual(tlsOf('postgresql://latchkey@db.example/x?sslmode=require'), {
    rejectUnauthorized: false,
  })
})

test('a URL that would send a password unencrypted to another machine is refused', () => {
  for (const url of [
    'postgres://latchkey:secret-word@db.example/x',
    'postgres://latchkey:secret-word@10.0.0.1/x',
    'postgres://latchkey:secret-word@127.0.0.1/x?host=db.example',
    'postgres://latchkey:secret-word@db.example/x?sslmode=prefer',
    'postgres://latchkey:secret-word@db.example/x?sslmode=verify-ca',
    'mysql://latchkey:secret-word@127.0.0.1/x',
    'latchkey:secret-word',
  ]) {
    assert.throws(
      () => connectionSettings(url, options),
      (error: { code?: unknown; message: string }) =>
        error.code === 'invalid_request' && !error.message.includes('secret-word'),
      url,
    )
  }
})

test('within this machine TLS is optional', () => {
  for (const url of [
    'postgres://latchkey@localhost/x',
    'postgres://latchkey@[::1]/x',
    'postgres:///x?host=/var/run/postgresql&user=latchkey',
  ]) {
    assert.doesNotThrow(() => connectionSettings(url, options), url)
  }
})
