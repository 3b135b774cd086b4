import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LatchkeyError } from '../core/index.ts'
import type { Door } from './door.ts'
import { drainDoors, openDoors } from './open-doors.ts'

function door(name: string, { code = '', named = false } = {}): Door & { drained: boolean } {
  return {
    name,
    wanted: '127.0.0.1:1',
    named,
    drained: false,
    async listen() {
      if (code !== '') throw Object.assign(new Error(code), { code })
      return `${name}://127.0.0.1:1`
    },
    async drain() {
      this.drained = true
    },
  }
}

test('a default address that is taken is skipped with a warning', async () => {
  const warnings: string[] = []
  const doors = [door('http', { code: 'EADDRINUSE' }), door('grpc')]
  const open = await openDoors(doors, (message) => warnings.push(message))
  assert.deepEqual(
    open.map(({ address }) => address),
    ['grpc://127.0.0.1:1'],
  )
  assert.deepEqual(warnings, [
    'The http door stays closed: 127.0.0.1:1 is in use by another program.',
  ])
})

test('without an open door the start is unavailable', async () => {
  const doors = [door('http', { code: 'EADDRINUSE' })]
  await assert.rejects(
    openDoors(doors, () => undefined),
    (error) => {
      assert.ok(error instanceof LatchkeyError)
      assert.equal(error.code, 'unavailable')
      assert.match(error.message, /^No door could be opened: 127\.0\.0\.1:1 is in use/)
      return true
    },
  )
})

test('a taken address of the configuration is unavailable, and open doors are closed', async () => {
  const first = door('http')
  const doors = [first, door('grpc', { code: 'EADDRINUSE', named: true })]
  await assert.rejects(
    openDoors(doors, () => undefined),
    { code: 'unavailable', message: '--grpc 127.0.0.1:1 is in use by another program.' },
  )
  assert.equal(first.drained, true)
})

test('a default address that cannot be opened is unavailable', async () => {
  const doors = [door('http', { code: 'EACCES' })]
  await assert.rejects(
    openDoors(doors, () => undefined),
    { code: 'unavailable' },
  )
})

test('connections that do not drain in time are closed', async () => {
  let cut = false
  const slow: Door = {
    ...door('http'),
    drain: (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          cut = true
          resolve()
        })
      }),
  }
  await drainDoors(await openDoors([slow], () => undefined), 1)
  assert.equal(cut, true)
})
