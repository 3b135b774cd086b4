import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeHome } from './agent-support.ts'
import { logIn, serve, startProcess, untilPrinted } from './support.ts'

describe('logging in a device', { concurrency: 2 }, () => {
  for (const door of ['http', 'grpc'] as const) {
    test(`shows a code, waits for its approval, and keeps the session: over ${door}`, async (t) => {
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
      const asking = startProcess(args, { env: { HOME: device.home } })
      t.after(() => asking.child.kill('SIGKILL'))
      await untilPrinted(asking.child, asking.output, /device approve [\w-]+\n/)
      const code = /device approve ([\w-]+)/.exec(asking.output.stderr)?.[1] ?? ''
      assert.match(code, /^[A-Z]{4}-[A-Z]{4}$/)

      const unsure = await approver.latchkey(['device', 'approve', code], { env })
      assert.equal(unsure.stderr, 'latchkey: --yes is missing. (invalid_request)\n')
      assert.equal(unsure.code, 64)
      const approve = ['device', 'approve', code.toLowerCase().replace('-', ''), '--yes']
      const approved = await approver.latchkey(approve, { env })
      assert.match(approved.stdout, /^calls itself: robot\naddress: +127\.0\.0\.1\n/)
      assert.equal(approved.code, 0, approved.stderr)

      const ran = await asking.ended
      assert.equal(ran.code, 0, ran.stderr)
      assert.match(ran.stdout, /^You are ada .*\nThe session is kept in /)
      assert.ok(!(ran.stdout + ran.stderr).includes(device.token() ?? ''))
      const me = await device.latchkey(['whoami', '--server', at])
      assert.match(me.stdout, /^name: +ada$/m)
      assert.match(me.stdout, /^profile: agent$/m)
    })
  }

  test('one that is denied ends with 77 and keeps nothing', async (t) => {
    const server = await serve(t, ['--dev', '--store', 'memory', '--grpc', 'off'])
    const device = makeHome(t)
    const env = { LATCHKEY_SERVER: server.url, HOME: device.home }
    const asking = startProcess(['login', '--device'], { env })
    t.after(() => asking.child.kill('SIGKILL'))
    await untilPrinted(asking.child, asking.output, /device approve [\w-]+\n/)
    const code = /device approve ([\w-]+)/.exec(asking.output.stderr)?.[1] ?? ''
    const token = await logIn(server.url, 'ada')
    const denied = await device.latchkey(['device', 'deny', code], {
      env: { ...env, LATCHKEY_TOKEN: token },
    })
    assert.match(denied.stdout, /It was denied\.\n$/)
    const ran = await asking.ended
    assert.match(ran.stderr, /\(access_denied\)\n$/)
    assert.equal(ran.code, 77)
    assert.equal(device.token(), null)
  })
})
