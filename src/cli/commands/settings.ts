import type { Command } from 'commander'
import type { HttpClient } from '../../client/http/index.ts'
import { LatchkeyError } from '../../core/errors.ts'
import { addClientOptions, clientOf } from '../client-options.ts'
import { type Column, printFields, printJson, printListing, write } from '../output.ts'

interface Setting {
  readonly name: string
  readonly value: unknown
  readonly default: unknown
  readonly changed: boolean
  readonly about: string
}

const COLUMNS: readonly Column<Setting>[] = [
  { title: 'NAME', of: ({ name, changed }) => `${name}${changed ? ' *' : ''}` },
  { title: 'VALUE', of: ({ value }) => JSON.stringify(value) },
  { title: 'DEFAULT', of: (setting) => JSON.stringify(setting.default) },
  { title: 'MEANING', of: ({ about }) => about },
]

/** Defines `latchkey settings`. */
export function defineSettings(settings: Command): void {
  const list = settings
    .command('list', { isDefault: true })
    .description('List settings; * marks a changed one.')
  addClientOptions(list).action(async () => {
    const { api, format } = clientOf(list)
    const page = await findAll(api)
    async function* pages() {
      yield page
    }
    await printListing(pages(), { format, columns: COLUMNS })
  })
  const get = settings.command('get').argument('<NAME>').description('Show a setting.')
  addClientOptions(get).action(async (name: string) => {
    const { api } = clientOf(get)
    await print(get, await findOne(api, name))
  })
  const set = settings
    .command('set')
    .argument('<NAME>')
    .argument('<VALUE>', 'a JSON value; anything else is taken as text')
    .description('Change a setting on every node. It applies at once.')
  addClientOptions(set)
    .addHelpText('after', '\nExample:\n  latchkey settings set password.minLength 12')
    .action(async (name: string, text: string) => {
      await change(set, 'PUT', name, { value: settingValue(text) })
    })
  const unset = settings
    .command('unset')
    .argument('<NAME>')
    .description('Reset a setting to its default.')
  addClientOptions(unset).action((name: string) => change(unset, 'DELETE', name))
}

async function change(
  command: Command,
  method: string,
  name: string,
  body?: unknown,
): Promise<void> {
  const { api } = clientOf(command)
  await api.request(method, `/v1/admin/settings/${encodeURIComponent(name)}`, {
    body,
  })
  await print(command, await findOne(api, name))
}

async function findAll(api: HttpClient): Promise<readonly Setting[]> {
  const answer = await api.request<{ settings: readonly Setting[] }>('GET', '/v1/admin/settings')
  return answer.settings
}

async function findOne(api: HttpClient, name: string): Promise<Setting> {
  const found = (await findAll(api)).find((setting) => setting.name === name)
  if (found === undefined) throw new LatchkeyError('not_found', `There is no setting ${name}.`)
  return found
}

function print(command: Command, setting: Setting): Promise<void> {
  const { format } = clientOf(command)
  if (format === 'json') return printJson(setting)
  if (process.stdout.isTTY !== true) return write(`${JSON.stringify(setting.value)}\n`)
  return printFields(COLUMNS.map(({ title, of }) => [title.toLowerCase(), of(setting)] as const))
}

function settingValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
