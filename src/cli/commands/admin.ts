import type { Command } from 'commander'
import type { LoggedInAnswer } from '../../client/http/index.ts'
import { addClientOptions, addFormatOption, clientOf, formatOf } from '../client-options.ts'
import { addDataOption, dataFolderOf } from '../data-option.ts'
import { printLoggedIn, saveSession } from '../logged-in.ts'
import { printJson, write } from '../output.ts'
import { promptText, readPassword } from '../password.ts'
import { plainText } from '../plain-text.ts'

/** Defines `latchkey admin`. */
export function defineAdmin(admin: Command): void {
  addClaim(admin)
  addRecover(admin)
}

function addRecover(admin: Command): void {
  const command = admin
    .command('recover')
    .argument('[ACTOR]', 'id, name or e-mail address of the administrator')
    .description('Recover administration on a data folder that no server uses.')
  addFormatOption(addDataOption(command))
    .addHelpText('after', RECOVER_HELP)
    .action(async (identity: string | undefined) => {
      const format = formatOf(command)
      const { recoverAdministrator } = await import('../../server/recover.ts')
      const { code, actor } = await recoverAdministrator(dataFolderOf(command), identity)
      const next =
        actor === null ? `latchkey admin claim ${code}` : `latchkey account reset-password ${code}`
      if (format === 'json') return printJson({ code, actor, next })
      const done =
        actor === null
          ? 'The code registers a further administrator, within one hour.'
          : `${plainText(actor.name)} (${actor.id}) is an administrator and chooses a new password with the code, within 24 hours.`
      return write(`${done}\nStart the server, then run: ${next}\n`)
    })
}

const RECOVER_HELP = `
With ACTOR: the actor gets the role admin, a suspension is lifted, and it gets a one-time code for a new password.
Without ACTOR: prints a one-time code that registers a further administrator.

Example:
  latchkey admin recover root --data /var/lib/latchkey`

interface ClaimFlags {
  readonly name?: string
  readonly email?: string
  readonly passwordFile?: string
  readonly printToken?: boolean
}

function addClaim(admin: Command): void {
  const command = admin
    .command('claim')
    .argument('[CODE]', 'the one-time code that the server printed')
    .description('Create the first administrator.')
    .option('--save', 'save its session in the session file (the default on a terminal)')
    .option('--print-token', 'print the token of its session')
    .option('--name <NAME>', 'the name; without it, a terminal prompts for it')
    .option('--email <EMAIL>', 'the e-mail address (optional)')
    .option(
      '--password-file <FILE>',
      'a file with the password, - for standard input (LATCHKEY_PASSWORD; else a terminal prompts for it)',
    )
  addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (given: string | undefined) => {
      const flags = command.opts<ClaimFlags>()
      const { api, format } = clientOf(command, { anonymous: true })
      const code = (given ?? (await promptText('The one-time code', 'CODE'))).trim()
      // A wrong code is reported before the password is asked for.
      await api.request('POST', '/v1/codes/check', { body: { purpose: 'claim', code } })
      const name = flags.name ?? (await promptText('Name of the administrator', '--name'))
      const password = await readPassword(flags.passwordFile, { isNew: true })
      const { email } = flags
      const body = { code, name, password, email }
      const loggedIn = await api.request<LoggedInAnswer>('POST', '/v1/bootstrap', { body })
      if (flags.printToken === true) {
        return format === 'json' ? printJson(loggedIn) : printLoggedIn(loggedIn)
      }
      return finish(command, loggedIn)
    })
}

// The session of the claim is saved, or ended: without its token no client could use it.
async function finish(command: Command, loggedIn: LoggedInAnswer): Promise<void> {
  const format = formatOf(command)
  const { save = process.stdout.isTTY === true } = command.opts<{ save?: boolean }>()
  if (save) return saveSession(command, loggedIn)
  await clientOf(command, { token: loggedIn.token }).api.request('DELETE', '/v1/session')
  const { actor } = loggedIn
  if (format === 'json') return printJson({ actor })
  const who = plainText(`${actor.name} (${actor.id})`)
  return write(
    `The administrator is ${who}. Next: latchkey login --identity ${plainText(actor.name)}\n`,
  )
}

const EXAMPLES = `
Examples:
  latchkey admin claim CODE
  latchkey admin claim CODE --name root --password-file password.txt --format json`
