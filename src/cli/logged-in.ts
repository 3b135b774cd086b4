import type { Command } from 'commander'
import type { LoggedInAnswer } from '../client/http/index.ts'
import { endpointFor, formatOf, sessionOf } from './client-options.ts'
import { warnOfPrecedence } from './given-token.ts'
import { printJson, write } from './output.ts'
import { localTime, plainText } from './plain-text.ts'

/** Prints the actor, and a line that exports the token. */
export function printLoggedIn(loggedIn: LoggedInAnswer): Promise<void> {
  return write(`${actorLine(loggedIn)}\nexport LATCHKEY_TOKEN=${loggedIn.token}\n`)
}

/** Saves the token in the session file, for the command’s server, and prints the actor and the file, without the token. */
export async function saveSession(command: Command, loggedIn: LoggedInAnswer): Promise<void> {
  const session = sessionOf(command, endpointFor(command, 'http'))
  await session.start({ token: loggedIn.token })
  warnOfPrecedence(command)
  const { session: view, actor } = loggedIn
  if (formatOf(command) === 'json') return printJson({ session: view, actor })
  return write(
    `${actorLine(loggedIn)}\nThe session is saved in ${plainText(session.sessionFile)}\n`,
  )
}

function actorLine({ actor, session }: LoggedInAnswer): string {
  const roles = actor.roles.length === 0 ? 'no roles' : `roles ${actor.roles.join(', ')}`
  const name = plainText(`${actor.name} (${actor.id}), ${roles}`)
  return `You are ${name}, and the session expires at ${localTime(session.expiresAt)} unless it is used.`
}
