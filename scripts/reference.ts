/**
 * Writes the tables of `docs/reference/` from the definitions that the code runs on, and the pages of `docs/reference/api/` from the
 * declarations: `npm run reference`. Tests fail when they differ.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ERROR_TABLE } from 'latchkey'
import { builtInCommands, createRegistry } from 'latchkey/commands'
import { SETTINGS } from '../src/core/settings.ts'
import { angenCommands } from '../src/doors/angen/protocol/commands/index.ts'
import { needOf } from '../src/doors/grpc/door.ts'
import { ROUTES } from '../src/doors/http/routes.ts'
import { renderApi } from './api-pages.ts'
import { readPublicApi } from './public-api.ts'
import { findUndocumented } from './undocumented.ts'

const folder = resolve(import.meta.dirname, '../docs/reference')
const MARK = /<!-- table -->[\s\S]*<!-- \/table -->/

function fill(file: string, head: string[], rows: string[][]): void {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace(MARK, `<!-- table -->\n${lines.join('\n')}\n<!-- /table -->`))
}

const code = (text: string) => `\`${text}\``

fill(
  'errors.md',
  ['Code', 'HTTP', 'gRPC', 'WebSocket close', 'Exit'],
  Object.entries(ERROR_TABLE).map(([name, { http, grpc, close, exit }]) => [
    code(name),
    String(http),
    code(grpc),
    String(close),
    String(exit),
  ]),
)

fill(
  'settings.md',
  ['Setting', 'Default', 'Meaning'],
  [...SETTINGS].map(([name, { value, about }]) => [code(name), code(JSON.stringify(value)), about]),
)

const registry = createRegistry(builtInCommands)
fill(
  'http.md',
  ['Route', 'Command', 'Answers', 'Needs', 'Does'],
  ROUTES.map((route) => {
    const command = registry.find(route.command)
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    const query = route.query === undefined ? '' : `?${route.query.name}=${route.query.value}`
    const roles = command?.access.includes('*') ? '' : (command?.access.join(' or ') ?? '')
    const session = {
      optional: '',
      required: 'a session',
      user: 'a user’s session',
      own: 'own session',
      fresh: 'fresh proof',
    }
    const needs = [session[command?.session ?? 'optional'], roles].filter((part) => part !== '')
    return [
      code(`${route.method} ${path}${query}`),
      code(route.command),
      String(route.status),
      needs.join(', ') || '–',
      command?.about ?? '',
    ]
  }),
)

fill(
  'angen.md',
  ['Command', 'Takes', 'Answers', 'Needs', 'Does'],
  angenCommands.map(({ name, schema, answers = 'system/success', session, about }) => {
    const takes = Object.keys(schema.properties ?? {}).map((key) =>
      schema.required?.includes(key) ? code(key) : `[${code(key)}]`,
    )
    const needs = {
      none: '–',
      optional: '–',
      required: 'a session',
      user: 'a user’s session',
      own: 'own session',
    }
    return [code(name), takes.join(', ') || '–', code(answers), needs[session], about]
  }),
)

const RPC = /((?:^ {2}\/\/.*\n)+) {2}rpc (\w+)\((\w+)\) returns \((stream )?(\w+)\);/gm
fill(
  'grpc.md',
  ['Method', 'Takes', 'Answers', 'Needs', 'Does'],
  ['Agent', 'Sessions'].flatMap((service) => {
    const proto = resolve(
      import.meta.dirname,
      `../proto/latchkey/v1/${service.toLowerCase()}.proto`,
    )
    return [...readFileSync(proto, 'utf8').matchAll(RPC)].map(
      ([, about = '', name = '', takes = '', stream = '', answers = '']) => [
        code(`${service}/${name}`),
        code(takes),
        stream + code(answers),
        { none: '–', optional: '–', required: 'a session' }[
          needOf(`/latchkey.v1.${service}/${name}`)
        ],
        about.replaceAll(/\s*\/\/\s*/g, ' ').trim(),
      ],
    )
  }),
)

const entries = readPublicApi()
const api = join(folder, 'api')
rmSync(api, { recursive: true, force: true })
mkdirSync(api)
for (const [name, text] of renderApi(entries)) writeFileSync(join(api, name), text)

// The list of public names without a text only gets shorter.
const list = resolve(import.meta.dirname, '../test/undocumented.json')
const missing = new Set(findUndocumented(entries))
const left = (JSON.parse(readFileSync(list, 'utf8')) as string[]).filter((name) =>
  missing.has(name),
)
writeFileSync(list, `${JSON.stringify(left, null, 2)}\n`)
