import type { Command } from 'commander'
import type { OAuthClient } from '../../core/index.ts'
import { addClientOptions, clientOf } from '../client-options.ts'
import { type Column, printFields, printJson, printListing } from '../output.ts'

const COLUMNS: readonly Column<OAuthClient>[] = [
  { title: 'ID', of: ({ id, configured }) => `${id}${configured ? ' *' : ''}` },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'KIND', of: ({ confidential }) => (confidential ? 'confidential' : 'public') },
  { title: 'GRANTS', of: ({ grants }) => grants.join(' ') },
  { title: 'PROFILE', of: ({ profile }) => profile },
  { title: 'ROLES', of: ({ roles }) => (roles === null ? 'any' : roles.join(' ')) },
  { title: 'INTROSPECTS', of: ({ introspect }) => (introspect ? 'yes' : 'no') },
]

/** Defines `latchkey clients`. */
export function defineClients(clients: Command): void {
  addList(clients)
  addAdd(clients)
  addRemove(clients)
}

function addList(clients: Command): void {
  const command = clients
    .command('list', { isDefault: true })
    .description('List OAuth clients; * marks those of the configuration.')
  addClientOptions(command).action(async () => {
    const { api, format } = clientOf(command)
    const answer = await api.request<{ clients: readonly OAuthClient[] }>(
      'GET',
      '/v1/admin/clients',
    )
    async function* pages() {
      yield answer.clients
    }
    await printListing(pages(), { format, columns: COLUMNS })
  })
}

interface AddOptions {
  readonly name?: string
  readonly grants?: readonly string[]
  readonly profile?: string
  readonly roles?: readonly string[]
  readonly anyRoles?: boolean
  readonly introspect?: boolean
  readonly confidential?: boolean
}

function addAdd(clients: Command): void {
  const command = clients
    .command('add')
    .argument('<ID>', 'the client_id')
    .description('Register an OAuth client, by default a public one.')
    .option('--name <NAME>', 'the name shown for an approval')
    .option('--confidential', 'the client gets a secret, which is printed only this once')
    .option('--grants [GRANTS...]', 'device_code and refresh_token (default: both)')
    .option('--profile <PROFILE>', 'agent, web or device (default: device)')
    .option('--roles <ROLES...>', 'the most roles of its sessions (default: user)')
    .option('--any-roles', 'its sessions may have every role of the approving session')
    .option('--introspect', 'it may introspect tokens; needs --confidential')
  addClientOptions(command)
    .addHelpText('after', '\nExample:\n  latchkey clients add backend --confidential --introspect')
    .action(async (id: string) => {
      const { api, format } = clientOf(command)
      const body = registration(id, command.opts<AddOptions>())
      const made = await api.request<{ client: OAuthClient; secret: string | null }>(
        'POST',
        '/v1/admin/clients',
        { body },
      )
      if (format === 'json') return printJson(made)
      const fields = COLUMNS.map(({ title, of }) => [title.toLowerCase(), of(made.client)] as const)
      return printFields(made.secret === null ? fields : [...fields, ['secret', made.secret]])
    })
}

function registration(id: string, options: AddOptions): Record<string, unknown> {
  const { name, profile, roles, anyRoles, introspect, confidential } = options
  // The flag without values registers a client that only introspects.
  const grants = Array.isArray(options.grants) ? options.grants : []
  return {
    id,
    name,
    profile,
    roles: anyRoles === true ? null : roles,
    introspect,
    confidential,
    ...(options.grants === undefined ? {} : { grants }),
  }
}

function addRemove(clients: Command): void {
  const command = clients
    .command('remove')
    .argument('<ID>', 'the client_id')
    .description('Remove an OAuth client and end its sessions.')
  addClientOptions(command).action(async (id: string) => {
    const { api, format } = clientOf(command)
    const path = `/v1/admin/clients/${encodeURIComponent(id)}`
    const { ended } = await api.request<{ ended: number }>('DELETE', path)
    await (format === 'json' ? printJson({ ended }) : printFields([['ended', String(ended)]]))
  })
}
