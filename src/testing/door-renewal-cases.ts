import assert from 'node:assert/strict'
import { able, granted, refused, visit } from './door-acts.ts'
import type { DoorCase, DoorLogin } from './door-case.ts'

function renewalOf(login: DoorLogin): string {
  assert.ok(login.renewal !== undefined, 'a door that renews must return a renewal code')
  return login.renewal
}

/** Renewal, its retry, and theft. */
export const doorRenewalCases: readonly DoorCase[] = [
  {
    name: 'renewal: the session continues with another token and another code',
    needs: ['renew'],
    async run(subject) {
      const first = await visit(subject)
      const second = granted(await able(subject, 'renew')(renewalOf(first)))
      assert.equal(second.sessionId, first.sessionId)
      assert.notEqual(second.token, first.token)
      assert.notEqual(second.renewal, first.renewal)
      granted(await subject.whoAmI(second.token))
    },
  },
  {
    name: 'renewal: a retry within the grace period returns the same successor',
    needs: ['renew'],
    async run(subject) {
      const renew = able(subject, 'renew')
      const code = renewalOf(await visit(subject))
      const first = granted(await renew(code))
      subject.clock.advance(subject.authority.settings.get('renewal.graceMs') - 1)
      assert.deepEqual(granted(await renew(code)), first)
    },
  },
  {
    name: 'renewal: simultaneous renewals with one code return the same successor',
    needs: ['renew'],
    async run(subject) {
      const renew = able(subject, 'renew')
      const code = renewalOf(await visit(subject))
      const answers = await Promise.all(Array.from({ length: 12 }, () => renew(code)))
      const tokens = new Set(answers.map((answer) => granted(answer).token))
      assert.equal(tokens.size, 1)
    },
  },
  {
    name: 'renewal: a code presented again after its successor was used is theft, and the session ends',
    needs: ['renew'],
    async run(subject) {
      const renew = able(subject, 'renew')
      const code = renewalOf(await visit(subject))
      const next = granted(await renew(code))
      granted(await subject.whoAmI(next.token))
      subject.clock.advance(subject.authority.settings.get('renewal.graceMs'))
      refused(await renew(code), 'session_revoked', 'reuse_detected')
      refused(await subject.whoAmI(next.token), 'session_revoked', 'reuse_detected')
      refused(await renew(renewalOf(next)), 'session_revoked', 'reuse_detected')
    },
  },
  {
    name: 'renewal: a code two generations old is theft, even within the grace period',
    needs: ['renew'],
    async run(subject) {
      const renew = able(subject, 'renew')
      const code = renewalOf(await visit(subject))
      const second = granted(await renew(code))
      const third = granted(await renew(renewalOf(second)))
      refused(await renew(code), 'session_revoked', 'reuse_detected')
      refused(await subject.whoAmI(third.token), 'session_revoked', 'reuse_detected')
    },
  },
  {
    name: 'renewal: an ended session cannot be renewed, not even by a retry',
    needs: ['renew'],
    async run(subject) {
      const renew = able(subject, 'renew')
      const code = renewalOf(await visit(subject))
      const next = granted(await renew(code))
      granted(await subject.logout(next.token))
      refused(await renew(code), 'session_revoked', 'logged_out')
      refused(await renew(renewalOf(next)), 'session_revoked', 'logged_out')
    },
  },
  {
    name: 'renewal: a code with any character changed is invalid and ends nothing',
    needs: ['renew'],
    async run(subject) {
      const renew = able(subject, 'renew')
      const login = await visit(subject)
      const code = renewalOf(login)
      for (let at = 0; at < code.length; at++) {
        const other = code[at] === 'x' ? 'y' : 'x'
        refused(await renew(code.slice(0, at) + other + code.slice(at + 1)), 'token_invalid')
      }
      refused(await renew(login.token), 'token_invalid')
      granted(await subject.whoAmI(login.token))
      granted(await renew(code))
    },
  },
  {
    name: 'renewal: a renewal never extends the session past its end',
    needs: ['renew'],
    async run(subject) {
      const renew = able(subject, 'renew')
      let login = await visit(subject)
      const check = await subject.authority.authenticate(login.token)
      assert.ok(check.ok)
      const { endsAt } = check.session
      for (;;) {
        const now = await subject.authority.authenticate(login.token)
        assert.ok(now.ok)
        assert.equal(now.session.endsAt, endsAt)
        if (now.session.expiresAt >= endsAt) break
        subject.clock.set(now.session.expiresAt - 1)
        login = granted(await renew(renewalOf(login)))
      }
      subject.clock.set(endsAt)
      refused(await renew(renewalOf(login)), 'session_expired')
      refused(await subject.whoAmI(login.token), 'session_expired')
    },
  },
]
