import type { Command } from 'commander'
import type { Actor } from '../../core/index.ts'
import type { Api } from '../api.ts'
import { addClientOptions, addLimitOption, clientOf, limitOf } from '../client-options.ts'
import { findActor } from '../find-actor.ts'
import { list } from '../list.ts'
import { type Column, printFields, printJson } from '../output.ts'
import { localTime } from '../plain-text.ts'
import { usage } from '../usage.ts'

const COLUMNS: readonly Column<Actor>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'IDENTITIES', of: ({ identities }) => identities.map(({ value }) => value).join(' ') },
  { title: 'ROLES', of: ({ roles }) => roles.join(' ') },
  { title: 'STATUS', of: ({ status }) => status },
  { title: 'CREATED', of: ({ createdAt }) => localTime(createdAt) },
]

/** `latchkey actors`: who there is. For administrators. */
export function addActors(program: Command): void {
  const actors = program.command('actors').description('Actors (administrators).')
  addList(actors)
  addOne(actors, 'show', 'Show an actor.', async (_api, actor) => actor)
  addOne(actors, 'suspend', 'Suspend an actor: its sessions end.', (api, { id }) =>
    change(api, 'POST', id, 'suspend'),
  )
  addOne(actors, 'restore', 'Let a suspended actor log in again.', (api, { id }) =>
    change(api, 'POST', id, 'restore'),
  )
  addRoles(actors)
  addImport(actors)
}

function addList(actors: Command): void {
  const command = actors
    .command('list', { isDefault: true })
    .description('List actors, oldest first.')
    .option('--text <TEXT>', 'part of a name or an identity')
    .option('--role <ROLE>', 'who has this role')
    .option('--status <STATUS>', 'active or suspended')
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
  act: (api: Api, actor: Actor) => Promise<Actor>,
): void {
  const command = actors.command(name).argument('<ACTOR>', 'id, name or e-mail').description(about)
  addClientOptions(command).action(async (who: string) => {
    const { api } = clientOf(command)
    await print(command, await act(api, await findActor(api, who)))
  })
}

function addRoles(actors: Command): void {
  const command = actors
    .command('roles')
    .argument('<ACTOR>', 'id, name or e-mail')
    .argument('[ROLE...]', 'all that it shall have')
    .description('Replace an actor’s roles.')
    .option('--none', 'take all of them away')
  addClientOptions(command)
    .addHelpText('after', '\nExample:\n  latchkey actors roles ada user admin')
    .action(async (who: string, roles: readonly string[]) => {
      const { none } = command.opts<{ none?: boolean }>()
      if ((roles.length === 0) !== (none === true)) throw usage('Give roles, or --none.')
      const { api } = clientOf(command)
      const { id } = await findActor(api, who)
      await print(command, await change(api, 'PUT', id, 'roles', { roles }))
    })
}

function addImport(actors: Command): void {
  const command = actors
    .command('import')
    .argument('<FILE>', 'JSON lines; - is standard input')
    .description('Add actors with the password hashes they had elsewhere.')
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
  api: Api,
  method: string,
  id: string,
  what: string,
  body?: unknown,
): Promise<Actor> {
  const path = `/v1/admin/actors/${encodeURIComponent(id)}/${what}`
  return (await api.ask<{ actor: Actor }>(method, path, { body })).actor
}

function print(command: Command, actor: Actor): Promise<void> {
  if (clientOf(command).format === 'json') return printJson(actor)
  return printFields(COLUMNS.map(({ title, of }) => [title.toLowerCase(), of(actor)] as const))
}

const IMPORT_HELP = `
A line: {"name":"ada","email":"ada@example.org","passwordHash":"$2b$10$…","roles":["user"]}
and, where wanted, "id" (UUID), "status" (active or suspended), "createdAt" (epoch milliseconds). Hashes: argon2, bcrypt,
scrypt, PBKDF2 and MAGE's records; each is replaced by argon2id at the first login.

A bad line is reported with its number and its code, and the others go on; the exit code is 65 then. Who is already there is
reported and skipped, so an import that was interrupted is simply run again.`
