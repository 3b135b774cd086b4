import type { Command } from 'commander'
import type { Actor, ActorExport } from '../../core/index.ts'
import { addClientOptions, clientOf, formatOf } from '../client-options.ts'
import { addYesOption, confirm } from '../confirm.ts'
import { printJson, write } from '../output.ts'
import { promptText, readPassword } from '../password.ts'
import { plainText } from '../plain-text.ts'

const PASSWORD_FILE = [
  '--password-file <FILE>',
  'a file with the password, - for standard input (LATCHKEY_PASSWORD; else a terminal prompts for it)',
] as const

/** Defines `latchkey account`. */
export function defineAccount(account: Command): void {
  addRegister(account)
  addResetPassword(account)
  addExport(account)
  addDelete(account)
}

function addRegister(account: Command): void {
  const command = account
    .command('register')
    .description('Register as a new actor.')
    .option('--name <NAME>', 'the name; without it, a terminal prompts for it')
    .option('--email <EMAIL>', 'the e-mail address (optional)')
    .option('--invitation <CODE>', 'the one-time code of an invitation')
    .option(...PASSWORD_FILE)
  addClientOptions(command).action(async () => {
    const flags = command.opts<Record<string, string | undefined>>()
    const { api, format } = clientOf(command, { anonymous: true })
    const { email, invitation } = flags
    if (invitation !== undefined) {
      const body = { purpose: 'invitation', code: invitation }
      await api.request('POST', '/v1/codes/check', { body })
    }
    const name = flags['name'] ?? (await promptText('Name', '--name'))
    const password = await readPassword(flags['passwordFile'], { isNew: true })
    const body = { name, password, email, invitation }
    const { actor } = await api.request<{ actor: Actor }>('POST', '/v1/actors', { body })
    if (format === 'json') return printJson(actor)
    return write(`Registered ${plainText(`${actor.name} (${actor.id})`)}. Next: latchkey login\n`)
  })
}

function addResetPassword(account: Command): void {
  const command = account
    .command('reset-password')
    .argument('[CODE]', 'the one-time code; without it, a terminal prompts for it')
    .description('Choose a new password with a one-time code. Ends all sessions of the actor.')
    .option(...PASSWORD_FILE)
  addClientOptions(command).action(async (given: string | undefined) => {
    const { api, format } = clientOf(command, { anonymous: true })
    const code = (given ?? (await promptText('The one-time code', 'CODE'))).trim()
    await api.request('POST', '/v1/codes/check', { body: { purpose: 'password-reset', code } })
    const { passwordFile } = command.opts<{ passwordFile?: string }>()
    const password = await readPassword(passwordFile, { isNew: true })
    await api.request('POST', '/v1/password-reset', { body: { code, password } })
    if (format === 'json') return printJson({ ok: true })
    return write('The password is changed, and all sessions have ended. Next: latchkey login\n')
  })
}

function addExport(account: Command): void {
  const command = account
    .command('export')
    .description('Print what the server stores about you, as JSON.')
  addClientOptions(command).action(async () => {
    const { api } = clientOf(command)
    const path = '/v1/actor/export'
    const first = await api.request<ActorExport>('GET', path, { query: { limit: 1000 } })
    const audit = [...first.audit]
    for (let { next } = first; next !== undefined; ) {
      const query = { limit: 1000, after: next }
      const page = await api.request<ActorExport>('GET', path, { query })
      audit.push(...page.audit)
      next = page.next
    }
    return printJson({ actor: first.actor, sessions: first.sessions, audit })
  })
}

function addDelete(account: Command): void {
  const command = account.command('delete').description('Delete your account and end its sessions.')
  addClientOptions(addYesOption(command)).action(async () => {
    const format = formatOf(command)
    const { api } = clientOf(command)
    await confirm(command, 'Delete your account? It cannot be restored.')
    await api.request('DELETE', '/v1/actor')
    if (format === 'json') return printJson({ ok: true })
    return write('The account is deleted.\n')
  })
}
