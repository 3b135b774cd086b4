import assert from 'node:assert/strict'
import { actor, current, granted, PASSWORD, refused } from './door-acts.ts'
import type { DoorCase, DoorLogin, DoorSubject } from './door-case.ts'

type End = (subject: DoorSubject, login: DoorLogin) => Promise<unknown>

/** The ways in which a session ends, at this door and at others. */
const ENDS: Readonly<Record<string, End>> = {
  'its logout': async (subject, { token }) => granted(await subject.logout(token)),
  'its end by its id': ({ authority }, { sessionId, actorId }) =>
    authority.sessions.end({ id: sessionId, owner: actorId }),
  'its end by an administrator': ({ authority }, { sessionId }) =>
    authority.sessions.end({ id: sessionId }, { by: 'administrator' }),
  'the end of all sessions': ({ authority }, { actorId }) =>
    authority.sessions.end({ owner: actorId, raiseEpoch: true }),
  'the login that replaces it': async (subject, { token, actorId }) => {
    const replaces = await current(subject, token)
    return subject.authority.sessions.loginAs(actorId, { replaces })
  },
  'a changed password': ({ authority }, { actorId }) =>
    authority.credentials.resetPassword({ actorId, next: 'five dry badgers on a hill' }),
  'a suspension': ({ authority }, { actorId }) => authority.actors.suspend(actorId),
  'a deletion': ({ authority }, { actorId }) => authority.actors.delete(actorId),
  'lock-all': ({ authority }) => authority.sessions.lockAll(),
}

/** Logs in an actor that may impersonate, and derives from its session what can be derived. */
async function derive(subject: DoorSubject) {
  const { authority } = subject
  const target = await actor(subject, 'ada')
  await actor(subject, 'helper', ['user', 'impersonate'])
  const own = granted(await subject.login('helper', PASSWORD))
  const approver = await current(subject, own.token)
  const started = await authority.devices.start({ profile: 'device' })
  assert.ok(started.ok)
  const approved = await authority.devices.approve(approver, started.userCode)
  assert.ok(approved.ok)
  const acting = await authority.sessions.impersonate(approver, target)
  assert.ok(acting.ok)
  granted(await subject.whoAmI(acting.token))
  return { own, target, deviceCode: started.deviceCode, acting: acting.token }
}

/**
 * What is derived from a session ends with it, however it ends: the approval of a device that has not
 * yet fetched its session, and an impersonation. An impersonation also ends with its target.
 */
export const doorDerivationCases: readonly DoorCase[] = [
  ...Object.entries(ENDS).map(
    ([how, end]): DoorCase => ({
      name: `derived: what a session granted ends by ${how}`,
      async run(subject) {
        const { own, deviceCode, acting } = await derive(subject)
        await end(subject, own)
        const polled = await subject.authority.devices.poll(deviceCode)
        assert.equal(polled.ok ? polled.state : polled.code, 'access_denied')
        refused(await subject.whoAmI(acting), 'session_revoked')
      },
    }),
  ),
  ...(['a changed password', 'a suspension', 'a deletion', 'lock-all'] as const).map(
    (how): DoorCase => ({
      name: `derived: an impersonation of an actor ends by ${how}`,
      async run(subject) {
        const { own, target, acting } = await derive(subject)
        await ENDS[how]?.(subject, { ...own, actorId: target })
        refused(await subject.whoAmI(acting), 'session_revoked')
      },
    }),
  ),
]
