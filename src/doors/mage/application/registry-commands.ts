import { z } from 'zod'
import { type Command, type CommandContext, defineCommand } from '../../../commands/index.ts'
import { ERROR_TABLE, refuse } from '../../../core/errors.ts'
import { type ErrorCode, LatchkeyError, type Refusal } from '../../../core/index.ts'
import { execute } from './execute.ts'
import { mapParameters } from './parameters.ts'
import type { Services } from './services.ts'
import { Session } from './session.ts'
import { State } from './state.ts'
import type { UserCommand } from './user-command.ts'

const NAME = /^[A-Za-z][\w-]*\.[A-Za-z][\w-]*$/

/**
 * The user commands of an application as commands of the house, which every door can call. What a command's name or access list makes
 * impossible elsewhere is left out.
 */
export function registryCommands(
  commands: readonly UserCommand[],
  services: Services,
  timeoutMs: number,
): readonly Command[] {
  return commands
    .filter(({ name }) => NAME.test(name))
    .map((command) => registryCommand(command, services, timeoutMs))
}

function registryCommand(command: UserCommand, services: Services, timeoutMs: number): Command {
  const limit = command.timeoutMs ?? timeoutMs
  return defineCommand({
    name: command.name,
    about: `A command of the application ${services.appName}: ${command.params.join(', ') || 'no parameters'}.`,
    access: accessOf(command.acl),
    params: z.union([
      z.record(z.string(), z.unknown()),
      z.array(z.unknown()),
      z.null(),
      z.undefined(),
    ]),
    // The state has a limit of its own, which answers first.
    timeoutMs: limit === 0 ? 2 ** 31 - 1 : limit + 1000,
    run: (params, context) => run(command, { params, context, services, limit }),
  })
}

function accessOf(acl: unknown): readonly string[] {
  return Array.isArray(acl) ? acl.filter((tag): tag is string => typeof tag === 'string') : []
}

async function run(
  command: UserCommand,
  given: { params: unknown; context: CommandContext; services: Services; limit: number },
): Promise<unknown> {
  const { context, services, params, limit } = given
  const args = mapParameters(command.params, params ?? {})
  if (args === null) return refuse('invalid_request', 'These are too many parameters.')
  const { current, caller } = context
  const state = new State(services, undefined, await sessionOf(services, current), {
    description: command.name,
    caller,
    data: { address: caller.address ?? null },
  })
  const access = state.checkAccess(command.acl)
  if (access !== 'allowed') return refusalFor(access)
  const { error, response, events } = await execute(command, args, state, limit)
  for (const event of events) {
    const [name, data] = JSON.parse(event) as [string, unknown]
    context.emit(null, data === undefined ? { name } : { name, data }, { always: true })
  }
  if (error !== null) return refusalFor(error)
  return response === null ? null : JSON.parse(response)
}

async function sessionOf(
  services: Services,
  current: CommandContext['current'],
): Promise<Session | null> {
  if (current === null) return null
  const facts = await services.facts.get(current)
  const { session, actor } = current
  const parts = { actorId: actor.id, facts, acl: session.roles }
  return new Session({ ...parts, fullKey: null, current })
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  server: 'internal',
  auth: 'access_denied',
  banned: 'actor_suspended',
  invalidUsernameOrPassword: 'credentials_invalid',
  userExists: 'identity_taken',
  invalidSession: 'token_invalid',
}

/** What a MAGE code is at other doors: a code that is the application's own is the reason of an `invalid_request`. */
function refusalFor(code: string): Refusal {
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined
  const own = Object.hasOwn(ERROR_TABLE, code) ? (code as ErrorCode) : known
  if (own === 'internal') throw new LatchkeyError('internal', 'The command failed.')
  if (own !== undefined) return refuse(own, 'The command was refused.')
  return refuse('invalid_request', 'The command was refused.', { reason: code })
}
