import type { Command } from 'commander'
import type { HttpClient } from '../../client/http/index.ts'
import { type Actor, ROLES } from '../../core/index.ts'
import { addClientOptions, addLimitOption, clientOf, limitOf } from '../client-options.ts'
import { addYesOption, confirm } from '../confirm.ts'
import { findActor } from '../find-actor.ts'
import { list } from '../list.ts'
import { linesOfCode, type NewCode } from '../one-time-code.ts'
import { type Column, printFields, printJson, write } from '../output.ts'
import { localTime, plainText } from '../plain-text.ts'
import { usage } from '../usage.ts'

const COLUMNS: readonly Column<Actor>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'IDENTITIES', of: ({ identities }) => identities.map(({ value }) => value).join(' ') },
  { title: 'ROLES', of: ({ roles }) => roles.join(' ') },
  { title: 'STATUS', of: ({ status }) => status },
  { title: 'CREATED', of: ({ createdAt }) => localTime(createdAt) },
]

/** Defines `latchkey actors`. */
export function defineActors(actors: Command): void {
  addList(actors)
  addOne(actors, 'show', 'Show an actor.', async (_api, actor) => actor)
  const suspend = addOne(
    actors,
    'suspend',
    'Suspend an actor and end its sessions.',
    async (api, { id }) => {
      if (await isSelf(api, id)) await confirm(suspend, 'Suspend yourself? You cannot log in then.')
      return change(api, 'POST', id, 'suspend')
    },
  )
  addYesOption(suspend)
  addOne(actors, 'restore', 'Allow a suspended actor to log in again.', (api, { id }) =>
    change(api, 'POST', id, 'restore'),
  )
  addRoles(actors)
  addInvite(actors)
  addResetPassword(actors)
  addDelete(actors)
  addImport(actors)
}

function addList(actors: Command): void {
  const command = actors
    .command('list', { isDefault: true })
    .description('List actors, oldest first.')
    .option('--text <TEXT>', 'filter: part of a name or an identity')
    .option('--role <ROLE>', 'filter: actors with this role')
    .option('--status <STATUS>', 'filter: active or suspended')
  addClientOptions(addLimitOption(command)).action(async () => {
    const { text, role, status } = command.opts<Record<string, string | undefined>>()
    await list<Actor>(clientOf(command), {
      path: '/v1/admin/actors',
      key: 'actors',
      query: { text, role, status },
      limit: limitOf(command),
      columns: COLUMNS,
    })
  })
}

function addOne(
  actors: Command,
  name: string,
  about: string,
  act: (api: HttpClient, actor: Actor) => Promise<Actor>,
): Command {
  const command = actors
    .command(name)
    .argument('<ACTOR>', 'id, name or e-mail address')
    .description(about)
  addClientOptions(command).action(async (text: string) => {
    const { api } = clientOf(command)
    await print(command, await act(api, await findActor(api, text)))
  })
  return command
}

async function isSelf(api: HttpClient, id: string): Promise<boolean> {
  const { actor } = await api.request<{ actor: Actor }>('GET', '/v1/session')
  return actor.id === id
}

function addRoles(actors: Command): void {
  const command = actors
    .command('roles')
    .argument('<ACTOR>', 'id, name or e-mail address')
    .argument('[ROLE...]', 'the new roles; they replace all present ones')
    .description('Replace an actor’s roles.')
    .option('--none', 'remove all roles')
  addClientOptions(addYesOption(command))
    .addHelpText('after', '\nExample:\n  latchkey actors roles ada user admin')
    .action(async (text: string, roles: readonly string[]) => {
      const { none } = command.opts<{ none?: boolean }>()
      if ((roles.length === 0) !== (none === true)) throw usage('Give roles, or --none.')
      const { api } = clientOf(command)
      const { id } = await findActor(api, text)
      if (!roles.includes(ROLES.admin) && (await isSelf(api, id))) {
        await confirm(command, 'Remove your own role admin?')
      }
      await print(command, await change(api, 'PUT', id, 'roles', { roles }))
    })
}

function addInvite(actors: Command): void {
  const command = actors
    .command('invite')
    .description('Create an invitation: a one-time code with which one actor registers.')
    .option('--role <ROLE...>', 'the roles of the actor (default: user)')
  addClientOptions(command).action(async () => {
    const { role } = command.opts<{ role?: readonly string[] }>()
    const { api, format } = clientOf(command)
    const invited = await api.request<NewCode>('POST', '/v1/admin/invitations', {
      body: { roles: role },
    })
    if (format === 'json') return printJson(invited)
    return write(linesOfCode(invited, 'latchkey account register --invitation CODE'))
  })
}

function addResetPassword(actors: Command): void {
  const command = actors
    .command('reset-password')
    .argument('<ACTOR>', 'id, name or e-mail address')
    .description('Create a one-time code with which an actor chooses a new password.')
  addClientOptions(command).action(async (text: string) => {
    const { api, format } = clientOf(command)
    const { id } = await findActor(api, text)
    const path = `/v1/admin/actors/${encodeURIComponent(id)}/password-reset`
    const reset = await api.request<NewCode>('POST', path)
    if (format === 'json') return printJson(reset)
    return write(linesOfCode(reset, 'latchkey account reset-password CODE'))
  })
}

function addDelete(actors: Command): void {
  const command = actors
    .command('delete')
    .argument('<ACTOR>', 'id, name or e-mail address')
    .description('Delete an actor and end its sessions.')
  addClientOptions(addYesOption(command)).action(async (text: string) => {
    const { api, format } = clientOf(command)
    const { id, name } = await findActor(api, text)
    await confirm(command, `Delete ${plainText(name)} (${id})? It cannot be restored.`)
    await api.request('DELETE', `/v1/admin/actors/${encodeURIComponent(id)}`)
    if (format === 'json') return printJson({ ok: true })
    return write(`${plainText(name)} (${id}) is deleted.\n`)
  })
}

function addImport(actors: Command): void {
  const command = actors
    .command('import')
    .argument('<FILE>', 'a file with one JSON object a line; - is standard input')
    .description('Import actors with their password hashes.')
  addClientOptions(command)
    .addHelpText('after', IMPORT_HELP)
    .action(async (file: string) => {
      const { importActors } = await import('../import/import-actors.ts')
      const failed = await importActors(file, clientOf(command))
      if (failed > 0) process.exitCode = EXIT_BAD_DATA
    })
}

const EXIT_BAD_DATA = 65

async function change(
  api: HttpClient,
  method: string,
  id: string,
  what: string,
  body?: unknown,
): Promise<Actor> {
  const path = `/v1/admin/actors/${encodeURIComponent(id)}/${what}`
  return (await api.request<{ actor: Actor }>(method, path, { body })).actor
}

function print(command: Command, actor: Actor): Promise<void> {
  if (clientOf(command).format === 'json') return printJson(actor)
  return printFields(COLUMNS.map(({ title, of }) => [title.toLowerCase(), of(actor)] as const))
}

const IMPORT_HELP = `
A line: {"name":"ada","email":"ada@example.org","passwordHash":"$2b$10$…","roles":["user"]}
Optional: "id" (UUID), "status" (active or suspended), "createdAt" (epoch milliseconds). Hashes: argon2, bcrypt, scrypt, PBKDF2 and
the records of MAGE; each is replaced by argon2id at the next login.

A line that fails is reported with its number and code, and the import continues; the exit code is then 65. A line whose actor
was imported before is skipped, so you can repeat an import that was interrupted. A line whose name, address or id belongs to another
actor fails.`
