import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { COMMAND, call, serve } from './support.ts'

const hasScript = spawnSync('script', ['--version']).status === 0

// `script` of util-linux gives a command a terminal.
function atTerminal(command: string, server: string) {
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { PATH: process.env['PATH'] ?? '', LATCHKEY_SERVER: server, TERM: 'xterm' },
  })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
  })
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(shown)))
  const answer = async (question: string, text: string) => {
    while (!shown.includes(question)) {
      await new Promise((resolve) => child.stdout.once('data', resolve))
    }
    shown = ''
    child.stdin.write(text)
  }
  return { answer, ended }
}

const command = COMMAND.map((part) => `'${part}'`).join(' ')

describe('at a terminal', { skip: hasScript ? false : 'there is no script(1)' }, () => {
  test('admin claim and login ask for what is missing; the password is not shown', async (t) => {
    const server = await serve(t, ['--dev', '--store', 'memory'])
    const claim = atTerminal(`${command} admin claim`, server.url)
    await claim.answer('The one-time code', `${server.claimCode}\r`)
    await claim.answer('Name of the administrator', 'root\r')
    await claim.answer('Password', 'hunter2\r')
    await claim.answer('Once more', 'hunter2\r')
    const claimed = await claim.ended
    assert.match(claimed, /You are root \([\w-]+\), roles user, admin/)
    assert.doesNotMatch(claimed, /hunter2/)

    const login = atTerminal(`T=$(${command} login); echo "[$T]"`, server.url)
    await login.answer('Name or e-mail', 'root\r')
    await login.answer('Password', 'hunter2\r')
    const token = /\[(lks_\w+)\]/.exec(await login.ended)?.[1] ?? ''
    assert.equal((await call(`${server.url}/v1/session`, 'GET', { token })).status, 200)
  })

  test('Ctrl-C at a question ends with 130 and no message', async (t) => {
    const server = await serve(t, ['--dev', '--store', 'memory'])
    const login = atTerminal(`${command} login; echo "[$?]"`, server.url)
    await login.answer('Name or e-mail', '\x03')
    const shown = await login.ended
    assert.match(shown, /\[130\]/)
    assert.doesNotMatch(shown, /latchkey:/)
  })
})
