import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import {
  addActor,
  check,
  granted,
  logIn,
  MINUTE,
  openFixture,
  refused,
  settled,
} from '../../test/support/authority.ts'
import { LatchkeyError } from '../core/index.ts'
import {
  type CommandContext,
  type CommandDefinition,
  createPipeline,
  createRegistry,
  defineCommand,
  type SessionNeed,
} from './index.ts'

type Given = Partial<CommandDefinition<z.ZodType, unknown>>

/** Opens an authority with one command, `test.run`, as given. */
async function openWith(t: TestContext, given: Given = {}) {
  const fixture = await openFixture(t)
  const delivered: unknown[] = []
  const errors: unknown[] = []
  const command = defineCommand({
    name: 'test.run',
    access: ['*'],
    params: z.unknown(),
    run: () => 'done',
    ...given,
  })
  const pipeline = createPipeline({
    authority: fixture.authority,
    registry: createRegistry([command]),
    deliver: async (to, event) => void delivered.push([to, event]),
    onError: (error, name) => errors.push([name, error]),
  })
  const call = (token: string | null = null, params: unknown = {}, caller = {}) =>
    pipeline.dispatch({ name: 'test.run', params, token, caller })
  return { ...fixture, pipeline, call, delivered, reported: errors }
}

test('a name of Object.prototype is not a command', async (t) => {
  const { pipeline } = await openWith(t)
  for (const name of ['test', '__proto__', 'constructor', 'constructor.x', '']) {
    const outcome = await pipeline.dispatch({ name, params: {}, caller: {} })
    refused(outcome, 'not_found')
    assert.deepEqual(outcome.events, [])
  }
})

const NEEDS: readonly (SessionNeed | undefined)[] = [
  undefined,
  'optional',
  'required',
  'own',
  'fresh',
]

// The answer for each kind of caller, by the session need of the command.
const EXPECTED: Record<string, Record<string, string>> = {
  'no session, *': {
    undefined: 'ok',
    optional: 'ok',
    required: 'token_missing',
    own: 'token_missing',
    fresh: 'token_missing',
  },
  'a user, *': { undefined: 'ok', optional: 'ok', required: 'ok', own: 'ok', fresh: 'ok' },
  'a stale user, *': {
    undefined: 'ok',
    optional: 'ok',
    required: 'ok',
    own: 'ok',
    fresh: 'step_up_required',
  },
  'an impersonation, *': {
    undefined: 'ok',
    optional: 'ok',
    required: 'ok',
    own: 'access_denied',
    fresh: 'access_denied',
  },
  'no session, user': {
    undefined: 'token_missing',
    optional: 'access_denied',
    required: 'token_missing',
    own: 'token_missing',
    fresh: 'token_missing',
  },
  'a user, user': { undefined: 'ok', optional: 'ok', required: 'ok', own: 'ok', fresh: 'ok' },
  'a user, admin': {
    undefined: 'access_denied',
    optional: 'access_denied',
    required: 'access_denied',
    own: 'access_denied',
    fresh: 'access_denied',
  },
  'a user, none': {
    undefined: 'access_denied',
    optional: 'access_denied',
    required: 'access_denied',
    own: 'access_denied',
    fresh: 'access_denied',
  },
  'a stale user, admin': {
    undefined: 'access_denied',
    optional: 'access_denied',
    required: 'access_denied',
    own: 'access_denied',
    fresh: 'access_denied',
  },
}

for (const [row, byNeed] of Object.entries(EXPECTED)) {
  const [who, role] = row.split(', ') as [string, string]
  test(`${who} calling a command for ${role} is answered by its session need`, async (t) => {
    for (const need of NEEDS) {
      const { authority, call, clock } = await openWith(t, {
        access: role === 'none' ? [] : [role],
        ...(need === undefined ? {} : { session: need }),
      })
      await addActor(authority, 'Sam', ['impersonate'])
      const ada = await addActor(authority, 'Ada', ['user'])
      let token: string | null = null
      if (who !== 'no session') token = (await logIn(authority, 'ada')).token
      if (who === 'an impersonation') {
        const parent = await check(authority, (await logIn(authority, 'sam')).token)
        token = granted(await authority.sessions.impersonate(parent, ada.id)).token
      }
      if (who === 'a stale user') clock.advance(15 * MINUTE)
      const outcome = await call(token)
      assert.equal(outcome.ok ? 'ok' : outcome.code, byNeed[String(need)], `session: ${need}`)
    }
  })
}

test('an anonymous session with every role may run all commands except administration', async (t) => {
  for (const [access, code] of [
    [['user'], 'ok'],
    [['admin', 'user'], 'ok'],
    [['admin'], 'access_denied'],
    [[], 'access_denied'],
  ] as const) {
    const { authority, call } = await openWith(t, { access })
    for (const rights of [['*'], ['*', 'admin'], ['user', 'admin']]) {
      const { token } = granted(await authority.sessions.loginAnonymous({ roles: rights }))
      const outcome = await call(token)
      assert.equal(outcome.ok ? 'ok' : outcome.code, code)
    }
  }
})

test('the role * of a user opens no command', async (t) => {
  for (const access of [['admin'], ['user', 'editor'], ['*', 'admin']]) {
    const { authority, call } = await openWith(t, { access })
    await addActor(authority, 'Ada', ['*'])
    const { token } = await logIn(authority, 'ada')
    const outcome = await call(token)
    assert.equal(outcome.ok ? 'ok' : outcome.code, access.includes('*') ? 'ok' : 'access_denied')
  }
})

test('with an optional session an invalid token counts as none, but an outage is refused', async (t) => {
  const run: Given['run'] = (_params, { current }) => current?.actor.name ?? 'none'
  const { authority, call, tap } = await openWith(t, { run })
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  tap.intercept('sessions.load', () => Promise.reject(new Error('gone')))
  refused(await call(token), 'unavailable')
  tap.intercept('sessions.load', null)
  assert.equal(granted(await call(token)).value, 'Ada')
  await authority.sessions.lockAll()
  for (const dead of [token, 'nonsense', '', null]) {
    assert.equal(granted(await call(dead)).value, 'none')
  }
})

test('with a required session the reason of an ended session is returned', async (t) => {
  const { authority, call } = await openWith(t, { session: 'required' })
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await authority.sessions.lockAll()
  assert.equal(refused(await call(token), 'session_revoked').reason, 'locked')
})

test('a session checked by the door is not checked again', async (t) => {
  const { authority, pipeline, tap } = await openWith(t, { session: 'required' })
  await addActor(authority, 'Ada')
  const current = await check(authority, (await logIn(authority, 'ada')).token)
  tap.reset()
  granted(await pipeline.dispatch({ name: 'test.run', params: {}, current, caller: {} }))
  assert.equal(tap.count('sessions'), 0)
})

test('invalid parameters are reported by path, bounded in number and length, and the command does not run', async (t) => {
  const params = z.strictObject({ a: z.array(z.int()).optional(), name: z.string() })
  const { call } = await openWith(t, { params, run: () => assert.fail('ran') })
  const outcome = refused(await call(null, { a: [1, 'x'], name: 3 }), 'invalid_request')
  assert.deepEqual(
    outcome.issues?.map(({ path }) => path),
    ['a.1', 'name'],
  )
  assert.match(outcome.message, /^a\.1: /)
  const many = { a: Array(500).fill('x'), name: '', ['k'.repeat(10_000)]: 1 }
  const { issues = [] } = refused(await call(null, many), 'invalid_request')
  assert.equal(issues.length, 20)
  assert.ok(JSON.stringify(issues).length < 20 * 400)
  for (const odd of [null, undefined, 3, 'x', [], JSON.parse('{"__proto__":{"name":"x"}}')]) {
    refused(await call(null, odd), 'invalid_request')
  }
})

test('access is checked before parameters', async (t) => {
  const { call } = await openWith(t, {
    session: 'required',
    params: z.strictObject({ a: z.int() }),
  })
  refused(await call(null, {}), 'token_missing')
})

test('parameters whose schema throws are reported as a failure of the command', async (t) => {
  const params = z.string().transform(() => {
    throw new Error('secret detail')
  })
  const { call, reported } = await openWith(t, { params })
  const outcome = refused(await call(null, 'x'), 'internal')
  assert.doesNotMatch(JSON.stringify(outcome), /secret detail/)
  assert.equal(reported.length, 1)
})

test('a refusal that a command returns or throws keeps its code and details', async (t) => {
  const refusal = { ok: false, code: 'conflict', message: 'No.' } as const
  assert.equal(
    refused(await (await openWith(t, { run: () => refusal })).call(), 'conflict').message,
    'No.',
  )
  const thrown = new LatchkeyError('throttled', 'Later.', { retryAfterMs: 5 })
  const { call, reported } = await openWith(t, { run: () => Promise.reject(thrown) })
  assert.equal(refused(await call(), 'throttled').retryAfterMs, 5)
  assert.deepEqual(reported, [])
})

test('a value that only resembles a refusal is a value', async (t) => {
  for (const value of [{ ok: false }, { ok: false, code: 'constructor' }, null, undefined, [], 0]) {
    const { call } = await openWith(t, { run: () => value })
    assert.deepEqual(granted(await call()).value, value)
  }
})

test('any other error of a command becomes internal, without its message, and is passed to onError', async (t) => {
  const error = new Error('the database password is hunter2')
  for (const run of [
    () => {
      throw error
    },
    () => Promise.reject(error),
  ]) {
    const { call, reported } = await openWith(t, { run })
    const outcome = refused(await call(), 'internal')
    assert.doesNotMatch(JSON.stringify(outcome), /hunter2/)
    assert.deepEqual(reported, [['test.run', error]])
  }
})

test('reading the actor without a session throws token_missing', async (t) => {
  const { call } = await openWith(t, { run: (_params, { actor }) => actor.name })
  refused(await call(), 'token_missing')
})

test('at the time limit the answer is timeout and the signal fires', async (t) => {
  const running = Promise.withResolvers<CommandContext>()
  const { call } = await openWith(t, {
    timeoutMs: 20,
    run(_params, context) {
      running.resolve(context)
      return new Promise(() => {})
    },
  })
  const answer = call()
  const { caller } = await running.promise
  assert.equal(caller.signal.aborted, false)
  refused(await answer, 'timeout')
  assert.equal(caller.signal.aborted, true)
})

test('the signal of a command fires when its caller aborts', async (t) => {
  const gone = new AbortController()
  const run: Given['run'] = (_params, { caller }) =>
    new Promise((resolve) => caller.signal.addEventListener('abort', () => resolve('left')))
  const { call } = await openWith(t, { run })
  const answer = call(null, {}, { signal: gone.signal })
  await settled()
  gone.abort()
  assert.equal(granted(await answer).value, 'left')
})

test('events are sent in order when the command succeeds: the caller’s with the answer, others delivered', async (t) => {
  const { call, delivered } = await openWith(t, {
    run(_params, { emit }) {
      emit(null, { name: 'one' })
      emit('ada', { name: 'two' })
      emit(null, { name: 'three', data: 3 })
    },
  })
  assert.deepEqual((await call()).events, [{ name: 'one' }, { name: 'three', data: 3 }])
  assert.deepEqual(delivered, [['ada', { name: 'two' }]])
})

test('after a refusal only events marked always are sent', async (t) => {
  const { call, delivered } = await openWith(t, {
    run(_params, { emit }) {
      emit(null, { name: 'no' })
      emit('ada', { name: 'no' })
      emit(null, { name: 'yes' }, { always: true })
      emit('ada', { name: 'yes' }, { always: true })
      throw new LatchkeyError('conflict', 'No.')
    },
  })
  const outcome = await call()
  refused(outcome, 'conflict')
  assert.deepEqual(outcome.events, [{ name: 'yes' }])
  assert.deepEqual(delivered, [['ada', { name: 'yes' }]])
})

test('events emitted after the answer are dropped', async (t) => {
  const running = Promise.withResolvers<CommandContext>()
  const { call, delivered } = await openWith(t, {
    run: (_params, context) => running.resolve(context),
  })
  const outcome = await call()
  const { emit } = await running.promise
  for (let at = 0; at < 1001; at++) emit('ada', { name: 'late' }, { always: true })
  emit(null, { name: 'late' }, { always: true })
  await settled()
  assert.deepEqual([outcome.events, delivered], [[], []])
})

test('a command that emits too many events is refused', async (t) => {
  const { call } = await openWith(t, {
    run(_params, { emit }) {
      for (let at = 0; at < 1001; at++) emit(null, { name: 'more' })
    },
  })
  refused(await call(), 'too_large')
})
