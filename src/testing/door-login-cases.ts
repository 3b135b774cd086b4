import assert from 'node:assert/strict'
import { able, actor, current, granted, PASSWORD, refused, visit } from './door-acts.ts'
import type { DoorCase } from './door-case.ts'

const otherCharacter = (character: string | undefined) => (character === 'x' ? 'y' : 'x')

/** Logins, checks of tokens, and the answers to clients with and without the right secret. */
export const doorLoginCases: readonly DoorCase[] = [
  {
    name: 'login: a right password returns a token, and the token identifies the actor',
    async run(subject) {
      const id = await actor(subject, 'ada')
      const { token, sessionId, actorId } = granted(await subject.login('ada', PASSWORD))
      assert.equal(actorId, id)
      assert.deepEqual(granted(await subject.whoAmI(token)), { sessionId, actorId: id })
    },
  },
  {
    name: 'login: an identity is compared in canonical form',
    async run(subject) {
      const id = await actor(subject, 'Zoë')
      assert.equal(granted(await subject.login('ZOE\u0308', PASSWORD)).actorId, id)
    },
  },
  {
    name: 'login: each login creates a separate session and token',
    async run(subject) {
      const first = await visit(subject)
      const second = granted(await subject.login('ada', PASSWORD))
      assert.notEqual(first.sessionId, second.sessionId)
      assert.notEqual(first.token, second.token)
      assert.equal(granted(await subject.whoAmI(first.token)).sessionId, first.sessionId)
    },
  },
  {
    name: 'login: an unknown identity and a wrong password get the same answer',
    async run(subject) {
      await actor(subject, 'ada')
      const wrong = await subject.login('ada', `not ${PASSWORD}`)
      refused(wrong, 'credentials_invalid')
      assert.deepEqual(await subject.login('unknown', `not ${PASSWORD}`), wrong)
      assert.equal(await subject.authority.sessions.count(), 0)
    },
  },
  {
    name: 'login: the session contains its door',
    async run(subject) {
      const { token } = await visit(subject)
      const { session } = await current(subject, token)
      assert.notEqual(session.door, 'library')
      assert.notEqual(session.door, '')
    },
  },
  {
    name: 'login: stored and audited data contains no token, code or password',
    async run(subject) {
      const { token, renewal, sessionId } = await visit(subject)
      await subject.login(`${PASSWORD} typed as a name`, PASSWORD)
      const audit = await subject.authority.audit.list({ limit: 100 })
      const listed = await subject.authority.sessions.list({})
      const text = JSON.stringify([audit, listed])
      assert.ok(text.includes(sessionId))
      for (const secret of [token, renewal, PASSWORD]) {
        if (secret !== undefined) assert.ok(!text.includes(secret))
      }
    },
  },
  {
    name: 'login: after too many failures even the right password must wait, and then succeeds',
    async run(subject) {
      await actor(subject, 'ada')
      const free = subject.authority.settings.get('throttle.identityFree')
      for (let failure = 0; failure < free; failure++) {
        refused(await subject.login('ada', 'wrong'), 'credentials_invalid')
      }
      refused(await subject.login('ada', PASSWORD), 'throttled')
      subject.clock.advance(subject.authority.settings.get('throttle.identityBaseMs'))
      granted(await subject.login('ada', PASSWORD))
    },
  },
  {
    name: 'login: an unknown identity is throttled like any other',
    async run(subject) {
      const free = subject.authority.settings.get('throttle.identityFree')
      for (let failure = 0; failure < free; failure++) {
        refused(await subject.login('unknown', 'wrong'), 'credentials_invalid')
      }
      refused(await subject.login('unknown', 'wrong'), 'throttled')
    },
  },
  {
    name: 'login: failures at another door count at this one',
    async run(subject) {
      await actor(subject, 'ada')
      const free = subject.authority.settings.get('throttle.identityFree')
      for (let failure = 0; failure < free; failure++) {
        await subject.authority.login({ identity: 'ada', password: 'wrong' })
      }
      refused(await subject.login('ada', PASSWORD), 'throttled')
    },
  },
  {
    name: 'login: a suspension is reported for the right password only',
    async run(subject) {
      const { token, actorId } = await visit(subject)
      await subject.authority.actors.suspend(actorId)
      refused(await subject.whoAmI(token), 'session_revoked', 'suspended')
      refused(await subject.login('ada', PASSWORD), 'actor_suspended')
      refused(await subject.login('ada', 'wrong'), 'credentials_invalid')
      await subject.authority.actors.restore(actorId)
      granted(await subject.login('ada', PASSWORD))
      refused(await subject.whoAmI(token), 'session_revoked', 'suspended')
    },
  },
  {
    name: 'token: a token is accepted at another door than the one that issued it, both ways',
    async run(subject) {
      const id = await actor(subject, 'ada')
      const elsewhere = await subject.authority.login({ identity: 'ada', password: PASSWORD })
      assert.ok(elsewhere.ok)
      const identity = { sessionId: elsewhere.session.id, actorId: id }
      assert.deepEqual(granted(await subject.whoAmI(elsewhere.token)), identity)
      const here = granted(await subject.login('ada', PASSWORD))
      assert.equal((await current(subject, here.token)).session.id, here.sessionId)
    },
  },
  {
    name: 'token: an arbitrary text is invalid, and no token is missing',
    async run(subject) {
      for (const token of [
        'x',
        'lks_',
        'a'.repeat(79),
        `lks_${'a'.repeat(75)}`,
        'x'.repeat(2000),
      ]) {
        refused(await subject.whoAmI(token), 'token_invalid')
      }
      refused(await subject.whoAmI(''), 'token_missing')
    },
  },
  {
    name: 'token: a token with any character changed is invalid',
    async run(subject) {
      const { token } = await visit(subject)
      for (let at = 0; at < token.length; at++) {
        const changed = token.slice(0, at) + otherCharacter(token[at]) + token.slice(at + 1)
        refused(await subject.whoAmI(changed), 'token_invalid')
      }
      granted(await subject.whoAmI(token))
    },
  },
  {
    name: 'token: the id of one session with the secret of another is invalid',
    async run(subject) {
      const { token, sessionId } = await visit(subject)
      const other = granted(await subject.login('ada', PASSWORD))
      refused(await subject.whoAmI(token.replace(sessionId, other.sessionId)), 'token_invalid')
      refused(await subject.whoAmI(sessionId), 'token_invalid')
    },
  },
  {
    name: 'token: a token is valid until the exact instant at which it expires',
    async run(subject) {
      const { token } = await visit(subject)
      const { session } = await current(subject, token)
      subject.clock.set(session.expiresAt)
      refused(await subject.whoAmI(token), 'session_expired')
      const again = granted(await subject.login('ada', PASSWORD))
      const { session: next } = await current(subject, again.token)
      subject.clock.set(next.expiresAt - 1)
      granted(await subject.whoAmI(again.token))
    },
  },
  {
    name: 'register: a registered actor can log in and is a user',
    needs: ['register'],
    async run(subject) {
      const id = granted(await able(subject, 'register')('ada', PASSWORD))
      const { token, actorId } = granted(await subject.login('ada', PASSWORD))
      assert.equal(actorId, id)
      assert.deepEqual((await current(subject, token)).actor.roles, ['user'])
    },
  },
  {
    name: 'register: a name is taken in any spelling, and of simultaneous registrations exactly one succeeds',
    needs: ['register'],
    async run(subject) {
      const register = able(subject, 'register')
      const names = ['ada', 'Ada', ' ADA', 'aDa ', 'ada']
      const answers = await Promise.all(names.map((name) => register(name, PASSWORD)))
      assert.equal(answers.filter(({ ok }) => ok).length, 1)
      for (const answer of answers) if (!answer.ok) refused(answer, 'identity_taken')
    },
  },
]
