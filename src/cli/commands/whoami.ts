import type { Command } from 'commander'
import { type Actor, LatchkeyError, type SessionView } from '../../core/index.ts'
import { addClientOptions, clientOf, formatOf, sessionOf } from '../client-options.ts'
import { printFields, printJson, write } from '../output.ts'
import { localTime } from '../plain-text.ts'

interface WhoAmI {
  readonly session: SessionView
  readonly actor: Actor
  readonly impersonator?: Actor
}

/** `latchkey whoami`: whose session this is. */
export function addWhoAmI(program: Command): void {
  const command = program.command('whoami').description('Say who I am, and until when.')
  addClientOptions(command).action(async () => {
    const { api, format } = clientOf(command)
    const answer = await api.ask<WhoAmI>('GET', '/v1/session')
    if (format === 'json') return printJson(answer)
    const { session, actor, impersonator } = answer
    return printFields([
      ['name', actor.name],
      ['id', actor.id],
      ['roles', actor.roles.join(' ')],
      ['session', session.id],
      ['profile', session.profile],
      ['until', `${localTime(session.expiresAt)} if unused`],
      ...(impersonator === undefined ? [] : [['acted by', impersonator.name] as const]),
    ])
  })
}

const DEAD: ReadonlySet<string> = new Set(['token_invalid', 'session_expired', 'session_revoked'])

/** `latchkey logout`: ends this session, and forgets it where the session file has it. */
export function addLogout(program: Command): void {
  const command = program
    .command('logout')
    .description('End this session, and remove the session file that holds it.')
  addClientOptions(command).action(async () => {
    const { api } = clientOf(command)
    const kept = !process.env['LATCHKEY_TOKEN']
    try {
      await api.ask('DELETE', '/v1/session')
    } catch (error) {
      // One that is over already is what was wanted.
      const over = isDead(error)
      if (!kept || !over) throw error
    }
    if (kept) await sessionOf(command).destroy()
    return formatOf(command) === 'json' ? printJson({ ok: true }) : write('Logged out.\n')
  })
}

function isDead(error: unknown): boolean {
  return error instanceof LatchkeyError && DEAD.has(error.code)
}
