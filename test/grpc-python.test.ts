import assert from 'node:assert/strict'
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { createTls } from './support/certificate.ts'
import { openFixture, PASSWORD } from './support/grpc-door.ts'

const PYTHON = '/usr/bin/python3'
const PLUGIN = '/usr/bin/grpc_python_plugin'
const PROTO = resolve(import.meta.dirname, '../proto')
const GUIDE = resolve(import.meta.dirname, '../docs/guide/agent.md')

/** Says what it did, one word a line; waits at `locked` until it is told to go on. */
const SCRIPT = `
import sys, grpc
from latchkey.v1 import agent_pb2 as am, agent_pb2_grpc as ag, sessions_pb2 as sm, sessions_pb2_grpc as sg

target, ca, password = sys.argv[1:]
creds = grpc.ssl_channel_credentials(open(ca, 'rb').read())
channel = grpc.secure_channel(target, creds)
agent, sessions = ag.AgentStub(channel), sg.SessionsStub(channel)

def say(*words):
    print(*words, flush=True)

def refusal(call):
    try:
        call()
        return 'granted'
    except grpc.RpcError as error:
        trailers = dict(error.trailing_metadata())
        return ' '.join([error.code().name, trailers['latchkey-code'], trailers['name']])

say(refusal(lambda: sessions.WhoAmI(sm.WhoAmIRequest())))
say(refusal(lambda: agent.SessionUnlock(am.PasswordMessage(identity='ädä', password='wrong'))))
token = agent.SessionUnlock(am.PasswordMessage(identity='ädä', password=password)).token
bearer = grpc.access_token_call_credentials(token)
who, call = sessions.WhoAmI.with_call(sm.WhoAmIRequest(), credentials=bearer)
say('is', who.actor.name, who.session.profile, 'authorization' in dict(call.initial_metadata()))
say('due')
sys.stdin.readline()
who, call = sessions.WhoAmI.with_call(sm.WhoAmIRequest(), credentials=bearer)
fresh = dict(call.initial_metadata())['authorization']
say('refreshed', fresh.startswith('Bearer ey') and fresh != 'Bearer ' + token)
metadata = [('authorization', fresh)]
events = sessions.Watch(sm.WatchRequest(), metadata=metadata)
events.initial_metadata()
say('watching')
event = next(events)
say('heard', event.name, event.data)
say('locked', agent.SessionLockAll(am.EmptyMessage(), metadata=metadata).success)
say(refusal(lambda: next(events)), dict(events.trailing_metadata())['reason'])
say(refusal(lambda: sessions.WhoAmI(sm.WhoAmIRequest(), metadata=metadata)))
say(refusal(lambda: sessions.WhoAmI(sm.WhoAmIRequest(), credentials=bearer)))
`

function missing(): string | false {
  for (const file of [PYTHON, '/usr/bin/protoc', PLUGIN]) {
    if (!existsSync(file)) return `there is no ${file}`
  }
  try {
    execFileSync(PYTHON, ['-c', 'import grpc'], { stdio: 'ignore' })
    return false
  } catch {
    return 'Python has no grpc'
  }
}

const absent = missing()
// Where everything can be installed, skipping it would hide that it is broken.
const skip = process.env['CI'] === 'true' ? false : absent

async function* linesOf(child: ChildProcess): AsyncGenerator<string, undefined> {
  let rest = ''
  for await (const chunk of child.stdout ?? []) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

/** A folder with what Python needs to talk to a server of these certificates. */
function makeClient(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-python-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const files = ['agent', 'sessions'].map((name) => `latchkey/v1/${name}.proto`)
  const out = [`--python_out=${folder}`, `--grpc_out=${folder}`]
  const plugin = `--plugin=protoc-gen-grpc=${PLUGIN}`
  execFileSync('/usr/bin/protoc', ['-I', PROTO, plugin, ...out, ...files])
  const tls = createTls()
  const ca = join(folder, 'ca.pem')
  writeFileSync(ca, tls.cert)
  return { folder, tls, ca }
}

test('the example of the guide does what it says', { skip }, async (t) => {
  const { folder, tls, ca } = makeClient(t)
  const { authority, port } = await openFixture(t, {
    tls,
    settings: { 'token.refreshThreshold': 0 },
  })
  await authority.actors.register({ name: 'owner', password: PASSWORD, roles: ['user', 'admin'] })
  const [, example = ''] = /```python\n(.*?)```/s.exec(readFileSync(GUIDE, 'utf8')) ?? []
  writeFileSync(join(folder, 'example.py'), example)
  const env = { LATCHKEY_CA: ca, AGENT: `localhost:${port}`, LATCHKEY_PASSWORD: PASSWORD }
  const { stdout } = await promisify(execFile)(PYTHON, [join(folder, 'example.py')], { env })
  const refusal = 'UNAUTHENTICATED session_revoked Invalid JWT Token, please reauthenticate.'
  assert.equal(stdout, `owner\n${refusal}\n`)
})

test('a client in Python unlocks over TLS, is refreshed, and is out once all is locked', {
  skip,
}, async (t) => {
  const { folder, tls, ca } = makeClient(t)
  writeFileSync(join(folder, 'client.py'), SCRIPT)
  const { authority, clock, connections, port } = await openFixture(t, { tls })
  const registered = await authority.actors.register({ name: 'Ädä', password: PASSWORD })
  assert.ok(registered.ok)

  const args = [join(folder, 'client.py'), `localhost:${port}`, ca, PASSWORD]
  const child = spawn(PYTHON, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  const ended = once(child, 'exit')
  const said: string[] = []
  for await (const line of linesOf(child)) {
    said.push(line)
    if (line === 'due') {
      clock.advance(6 * 60_000)
      child.stdin?.write('\n')
    }
    if (line === 'watching') {
      await connections.send(registered.actor.id, { name: 'poke', data: { by: 'ü' } })
    }
  }
  assert.deepEqual(said, [
    'UNAUTHENTICATED token_missing ErrorClientJWTTokenNotProvided',
    'UNAUTHENTICATED credentials_invalid ErrorPassword',
    'is Ädä agent False',
    'due',
    'refreshed True',
    'watching',
    'heard poke {"by":"ü"}',
    'locked True',
    'UNAUTHENTICATED session_revoked ErrorSessionTokenInvalid locked',
    'UNAUTHENTICATED session_revoked ErrorSessionTokenInvalid',
    'UNAUTHENTICATED session_revoked ErrorSessionTokenInvalid',
  ])
  assert.deepEqual(await ended, [0, null])
})
