import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeHome } from './agent-support.ts'
import { logIn, serve, startProcess, untilPrinted } from './support.ts'

describe('logging in a device', { concurrency: 2 }, () => {
  for (const door of ['http', 'grpc'] as const) {
    test(`a device shows a code, waits for approval and saves the session: over ${door}`, async (t) => {
      const server = await serve(t, [
        '--dev',
        '--store',
        'memory',
        '--grpc',
        '127.0.0.1:0',
        '--grpc-insecure',
      ])
      const at =
        new RegExp(`^${door} listens on (\\S+)$`, 'm').exec(server.output.stdout)?.[1] ?? ''
      const approver = makeHome(t)
      const env = { LATCHKEY_SERVER: at, LATCHKEY_TOKEN: await logIn(server.url, 'ada') }
      const device = makeHome(t)
      const args = ['login', '--device', '--label', 'robot', '--server', at]
      const waiting = startProcess(args, { env: { HOME: device.home } })
      t.after(() => waiting.child.kill('SIGKILL'))
      await untilPrinted(waiting.child, waiting.output, /device approve [\w-]+\n/)
      const code = /device approve ([\w-]+)/.exec(waiting.output.stderr)?.[1] ?? ''
      assert.match(code, /^[A-Z]{4}-[A-Z]{4}$/)

      const unconfirmed = await approver.latchkey(['device', 'approve', code], { env })
      assert.equal(unconfirmed.stderr, 'latchkey: --yes is missing. (invalid_request)\n')
      assert.equal(unconfirmed.code, 64)
      const approve = ['device', 'approve', code.toLowerCase().replace('-', ''), '--yes']
      const approved = await approver.latchkey(approve, { env })
      assert.match(approved.stdout, /^label: +robot\naddress: +127\.0\.0\.1\n/)
      assert.equal(approved.code, 0, approved.stderr)

      const ran = await waiting.ended
      assert.equal(ran.code, 0, ran.stderr)
      assert.match(ran.stdout, /^You are ada .*\nThe session is saved in /)
      assert.ok(!(ran.stdout + ran.stderr).includes(device.token() ?? ''))
      const me = await device.latchkey(['whoami', '--server', at])
      assert.match(me.stdout, /^name: +ada$/m)
      assert.match(me.stdout, /^profile: agent$/m)
    })
  }

  test('a device that is denied exits with 77 and saves nothing', async (t) => {
    const server = await serve(t, ['--dev', '--store', 'memory', '--grpc', 'off'])
    const device = makeHome(t)
    const env = { LATCHKEY_SERVER: server.url, HOME: device.home }
    const waiting = startProcess(['login', '--device'], { env })
    t.after(() => waiting.child.kill('SIGKILL'))
    await untilPrinted(waiting.child, waiting.output, /device approve [\w-]+\n/)
    const code = /device approve ([\w-]+)/.exec(waiting.output.stderr)?.[1] ?? ''
    const token = await logIn(server.url, 'ada')
    const denied = await device.latchkey(['device', 'deny', code], {
      env: { ...env, LATCHKEY_TOKEN: token },
    })
    assert.match(denied.stdout, /Denied\.\n$/)
    const ran = await waiting.ended
    assert.match(ran.stderr, /\(access_denied\)\n$/)
    assert.equal(ran.code, 77)
    assert.equal(device.token(), null)
  })
})
