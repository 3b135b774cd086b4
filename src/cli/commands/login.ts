import type { Command } from 'commander'
import type { LoggedInAnswer } from '../../client/http/index.ts'
import { LatchkeyError } from '../../core/errors.ts'
import { addClientOptions, clientOf, formatOf } from '../client-options.ts'
import { saveSession } from '../logged-in.ts'
import { printJson, write } from '../output.ts'
import { promptText, provePassword } from '../password.ts'
import { localTime, plainText } from '../plain-text.ts'

interface LoginFlags {
  readonly identity?: string
  readonly passwordFile?: string
  readonly profile?: string
  readonly label?: string
  readonly device?: boolean
  readonly save?: boolean
  readonly endSession?: string
}

/** Defines `latchkey login`. */
export function defineLogin(command: Command): void {
  command
    .option('--identity <NAME>', 'name or e-mail address; without it, a terminal prompts for it')
    .option(
      '--password-file <FILE>',
      'a file with the password, - for standard input (LATCHKEY_PASSWORD; else a terminal prompts for it)',
    )
    .option(
      '--profile <PROFILE>',
      'web or device; with --device also agent, which is then the default',
    )
    .option('--label <TEXT>', 'the name of the session in lists')
    .option('--end-session <ID>', 'end this session of yours, if you have too many')
    .option('--device', 'log in without a password: approve this device on another one')
    .option(
      '--save',
      'save the token in the session file (the default with --device and on a terminal)',
    )
  addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const flags = command.opts<LoginFlags>()
      const { api } = clientOf(command, { anonymous: true })
      if (flags.device === true) {
        const { logInDevice } = await import('../device-login.ts')
        return saveSession(command, await logInDevice(api, flags))
      }
      const identity = flags.identity ?? (await promptText('Name or e-mail', '--identity'))
      const { profile, label, endSession } = flags
      const loggedIn = await provePassword(flags.passwordFile, (password) =>
        api.login({ identity, password, profile, label, endSession }),
      ).catch(tellSessions)
      await show(command, loggedIn)
    })
}

// After the right password the server lists the sessions that can make room.
function tellSessions(error: unknown): never {
  const sessions = error instanceof LatchkeyError ? (error.details.sessions ?? []) : []
  for (const { id, client, lastUsedAt } of sessions) {
    const from = client.label ?? client.address ?? 'unknown'
    process.stderr.write(`${plainText(`${id}  ${from}`)}  last used ${localTime(lastUsedAt)}\n`)
  }
  if (sessions.length > 0) process.stderr.write('Log in again with --end-session ID.\n')
  throw error
}

async function show(command: Command, loggedIn: LoggedInAnswer): Promise<void> {
  const json = formatOf(command) === 'json'
  const { save: wanted } = command.opts<LoginFlags>()
  if (wanted === true || (!json && process.stdout.isTTY === true))
    return saveSession(command, loggedIn)
  return json ? printJson(loggedIn) : write(`${loggedIn.token}\n`)
}

const EXAMPLES = `
Examples:
  latchkey login --identity root
  latchkey login --device
  export LATCHKEY_TOKEN=$(latchkey login --identity root --password-file password.txt)`
