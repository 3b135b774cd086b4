import type { Command } from 'commander'
import type { SessionListing } from '../../core/index.ts'
import { addClientOptions, addLimitOption, clientOf, limitOf } from '../client-options.ts'
import { addYesOption, confirm } from '../confirm.ts'
import { findActor } from '../find-actor.ts'
import { list } from '../list.ts'
import type { Column } from '../output.ts'
import { printJson, write } from '../output.ts'
import { localTime, plainText } from '../plain-text.ts'
import { usage } from '../usage.ts'

const COLUMNS: readonly Column<SessionListing>[] = [
  { title: 'ID', of: ({ id, current }) => `${id}${current ? ' *' : ''}` },
  { title: 'PROFILE', of: ({ profile }) => profile },
  { title: 'DOOR', of: ({ door }) => door },
  { title: 'ADDRESS', of: ({ client }) => client.address ?? '' },
  { title: 'CLIENT', of: ({ client }) => (client.label ?? client.userAgent ?? '').slice(0, 30) },
  { title: 'CREATED', of: ({ createdAt }) => localTime(createdAt) },
  { title: 'LAST USED', of: ({ lastUsedAt }) => localTime(lastUsedAt) },
  { title: 'EXPIRES', of: ({ expiresAt }) => localTime(expiresAt) },
]
const OWNER: Column<SessionListing> = { title: 'OWNER', of: ({ owner }) => owner }

/** Defines `latchkey sessions`. */
export function defineSessions(sessions: Command): void {
  addList(sessions)
  addEnd(sessions)
  const others = sessions.command('end-others').description('End your sessions except this one.')
  addClientOptions(others).action(() =>
    act<Ended>(
      others,
      ['DELETE', '/v1/sessions?except=current'],
      ({ ended }) => `${countOf(ended)} of yours ended.`,
    ),
  )
  const all = sessions
    .command('end-all')
    .description('End every session of an actor (administrators).')
    .requiredOption('--owner <ACTOR>', 'id, name or e-mail address')
  addClientOptions(all).action(async () => {
    const { api } = clientOf(all)
    const actor = await findActor(api, all.opts<{ owner: string }>().owner)
    const path = `/v1/admin/actors/${encodeURIComponent(actor.id)}/sessions`
    const told = ({ ended }: Ended) => `${countOf(ended)} of ${plainText(actor.name)} ended.`
    await act<Ended>(all, ['DELETE', path], told)
  })
  const lock = sessions
    .command('lock-all')
    .description('End every session of every actor, yours included (administrators).')
  addClientOptions(addYesOption(lock)).action(async () => {
    await confirm(lock, 'End every session of every actor, yours too?')
    await act(lock, ['POST', '/v1/admin/lock-all'], () => 'Every session has ended, yours too.')
  })
}

function addList(sessions: Command): void {
  const command = sessions
    .command('list', { isDefault: true })
    .description('List live sessions, newest first; * marks this one.')
    .option('--all', 'the sessions of all actors (administrators)')
    .option('--owner <ACTOR>', 'with --all: filter by actor')
    .option('--profile <PROFILE>', 'with --all: filter by profile')
    .option('--door <DOOR>', 'with --all: filter by door')
  addClientOptions(addLimitOption(command))
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const { all, owner, profile, door } = command.opts<Record<string, string | undefined>>()
      const client = clientOf(command)
      const filtered = owner !== undefined || profile !== undefined || door !== undefined
      if (filtered && all === undefined) throw usage('--owner, --profile and --door need --all.')
      const query = {
        owner: owner === undefined ? undefined : (await findActor(client.api, owner)).id,
        profile,
        door,
      }
      await list<SessionListing>(client, {
        path: all === undefined ? '/v1/sessions' : '/v1/admin/sessions',
        key: 'sessions',
        query,
        limit: limitOf(command),
        columns: all === undefined ? COLUMNS : [...COLUMNS.slice(0, 1), OWNER, ...COLUMNS.slice(1)],
      })
    })
}

function addEnd(sessions: Command): void {
  const command = sessions
    .command('end')
    .argument('<ID>', 'the id of the session, as in lists')
    .description('End one of your sessions or, with --all, any session.')
    .option('--all', 'any session (administrators)')
  addClientOptions(command).action(async (id: string) => {
    const { all } = command.opts<{ all?: boolean }>()
    const path = `${all === true ? '/v1/admin/sessions' : '/v1/sessions'}/${encodeURIComponent(id)}`
    await act(command, ['DELETE', path], () => `The session ${plainText(id)} has ended.`)
  })
}

interface Ended {
  readonly ended: number
}

function countOf(sessions: number): string {
  return sessions === 1 ? '1 session' : `${sessions} sessions`
}

async function act<Answer>(
  command: Command,
  [method, path]: readonly [method: string, path: string],
  done: (answer: Answer) => string,
): Promise<void> {
  const { api, format } = clientOf(command)
  const answer = await api.request<Answer>(method, path)
  await (format === 'json' ? printJson(answer ?? { ok: true }) : write(`${done(answer)}\n`))
}

const EXAMPLES = `
Examples:
  latchkey sessions list
  latchkey sessions list --all --owner ada --format json`
