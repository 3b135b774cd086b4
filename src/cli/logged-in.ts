import type { LoggedInAnswer } from '../client/http/index.ts'
import { write } from './output.ts'
import { localTime, plainText } from './plain-text.ts'

/** Prints the actor, and a line that exports the token. */
export function printLoggedIn(loggedIn: LoggedInAnswer): Promise<void> {
  return write(`${actorLine(loggedIn)}\nexport LATCHKEY_TOKEN=${loggedIn.token}\n`)
}

/** Prints the actor, and the file that holds the token. */
export function printSaved(loggedIn: LoggedInAnswer, file: string): Promise<void> {
  return write(`${actorLine(loggedIn)}\nThe session is saved in ${plainText(file)}\n`)
}

function actorLine({ actor, session }: LoggedInAnswer): string {
  const roles = actor.roles.length === 0 ? 'no roles' : `roles ${actor.roles.join(', ')}`
  const name = plainText(`${actor.name} (${actor.id}), ${roles}`)
  return `You are ${name}, and the session expires at ${localTime(session.expiresAt)} unless it is used.`
}
