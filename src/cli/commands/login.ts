import type { Command } from 'commander'
import { addClientOptions, clientOf } from '../client-options.ts'
import { type LoggedIn, printLoggedIn } from '../logged-in.ts'
import { printJson, write } from '../output.ts'
import { askText, readPassword } from '../password.ts'

/** `latchkey login`: proves a password and prints the token. */
export function addLogin(program: Command): void {
  const command = program
    .command('login')
    .description('Log in and print the token, alone where the output is no terminal.')
    .option('--identity <NAME>', 'name or e-mail; asked for on a terminal')
    .option(
      '--password-file <FILE>',
      'the password’s file, - for standard input; asked for on a terminal',
    )
    .option('--profile <PROFILE>', 'web or device')
    .option('--label <TEXT>', 'what the session is called in lists')
  addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const flags = command.opts<{
        identity?: string
        passwordFile?: string
        profile?: string
        label?: string
      }>()
      const { api, format } = clientOf(command, { anonymous: true })
      const identity = flags.identity ?? (await askText('Name or e-mail', '--identity'))
      const password = await readPassword(flags.passwordFile, { isNew: false })
      const { profile, label } = flags
      const body = { identity, password, profile, label }
      const loggedIn = await api.ask<LoggedIn>('POST', '/v1/sessions', { body })
      if (format === 'json') await printJson(loggedIn)
      else if (process.stdout.isTTY === true) await printLoggedIn(loggedIn)
      else await write(`${loggedIn.token}\n`)
    })
}

const EXAMPLES = `
Examples:
  export LATCHKEY_TOKEN=$(latchkey login --identity root)
  export LATCHKEY_TOKEN=$(latchkey login --identity root --password-file password.txt)`
