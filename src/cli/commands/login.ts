import type { Command } from 'commander'
import { addClientOptions, clientOf, formatOf, sessionOf } from '../client-options.ts'
import { type LoggedIn, printKept } from '../logged-in.ts'
import { printJson, write } from '../output.ts'
import { askText, provePassword } from '../password.ts'

interface LoginFlags {
  readonly identity?: string
  readonly passwordFile?: string
  readonly profile?: string
  readonly label?: string
  readonly device?: boolean
  readonly save?: boolean
}

/** `latchkey login`: proves a password and prints the token, or keeps it. */
export function addLogin(program: Command): void {
  const command = program
    .command('login')
    .description('Log in: print the token, or keep it in the session file.')
    .option('--identity <NAME>', 'name or e-mail; asked for on a terminal')
    .option(
      '--password-file <FILE>',
      'the password’s file, - for standard input (LATCHKEY_PASSWORD holds one; else asked for on a terminal)',
    )
    .option('--profile <PROFILE>', 'web or device; with --device agent, the default there, too')
    .option('--label <TEXT>', 'what the session is called in lists')
    .option('--device', 'without a password: by approval from where you are logged in')
    .option('--save', 'keep the token in the session file; so --device and a terminal do')
  addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const flags = command.opts<LoginFlags>()
      const { api } = clientOf(command, { anonymous: true })
      if (flags.device === true) {
        const { logInDevice } = await import('../device-login.ts')
        return keep(command, await logInDevice(api, flags))
      }
      const identity = flags.identity ?? (await askText('Name or e-mail', '--identity'))
      const { profile, label } = flags
      const loggedIn = await provePassword(flags.passwordFile, (password) =>
        api.ask<LoggedIn>('POST', '/v1/sessions', { body: { identity, password, profile, label } }),
      )
      await show(command, loggedIn)
    })
}

async function show(command: Command, loggedIn: LoggedIn): Promise<void> {
  const json = formatOf(command) === 'json'
  const { save } = command.opts<LoginFlags>()
  if (save === true || (!json && process.stdout.isTTY === true)) return keep(command, loggedIn)
  return json ? printJson(loggedIn) : write(`${loggedIn.token}\n`)
}

async function keep(command: Command, loggedIn: LoggedIn): Promise<void> {
  const session = sessionOf(command)
  await session.start({ token: loggedIn.token })
  if (formatOf(command) === 'human') return printKept(loggedIn, session.sessionFile)
  const { session: kept, actor } = loggedIn
  return printJson({ session: kept, actor })
}

const EXAMPLES = `
Examples:
  latchkey login --identity root
  latchkey login --device
  export LATCHKEY_TOKEN=$(latchkey login --identity root --password-file password.txt)`
