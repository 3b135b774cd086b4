import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Entry, openGame, withCommands } from '../../../test/support/mage-door.ts'
import { type DoorAnswer, type DoorSubject, doorCases } from '../../testing/index.ts'
import { mageCodec } from './key-codec.ts'

const FILES = withCommands({
  'who.js': `exports.acl = ['*'];
exports.execute = async function (state) {
  if (!state.session) return null;
  return { actorId: state.actorId, sessionId: state.session.current.session.id };
};
`,
  'setPassword.js': `var mage = require('mage');
exports.acl = ['user'];
exports.execute = async function (state, username, current, next) {
  await mage.auth.authenticate(state, username, current);
  await mage.auth.changePassword(state, username, next);
};
`,
})

const CODES: Readonly<Record<string, string>> = {
  invalidUsernameOrPassword: 'credentials_invalid',
  userExists: 'identity_taken',
  banned: 'actor_suspended',
}

interface LoggedIn {
  readonly token: string
  readonly session: { readonly id: string }
  readonly actor: { readonly id: string }
}

/** The MAGE door with an application, as a client uses it. */
async function overMage(t: TestContext): Promise<DoorSubject> {
  // The cases need actors with several sessions, which the profile `game` does not allow by default.
  const game = await openGame(t, { files: FILES, settings: { 'profile.game.maxLive': 100 } })
  const { authority, clock } = game
  const names = new Map<string, string>()

  /**
   * Returns the refusal of a key. MAGE has one reason for several codes of the authority: this checks that the reason fits the code that the
   * authority returns for the same key.
   */
  async function refusalOf(token: string, reason: unknown): Promise<DoorAnswer<never>> {
    const check = await authority.authenticate(token)
    assert.ok(!check.ok, 'a valid key was refused')
    const reasons = check.code === 'session_expired' ? ['noSession'] : ['noSession', 'keyMismatch']
    if (check.code === 'token_invalid') reasons.push('invalidSessionKey')
    assert.ok(reasons.includes(String(reason)), `${reason} for ${check.code}`)
    return { ok: false, code: check.code, reason: check.reason }
  }

  async function ask<Value>(
    asked: { command: string; params?: unknown; token?: string },
    read: (value: unknown, entry: Entry) => Value,
  ): Promise<DoorAnswer<Value>> {
    const { command, params, token = '' } = asked
    const { entries } = await game.call(command, [params], token === '' ? {} : { key: token })
    const entry = entries[0]
    assert.ok(entry !== undefined)
    const [error, value, events = []] = entry
    const [, reason] = events.find(([name]) => name === 'session.unset') ?? []
    if (reason !== undefined && reason !== 'loggedOut') return refusalOf(token, reason)
    if (error !== null) return { ok: false, code: CODES[error] ?? error }
    return { ok: true, value: read(value, entry) }
  }

  const nothing = () => null
  return {
    authority,
    clock,
    register: (username, password) =>
      ask({ command: 'players.register', params: { username, password } }, String),
    login: (username, password) =>
      ask({ command: 'players.login', params: { username, password } }, (_, [, , events = []]) => {
        const [, data] = events.find(([name]) => name === 'session.set') ?? []
        const { key, actorId } = data as { key: string; actorId: string }
        names.set(key, username)
        return { token: key, actorId, sessionId: mageCodec.parse(key)?.id ?? '' }
      }),
    async whoAmI(token) {
      const who = await ask({ command: 'players.who', token }, (value) => value)
      if (!who.ok) return who
      if (who.value === null) return { ok: false, code: 'token_missing' }
      return { ok: true, value: who.value as { actorId: string; sessionId: string } }
    },
    logout: (token) => ask({ command: 'session.logout', token }, nothing),
    list: (token) =>
      ask({ command: 'sessions.list', token }, (value) => ({
        ids: (value as { sessions: { id: string }[] }).sessions.map(({ id }) => id),
        told: value,
      })),
    end: (token, id) => ask({ command: 'sessions.end', params: { id }, token }, nothing),
    endOthers: (token) => ask({ command: 'sessions.endOthers', token }, nothing),
    stepUp: (token, password) =>
      ask({ command: 'session.stepUp', params: { password }, token }, (value) => {
        const { token: next, session, actor } = value as LoggedIn
        return { token: next, sessionId: session.id, actorId: actor.id }
      }),
    changePassword: (token, current, next) => {
      const params = { username: names.get(token), current, next }
      return ask({ command: 'players.setPassword', params, token }, nothing)
    },
  }
}

for (const { name, needs = [], run } of doorCases) {
  test(`mage: ${name}`, async (t) => {
    const subject = await overMage(t)
    const missing = needs.filter((ability) => subject[ability] === undefined)
    if (missing.length > 0) t.skip(`the door has no ${missing.join(', ')}`)
    else await run(subject)
  })
}
