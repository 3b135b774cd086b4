import assert from 'node:assert/strict'
import { able, actor, current, granted, PASSWORD, refused, visit } from './door-acts.ts'
import type { DoorCase } from './door-case.ts'

const NEXT = 'five dry badgers on a hill'

/**
 * The end of sessions: logout, lists, and revocation by the actor, by another door and by lock-all.
 */
export const doorEndCases: readonly DoorCase[] = [
  {
    name: 'logout: ends the session at every door, and no other session',
    async run(subject) {
      const { token } = await visit(subject)
      const other = granted(await subject.login('ada', PASSWORD))
      granted(await subject.logout(token))
      refused(await subject.whoAmI(token), 'session_revoked', 'logged_out')
      const check = await subject.authority.authenticate(token)
      assert.equal(check.ok ? 'ok' : check.code, 'session_revoked')
      granted(await subject.whoAmI(other.token))
      refused(await subject.logout(token), 'session_revoked')
    },
  },
  {
    name: 'revocation: the reason of an end is returned for the right secret only',
    async run(subject) {
      const { token, sessionId, actorId } = await visit(subject)
      const other = granted(await subject.login('ada', PASSWORD))
      const forged = other.token.replace(other.sessionId, sessionId)
      await subject.authority.sessions.end({ id: sessionId }, { by: actorId })
      refused(await subject.whoAmI(token), 'session_revoked', 'revoked')
      refused(await subject.whoAmI(forged), 'token_invalid')
    },
  },
  {
    name: 'revocation: a revocation at another door counts at once',
    async run(subject) {
      const { token, sessionId } = await visit(subject)
      granted(await subject.whoAmI(token))
      await subject.authority.sessions.end({ id: sessionId })
      refused(await subject.whoAmI(token), 'session_revoked', 'revoked')
      refused(await subject.logout(token), 'session_revoked', 'revoked')
    },
  },
  {
    name: 'revocation: a logout at another door ends a session of this door',
    async run(subject) {
      const { token } = await visit(subject)
      await subject.authority.logout(await current(subject, token))
      refused(await subject.whoAmI(token), 'session_revoked', 'logged_out')
    },
  },
  {
    name: 'revocation: lock-all ends every session, and the next login creates a new one',
    async run(subject) {
      const { token } = await visit(subject)
      await subject.authority.sessions.lockAll()
      refused(await subject.whoAmI(token), 'session_revoked', 'locked')
      granted(await subject.whoAmI(granted(await subject.login('ada', PASSWORD)).token))
    },
  },
  {
    name: 'revocation: the removal of a role counts at the next check',
    async run(subject) {
      const { token, actorId } = await visit(subject)
      granted(await subject.whoAmI(token))
      await subject.authority.actors.setRoles(actorId, [])
      const { session, actor: now } = await current(subject, token)
      assert.deepEqual([session.roles, now.roles], [[], []])
      granted(await subject.whoAmI(token))
    },
  },
  {
    name: 'list: contains the ids of the actor’s own sessions and no token',
    needs: ['list'],
    async run(subject) {
      const first = await visit(subject)
      const second = granted(await subject.login('ada', PASSWORD))
      await visit(subject, 'bob')
      const { ids, told } = granted(await able(subject, 'list')(first.token))
      assert.deepEqual([...ids].sort(), [first.sessionId, second.sessionId].sort())
      const text = JSON.stringify(told)
      for (const { token, renewal, sessionId } of [first, second]) {
        for (const secret of [token, renewal, token.replace(sessionId, ' ').split(' ')[1]]) {
          if (secret !== undefined) assert.ok(!text.includes(secret))
        }
      }
    },
  },
  {
    name: 'list: contains no ended or expired session',
    needs: ['list'],
    async run(subject) {
      const first = await visit(subject)
      const second = granted(await subject.login('ada', PASSWORD))
      granted(await subject.logout(second.token))
      const { ids } = granted(await able(subject, 'list')(first.token))
      assert.deepEqual(ids, [first.sessionId])
    },
  },
  {
    name: 'end: a session of the actor ends, and its client receives the reason',
    needs: ['end'],
    async run(subject) {
      const mine = await visit(subject)
      const other = granted(await subject.login('ada', PASSWORD))
      const end = able(subject, 'end')
      granted(await end(mine.token, other.sessionId))
      refused(await subject.whoAmI(other.token), 'session_revoked', 'revoked')
      granted(await end(mine.token, other.sessionId))
      granted(await subject.whoAmI(mine.token))
    },
  },
  {
    name: 'end: a session of another actor cannot be ended',
    needs: ['end'],
    async run(subject) {
      const mine = await visit(subject)
      const bobs = await visit(subject, 'bob')
      const end = able(subject, 'end')
      const theirs = await end(mine.token, bobs.sessionId)
      refused(theirs, 'not_found')
      const last = bobs.sessionId.at(-1) === 'a' ? 'b' : 'a'
      assert.deepEqual(await end(mine.token, bobs.sessionId.slice(0, -1) + last), theirs)
      granted(await subject.whoAmI(bobs.token))
    },
  },
  {
    name: 'end: the actor’s other sessions end, of any door, and the current one continues',
    needs: ['endOthers'],
    async run(subject) {
      const mine = await visit(subject)
      const other = granted(await subject.login('ada', PASSWORD))
      const elsewhere = await subject.authority.sessions.loginAs(mine.actorId)
      assert.ok(elsewhere.ok)
      const bobs = await visit(subject, 'bob')
      granted(await able(subject, 'endOthers')(mine.token))
      for (const { token } of [other, elsewhere]) {
        refused(await subject.whoAmI(token), 'session_revoked', 'revoked')
      }
      for (const { token } of [mine, bobs]) granted(await subject.whoAmI(token))
    },
  },
  {
    name: 'step-up: returns a new token, and the old one is invalid at once',
    needs: ['stepUp'],
    async run(subject) {
      const before = await visit(subject)
      const stepUp = able(subject, 'stepUp')
      refused(await stepUp(before.token, 'wrong'), 'credentials_invalid')
      granted(await subject.whoAmI(before.token))
      const after = granted(await stepUp(before.token, PASSWORD))
      assert.equal(after.sessionId, before.sessionId)
      refused(await subject.whoAmI(before.token), 'token_invalid')
      granted(await subject.whoAmI(after.token))
    },
  },
  {
    name: 'password: a change counts at every door at once',
    needs: ['changePassword'],
    async run(subject) {
      const { token } = await visit(subject)
      const change = able(subject, 'changePassword')
      refused(await change(token, 'wrong', NEXT), 'credentials_invalid')
      granted(await change(token, PASSWORD, NEXT))
      refused(await subject.login('ada', PASSWORD), 'credentials_invalid')
      granted(await subject.login('ada', NEXT))
      const elsewhere = await subject.authority.login({ identity: 'ada', password: PASSWORD })
      assert.equal(elsewhere.ok ? 'ok' : elsewhere.code, 'credentials_invalid')
    },
  },
  {
    name: 'password: a change at another door ends the selected sessions of this door',
    async run(subject) {
      const { token, actorId } = await visit(subject)
      const changed = await subject.authority.credentials.resetPassword({
        actorId,
        next: NEXT,
        sessions: 'revoke-all',
      })
      assert.ok(changed.ok)
      refused(await subject.whoAmI(token), 'session_revoked', 'password_changed')
      refused(await subject.login('ada', PASSWORD), 'credentials_invalid')
      granted(await subject.login('ada', NEXT))
    },
  },
  {
    name: 'impersonation: a token that acts as another actor is that actor at this door, until it is stopped',
    async run(subject) {
      const ada = await actor(subject, 'ada')
      await actor(subject, 'root', ['admin'])
      const own = granted(await subject.login('root', PASSWORD))
      const begun = await subject.authority.sessions.impersonate(
        await current(subject, own.token),
        ada,
      )
      assert.ok(begun.ok)
      assert.equal(granted(await subject.whoAmI(begun.token)).actorId, ada)
      granted(await subject.logout(own.token))
      refused(await subject.whoAmI(begun.token), 'session_revoked', 'parent_ended')
    },
  },
]
