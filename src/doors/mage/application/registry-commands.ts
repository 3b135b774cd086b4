import { z } from 'zod'
import { type Command, type CommandContext, defineCommand } from '../../../commands/index.ts'
import { ERROR_TABLE, refuse } from '../../../core/errors.ts'
import { type ErrorCode, LatchkeyError, type Refusal } from '../../../core/index.ts'
import { BAN_GROUP } from './acl.ts'
import { execute } from './execute.ts'
import { MageSession } from './mage-session.ts'
import { mapParameters } from './parameters.ts'
import type { Services } from './services.ts'
import { findSessionData } from './session-data.ts'
import { State } from './state.ts'
import type { UserCommand } from './user-command.ts'
import { rulesOf } from './user-command-rules.ts'

const NAME = /^[A-Za-z][\w-]*\.[A-Za-z][\w-]*$/

/**
 * Returns the user commands of an application as commands of the registry, which every door can call. A command whose name the registry
 * does not allow is left out.
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
  const { access, timeoutMs: limit } = rulesOf(command, timeoutMs)
  return defineCommand({
    name: command.name,
    about: `A command of the application ${services.appName}. Parameters: ${command.params.join(', ') || 'none'}.`,
    access,
    params: z.union([
      z.record(z.string(), z.unknown()),
      z.array(z.unknown()),
      z.null(),
      z.undefined(),
    ]),
    timeoutMs: limit,
    run: (params, context) => run(command, { params, context, services }),
  })
}

async function run(
  command: UserCommand,
  given: { params: unknown; context: CommandContext; services: Services },
): Promise<unknown> {
  const { context, services, params } = given
  const args = mapParameters(command.params, params ?? {})
  if (args === null) return refuse('invalid_request', 'There are too many parameters.')
  const { current, caller } = context
  const state = new State(services, undefined, await sessionOf(services, current), {
    description: command.name,
    caller,
    data: { address: caller.address ?? null },
  })
  if (current?.session.roles.includes(BAN_GROUP) === true) return refusalFor('banned')
  const { error, response, events } = await execute(command, args, state, context)
  for (const event of events) {
    const [name, data] = JSON.parse(event) as [string, unknown]
    context.emit(null, data === undefined ? { name } : { name, data }, { always: true })
  }
  if (error !== null) return refusalFor(error)
  return response === null ? null : JSON.parse(response)
}

async function sessionOf(
  { authority }: Services,
  current: CommandContext['current'],
): Promise<MageSession | null> {
  if (current === null) return null
  const data = await findSessionData(authority, current)
  const { session, actor } = current
  return new MageSession({ actorId: actor.id, data, acl: session.roles, fullKey: null, current })
}

/** MAGE's codes as codes of the pipeline. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  server: 'internal',
  auth: 'access_denied',
  banned: 'actor_suspended',
  invalidUsernameOrPassword: 'credentials_invalid',
  userExists: 'identity_taken',
  invalidSession: 'token_invalid',
}

/** Returns the refusal of other doors for a MAGE code. A code of the application is the reason of an `invalid_request`. */
function refusalFor(code: string): Refusal {
  const mapped = Object.hasOwn(CODES, code) ? CODES[code] : undefined
  const errorCode = Object.hasOwn(ERROR_TABLE, code) ? (code as ErrorCode) : mapped
  if (errorCode === 'internal') throw new LatchkeyError('internal', 'The command failed.')
  if (errorCode !== undefined) return refuse(errorCode, 'The command was refused.')
  return refuse('invalid_request', 'The command was refused.', { reason: code })
}
