import type { Authority } from '../core/index.ts'
import type { FakeClock } from './fake-clock.ts'

/** What a door said: a value, or a refusal in the codes of `ERROR_TABLE`, whatever they are called on its wire. */
export type DoorAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | {
      readonly ok: false
      readonly code: string
      /** Why a session ended. */
      readonly reason?: string | undefined
    }

/** A session that was begun or renewed through the door, as the client holds it. */
export interface DoorLogin {
  readonly token: string
  readonly sessionId: string
  readonly actorId: string
  /** Absent where the door gives none. */
  readonly renewal?: string | undefined
}

/** Who the door says one is. */
export interface DoorIdentity {
  readonly sessionId: string
  readonly actorId: string
}

/**
 * What a door's author provides for one case: the door on an authority with nothing in it, on a clock that stands, with the default
 * settings. Each verb speaks to the door as a client does, from an address that counts for no throttle; an optional one is absent
 * where the door has no such thing.
 */
export interface DoorSubject {
  /** What stands behind the door: what is done to it directly is what another door would do. */
  readonly authority: Authority
  readonly clock: FakeClock
  login(name: string, password: string): Promise<DoorAnswer<DoorLogin>>
  whoAmI(token: string): Promise<DoorAnswer<DoorIdentity>>
  logout(token: string): Promise<DoorAnswer<unknown>>
  /** Answers with the new actor's id. */
  register?(name: string, password: string): Promise<DoorAnswer<string>>
  /** Whatever the door tells of one's sessions, whole, beside each one's handle. */
  list?(
    token: string,
  ): Promise<DoorAnswer<{ readonly ids: readonly string[]; readonly told: unknown }>>
  end?(token: string, sessionId: string): Promise<DoorAnswer<unknown>>
  endOthers?(token: string): Promise<DoorAnswer<unknown>>
  renew?(renewal: string): Promise<DoorAnswer<DoorLogin>>
  stepUp?(token: string, password: string): Promise<DoorAnswer<DoorLogin>>
  changePassword?(token: string, current: string, next: string): Promise<DoorAnswer<unknown>>
}

/** What not every door can do. */
export type DoorAbility = {
  [Name in keyof DoorSubject]-?: undefined extends DoorSubject[Name] ? Name : never
}[keyof DoorSubject]

/** One promise that every door keeps, held against one. Moves the clock, never waits for it. */
export interface DoorCase {
  readonly name: string
  /** What of the subject it cannot do without; a runner skips it by name where one of them is absent. */
  readonly needs?: readonly DoorAbility[]
  run(subject: DoorSubject): Promise<void>
}
