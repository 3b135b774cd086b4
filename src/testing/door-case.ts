import type { Authority } from '../core/index.ts'
import type { FakeClock } from './fake-clock.ts'

/**
 * The answer of a door: a value, or a refusal with a code of `ERROR_TABLE`, independent of the
 * names in its protocol.
 */
export type DoorAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | {
      readonly ok: false
      readonly code: string
      /** Why the session ended. */
      readonly reason?: string | undefined
    }

/** A session created or renewed through the door, as the client holds it. */
export interface DoorLogin {
  /** The token that the client presents. */
  readonly token: string
  /** The public handle of the session. */
  readonly sessionId: string
  /** The id of the actor that logged in. */
  readonly actorId: string
  /** Absent if the door issues none. */
  readonly renewal?: string | undefined
}

/** The session and actor that the door reports for a token. */
export interface DoorIdentity {
  /** The public handle of the session. */
  readonly sessionId: string
  /** The id of the actor that the session acts as. */
  readonly actorId: string
}

/**
 * The subject that the author of a door provides for one case: the door on an empty authority, with
 * a clock that does not move and the default settings. Each method calls the door as a client does,
 * from an address that is not throttled; an optional method is absent if the door does not support
 * it.
 */
export interface DoorSubject {
  /** The authority of the door. Calling it directly corresponds to using another door. */
  readonly authority: Authority
  /** The clock of the authority, which the case moves. */
  readonly clock: FakeClock
  /** Logs in with a name and a password. */
  login(name: string, password: string): Promise<DoorAnswer<DoorLogin>>
  /** Returns the session and the actor of a token. */
  whoAmI(token: string): Promise<DoorAnswer<DoorIdentity>>
  /** Ends the session of the token. */
  logout(token: string): Promise<DoorAnswer<unknown>>
  /** Returns the new actor's id. */
  register?(name: string, password: string): Promise<DoorAnswer<string>>
  /** Lists the client's sessions: their ids, and in `told` the complete answer of the door. */
  list?(
    token: string,
  ): Promise<DoorAnswer<{ readonly ids: readonly string[]; readonly told: unknown }>>
  /** Ends one session of the token's actor. */
  end?(token: string, sessionId: string): Promise<DoorAnswer<unknown>>
  /** Ends every session of the token's actor except the token's own. */
  endOthers?(token: string): Promise<DoorAnswer<unknown>>
  /** Exchanges a renewal code for the next token. */
  renew?(renewal: string): Promise<DoorAnswer<DoorLogin>>
  /** Verifies the password again in the session of the token. */
  stepUp?(token: string, password: string): Promise<DoorAnswer<DoorLogin>>
  /** Changes the password of the token's actor. */
  changePassword?(token: string, current: string, next: string): Promise<DoorAnswer<unknown>>
}

/** The methods that not every door supports. */
export type DoorAbility = {
  [Name in keyof DoorSubject]-?: undefined extends DoorSubject[Name] ? Name : never
}[keyof DoorSubject]

/** One case of the contract that every door must fulfil. Moves the clock, never waits for it. */
export interface DoorCase {
  /** The name of the case, unique among the cases of doors. */
  readonly name: string
  /** The methods that the case requires; a runner skips it by name if one is absent. */
  readonly needs?: readonly DoorAbility[]
  /** Runs the case. Rejects with an assertion error if the door does not fulfil it. */
  run(subject: DoorSubject): Promise<void>
}
