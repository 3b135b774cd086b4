import assert from 'node:assert/strict'
import type { DoorAbility, DoorAnswer, DoorLogin, DoorSubject } from './door-case.ts'

export const PASSWORD = 'six wet otters under a bridge'

/** Returns a method that the case lists in `needs`. */
export function able<Name extends DoorAbility>(
  subject: DoorSubject,
  name: Name,
): NonNullable<DoorSubject[Name]> {
  const verb = subject[name]
  assert.ok(verb !== undefined, `the case must list ${name} in needs`)
  return verb.bind(subject) as NonNullable<DoorSubject[Name]>
}

/** Returns the value of an answer. Throws for a refusal. */
export function granted<Value>(answer: DoorAnswer<Value>): Value {
  assert.ok(answer.ok, answer.ok ? '' : `refused: ${answer.code} ${answer.reason ?? ''}`)
  return answer.value
}

/** Asserts that an answer is a refusal with this code, and with this reason if one is given. */
export function refused(answer: DoorAnswer<unknown>, code: string, reason?: string): void {
  assert.deepEqual(answer.ok ? 'granted' : answer.code, code)
  if (!answer.ok && reason !== undefined) assert.equal(answer.reason, reason)
}

/** Adds an actor with the authority, as another door would, and returns its id. */
export async function actor(
  { authority }: DoorSubject,
  name: string,
  roles: readonly string[] = ['user'],
): Promise<string> {
  const outcome = await authority.actors.register({ name, password: PASSWORD, roles })
  assert.ok(outcome.ok)
  return outcome.actor.id
}

/** Adds an actor and logs in through the door. */
export async function visit(subject: DoorSubject, name = 'ada'): Promise<DoorLogin> {
  await actor(subject, name)
  return granted(await subject.login(name, PASSWORD))
}

/** Returns the session of a valid token, as the authority checks it. */
export async function current({ authority }: DoorSubject, token: string) {
  const check = await authority.authenticate(token)
  assert.ok(check.ok)
  return check
}
