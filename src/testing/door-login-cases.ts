import assert from 'node:assert/strict'
import { able, actor, current, granted, PASSWORD, refused, visit } from './door-acts.ts'
import type { DoorCase } from './door-case.ts'

const otherCharacter = (character: string | undefined) => (character === 'x' ? 'y' : 'x')

/** Coming in: login, the check of a token, what is told to whom. */
export const doorLoginCases: readonly DoorCase[] = [
  {
    name: 'login: a right password gives a token, and the token says who one is',
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
    name: 'login: each makes a session and a token of its own',
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
      assert.deepEqual(await subject.login('nobody', `not ${PASSWORD}`), wrong)
      assert.equal(await subject.authority.sessions.count(), 0)
    },
  },
  {
    name: 'login: the session says which door it came through',
    async run(subject) {
      const { token } = await visit(subject)
      const { session } = await current(subject, token)
      assert.notEqual(session.door, 'library')
      assert.notEqual(session.door, '')
    },
  },
  {
    name: 'login: what is stored and audited has no token, code or password in it',
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
    name: 'login: after too many failures even the right password must wait, and then is right',
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
    name: 'login: an identity that nobody has is throttled like any other',
    async run(subject) {
      const free = subject.authority.settings.get('throttle.identityFree')
      for (let failure = 0; failure < free; failure++) {
        refused(await subject.login('nobody', 'wrong'), 'credentials_invalid')
      }
      refused(await subject.login('nobody', 'wrong'), 'throttled')
    },
  },
  {
    name: 'login: failures at another door count here',
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
    name: 'login: a suspended actor is told so with the right password alone',
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
    name: 'token: one that was made elsewhere is accepted here, and one made here is there',
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
    name: 'token: garbage is invalid, and none at all is missing',
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
    name: 'token: one with any character changed is invalid',
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
    name: 'token: the handle of one session and the secret of another are nothing together',
    async run(subject) {
      const { token, sessionId } = await visit(subject)
      const other = granted(await subject.login('ada', PASSWORD))
      refused(await subject.whoAmI(token.replace(sessionId, other.sessionId)), 'token_invalid')
      refused(await subject.whoAmI(sessionId), 'token_invalid')
    },
  },
  {
    name: 'token: it is good until the exact instant at which it expires',
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
    name: 'register: an actor who registers can log in and is a user',
    needs: ['register'],
    async run(subject) {
      const id = granted(await able(subject, 'register')('ada', PASSWORD))
      const { token, actorId } = granted(await subject.login('ada', PASSWORD))
      assert.equal(actorId, id)
      assert.deepEqual((await current(subject, token)).actor.roles, ['user'])
    },
  },
  {
    name: 'register: a name is taken in any spelling, by many at once for exactly one',
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
