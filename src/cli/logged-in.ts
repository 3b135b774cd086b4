import type { Actor, Session } from '../core/index.ts'
import { write } from './output.ts'
import { localTime, plainText } from './plain-text.ts'

/** What the server answers a login with. */
export interface LoggedIn {
  readonly session: Session
  readonly actor: Actor
  readonly token: string
  readonly renewal?: string
}

/** Prints who one is now, and how to use the token. */
export function printLoggedIn({ actor, session, token }: LoggedIn): Promise<void> {
  const roles = actor.roles.length === 0 ? 'no roles' : `roles ${actor.roles.join(', ')}`
  return write(
    `You are ${plainText(`${actor.name} (${actor.id}), ${roles}`)}, until ${localTime(session.expiresAt)} if unused.\n` +
      `export LATCHKEY_TOKEN=${token}\n`,
  )
}
