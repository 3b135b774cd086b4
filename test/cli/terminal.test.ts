import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { makeHome, PASSWORD, startAgent } from './agent-support.ts'
import { COMMAND, call, environment, logIn, serve } from './support.ts'

const hasScript = spawnSync('script', ['--version']).status === 0

// `script` of util-linux gives a command a terminal.
function atTerminal(command: string, env: Readonly<Record<string, string>>) {
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: environment({ TERM: 'xterm', ...env }),
  })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
  })
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(shown)))
  const answer = async (question: RegExp, text: string) => {
    while (!question.test(shown)) {
      await new Promise((resolve) => child.stdout.once('data', resolve))
    }
    shown = ''
    child.stdin.write(text)
  }
  return { answer, ended }
}

const command = COMMAND.map((part) => `'${part}'`).join(' ')

describe('at a terminal', { skip: hasScript ? false : 'there is no script(1)' }, () => {
  test('admin claim and login prompt for missing values; the password is not shown', async (t) => {
    const server = await serve(t, ['--dev', '--store', 'memory'])
    const claim = atTerminal(`${command} admin claim`, { LATCHKEY_SERVER: server.url })
    await claim.answer(/The one-time code/, `${server.claimCode}\r`)
    await claim.answer(/Name of the administrator/, 'root\r')
    await claim.answer(/Password/, 'hunter2\r')
    await claim.answer(/Repeat the password/, 'hunter2\r')
    const claimed = await claim.ended
    assert.match(claimed, /You are root \([\w-]+\), roles user, admin/)
    assert.doesNotMatch(claimed, /hunter2/)

    const login = atTerminal(`T=$(${command} login); echo "[$T]"`, { LATCHKEY_SERVER: server.url })
    await login.answer(/Name or e-mail/, 'root\r')
    await login.answer(/Password/, 'hunter2\r')
    const token = /\[(lks_\w+)\]/.exec(await login.ended)?.[1] ?? ''
    assert.equal((await call(`${server.url}/v1/session`, 'GET', { token })).status, 200)
  })

  test('Ctrl-C at a prompt exits with 130 and no message', async (t) => {
    const server = await serve(t, ['--dev', '--store', 'memory'])
    const login = atTerminal(`${command} login; echo "[$?]"`, { LATCHKEY_SERVER: server.url })
    await login.answer(/Name or e-mail/, '\x03')
    const shown = await login.ended
    assert.match(shown, /\[130\]/)
    assert.doesNotMatch(shown, /latchkey:/)
  })

  test('agent unlock prompts again after a wrong password, three times at most; other commands do not prompt', async (t) => {
    const home = makeHome(t)
    assert.equal((await startAgent(home)).code, 0)
    const env = { HOME: home.home }
    const unlock = () => atTerminal(`${command} agent unlock; echo "[$?]"`, env)
    const again = unlock()
    await again.answer(/Password/, 'hunter2 hunter2\r')
    await again.answer(/The password is wrong\.[\s\S]*Password/, `${PASSWORD}\r`)
    const shown = await again.ended
    assert.match(shown, /Unlocked. The session expires at [\s\S]*\[0\]/)
    assert.doesNotMatch(shown, /hunter2|otters/)
    assert.match(home.token() ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/)

    await home.latchkey(['agent', 'lock'])
    const never = unlock()
    await never.answer(/Password/, 'hunter2 hunter2\r')
    for (let left = 2; left > 0; left--) {
      await never.answer(/The password is wrong\.[\s\S]*Password/, 'hunter2 hunter2\r')
    }
    assert.match(await never.ended, /\(credentials_invalid\)[\s\S]*\[77\]/)
    assert.equal(home.token(), null)

    const unsure = atTerminal(`${command} agent lockall; echo "[$?]"`, env)
    await unsure.answer(/End every session of yours on every device\?/, 'n\r')
    assert.match(await unsure.ended, /Nothing was changed\.[\s\S]*\[77\]/)
    const lockAll = atTerminal(`${command} agent lockall --yes; echo "[$?]"`, env)
    assert.match(await lockAll.ended, /JWT Token not provided in metadata [\s\S]*\[77\]/)
    // With a password in the environment there is no prompt, and no second try.
    const given = atTerminal(`${command} agent unlock; echo "[$?]"`, {
      ...env,
      LATCHKEY_PASSWORD: 'x',
    })
    assert.match(await given.ended, /\(credentials_invalid\)[\s\S]*\[77\]/)
  })

  test('the first agent start prompts for the owner’s password, in the background too', async (t) => {
    const home = makeHome(t)
    const start = `${command} agent start --background --grpc 127.0.0.1:0 --http off; echo "[$?]"`
    const starting = atTerminal(start, { HOME: home.home })
    await starting.answer(/Password/, 'six wet otters\r')
    await starting.answer(/Repeat the password/, 'six wet otters\r')
    const shown = await starting.ended
    assert.match(shown, /The owner is owner\.[\s\S]*\[0\]/)
    assert.doesNotMatch(shown, /otters/)
    const env = { LATCHKEY_PASSWORD: 'six wet otters' }
    assert.equal((await home.latchkey(['agent', 'unlock'], { env })).code, 0)
  })

  test('login at a terminal saves the session and prints no token', async (t) => {
    const server = await serve(t, ['--dev', '--store', 'memory'])
    await logIn(server.url, 'ada', 'hunter2')
    const home = makeHome(t)
    const env = { HOME: home.home, LATCHKEY_SERVER: server.url }
    const login = atTerminal(`${command} login --identity ada`, env)
    await login.answer(/Password/, 'hunter2\r')
    const shown = await login.ended
    assert.match(shown, /You are ada [\s\S]*The session is saved in /)
    assert.doesNotMatch(shown, /lks_/)
    assert.match(home.token() ?? '', /^lks_/)
  })
})
