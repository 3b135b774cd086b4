import { MageError } from './errors.ts'
import { resolveSession } from './resolve-session.ts'
import type { State } from './state.ts'
import { transactionOf } from './state-transaction.ts'
import { readUserCommand, type UserCommand } from './user-command.ts'

/** Returns the commands that every application has: `session.logout`, `session.restore`, `config.get`. */
export function builtInUserCommands(parts: {
  /** Makes the response of `config.get`. */
  readonly describe: (baseUrl: string) => object
}): readonly UserCommand[] {
  const acl = ['*']
  return [
    readUserCommand('session', 'logout', {
      acl,
      async execute(state: State) {
        state.session?.expire(state, 'loggedOut')
        state.unregisterSession()
      },
      params: [],
    }),
    readUserCommand('session', 'restore', {
      acl,
      params: ['sessionKey'],
      async execute(state: State, sessionKey: unknown) {
        const { services, caller } = transactionOf(state)
        const resolved = await resolveSession(services, sessionKey, caller)
        if (!resolved.ok)
          throw new MageError('invalidSession', 'The session key is not valid. Log in again.')
        state.registerSession(resolved.session)
        resolved.session.setOnClient(state)
      },
    }),
    readUserCommand('config', 'get', {
      acl,
      params: ['appName', 'baseUrl'],
      async execute(_state: State, _appName: unknown, baseUrl: unknown) {
        return parts.describe(typeof baseUrl === 'string' ? baseUrl : '')
      },
    }),
  ]
}
