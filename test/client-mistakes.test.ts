import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { logIn, serve } from './cli/support.ts'

const MODULES = new URL('../examples/mage-game/lib/modules', import.meta.url).pathname

test('wrong passwords and aborted requests are no errors in the log, at any door', async (t) => {
  const args = ['--dev', '--store', 'memory', '--modules', MODULES, '--log-level', 'warn']
  const server = await serve(t, args, { cwd: process.cwd() })
  const { url } = server
  const token = await logIn(url, 'ada')
  const command = async (name: string, params: object) => {
    const body = `[]\n${JSON.stringify(params)}`
    const answer = await fetch(`${url}/game/${name}`, { method: 'POST', body })
    return JSON.parse(await answer.text()) as readonly [[string | null]]
  }
  for (const wrong of [
    { username: 'ada', password: 'wrong' },
    { username: 'nobody', password: 'wrong' },
    { username: 1, password: [] },
  ]) {
    const [[code]] = await command('players.login', wrong)
    assert.equal(code, 'invalidUsernameOrPassword')
  }
  const [[taken]] = await command('players.register', { username: 'ada', password: 'p' })
  assert.equal(taken, 'userExists')
  await command('session.restore', { sessionKey: 'x' })

  const login = JSON.stringify({ identity: 'ada', password: 'p' })
  const head = (request: string, length: number) =>
    `${request} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
    `Authorization: Bearer ${token}\r\nContent-Length: ${length}\r\n\r\n`
  for (const request of ['POST /v1/sessions', 'POST /v1/password', 'POST /game/players.login']) {
    for (const body of [login, login.slice(0, 5)]) {
      for (let index = 0; index < 5; index++) {
        const socket = connect(Number(new URL(url).port), '127.0.0.1')
        socket.on('error', () => undefined)
        socket.write(head(request, login.length) + body, () => socket.resetAndDestroy())
        await once(socket, 'close')
      }
    }
  }
  // The server handles what it has received before it stops.
  await logIn(url, 'bob')
  await server.kill()
  assert.equal(server.output.stderr, '')
})
