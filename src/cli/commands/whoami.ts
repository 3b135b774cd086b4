import type { Command } from 'commander'
import { LatchkeyError } from '../../core/index.ts'
import { addClientOptions, clientOf, formatOf, sessionOf } from '../client-options.ts'
import { tokenSourceOf } from '../given-token.ts'
import { printFields, printJson, write } from '../output.ts'
import { localTime } from '../plain-text.ts'

/** Defines `latchkey whoami`. */
export function defineWhoAmI(command: Command): void {
  addClientOptions(command).action(async () => {
    const { api, format } = clientOf(command)
    const answer = await api.whoAmI()
    if (format === 'json') return printJson(answer)
    const { session, actor, impersonator } = answer
    return printFields([
      ['name', actor.name],
      ['id', actor.id],
      ['roles', actor.roles.join(' ')],
      ['session', session.id],
      ['profile', session.profile],
      ['expires', `${localTime(session.expiresAt)} unless it is used`],
      ...(impersonator === undefined ? [] : [['impersonator', impersonator.name] as const]),
    ])
  })
}

const DEAD: ReadonlySet<string> = new Set(['token_invalid', 'session_expired', 'session_revoked'])

/** Defines `latchkey logout`. */
export function defineLogout(command: Command): void {
  addClientOptions(command).action(async () => {
    const { api } = clientOf(command)
    const fromFile = tokenSourceOf(command) === null
    const session = sessionOf(command, null)
    const token = fromFile ? await session.readToken() : undefined
    try {
      await api.logout()
    } catch (error) {
      // A session that has already ended is what the user wants.
      const ended = isDead(error)
      if (!fromFile || !ended) throw error
    }
    // Another process may have saved a newer token meanwhile.
    if (token !== undefined) await session.destroy({ only: token })
    return formatOf(command) === 'json' ? printJson({ ok: true }) : write('Logged out.\n')
  })
}

function isDead(error: unknown): boolean {
  return error instanceof LatchkeyError && DEAD.has(error.code)
}
