import type { Actor, SessionView } from '../core/index.ts'
import { write } from './output.ts'
import { localTime, plainText } from './plain-text.ts'

/** What the server answers a login with. */
export interface LoggedIn {
  readonly session: SessionView
  readonly actor: Actor
  readonly token: string
  readonly renewal?: string
}

/** Prints who one is now, and how to use the token. */
export function printLoggedIn(loggedIn: LoggedIn): Promise<void> {
  return write(`${who(loggedIn)}\nexport LATCHKEY_TOKEN=${loggedIn.token}\n`)
}

/** Prints who one is now, and where the token is. */
export function printKept(loggedIn: LoggedIn, file: string): Promise<void> {
  return write(`${who(loggedIn)}\nThe session is kept in ${plainText(file)}\n`)
}

function who({ actor, session }: LoggedIn): string {
  const roles = actor.roles.length === 0 ? 'no roles' : `roles ${actor.roles.join(', ')}`
  const name = plainText(`${actor.name} (${actor.id}), ${roles}`)
  return `You are ${name}, until ${localTime(session.expiresAt)} if unused.`
}
