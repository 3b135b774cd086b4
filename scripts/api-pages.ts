/** Renders the pages of `docs/reference/api/` from the public API. */
import type { ApiEntry, ApiSymbol } from './public-api.ts'

/** What each entry point is for. A new one needs a line here. */
const ABOUT: Readonly<Record<string, string>> = {
  latchkey: 'the session authority, errors, settings, and the ports that a store implements',
  'latchkey/stores/memory': 'a store in memory, for tests',
  'latchkey/stores/kit': 'what a store for another engine needs',
  'latchkey/stores/sqlite': 'a store on SQLite files',
  'latchkey/stores/postgres': 'a store in a PostgreSQL database, for several nodes',
  'latchkey/commands': 'commands and the pipeline that runs them',
  'latchkey/connections': 'open connections, events and mailboxes',
  'latchkey/doors/http': 'the HTTP door as a request handler',
  'latchkey/doors/mage': 'the MAGE door',
  'latchkey/doors/angen': 'the Angen door',
  'latchkey/client': 'clients: HTTP, session file, gRPC, Angen',
  'latchkey/browser': 'the client for pages',
  'latchkey/grpc': 'the gRPC door',
  'latchkey/mage': 'the session module for MAGE applications',
  'latchkey/server': 'the server with all its doors',
  'latchkey/testing': 'cases for stores and doors, a fake clock',
  'latchkey/web/pages': 'login pages, to serve or to mount',
  'latchkey/sockets': 'sessions of sockets of `ws` and Socket.IO',
  'latchkey/express-session': 'a store for express-session and @fastify/session',
  'latchkey/web': 'logins, request sessions, guards and impersonation for web applications',
  'latchkey/express': 'the adapter for Express 4 and 5',
  'latchkey/fetch': 'the adapter for handlers of `Request` and `Response`',
  'latchkey/hono': 'the adapter for Hono',
  'latchkey/fastify': 'the adapter for Fastify',
  'latchkey/koa': 'the adapter for Koa',
  'latchkey/adonis': 'sessions of AdonisJS applications over a Lucid model',
  'latchkey/adonis/commands': 'commands of Ace, loaded by AdonisJS',
  'latchkey/adonis/login_guard': 'a login guard for `@adonisjs/auth`',
  'latchkey/adonis/provider': 'the service provider, loaded by AdonisJS',
}

/** Returns the pages by file name. A name that several entry points export is described on the page of the first. */
export function renderApi(entries: readonly ApiEntry[]): ReadonlyMap<string, string> {
  const pages = new Map<string, string>()
  const described = new Map<string, string>()
  for (const { specifier, symbols } of entries) {
    const file = fileOf(specifier)
    const sections = symbols.map((symbol) => {
      const key = `${symbol.file}#${symbol.name}`
      const first = described.get(key)
      if (first === undefined) described.set(key, specifier)
      return renderSymbol(symbol, first ?? null)
    })
    pages.set(file, `# \`${specifier}\`\n\n${aboutOf(specifier)}\n\n${sections.join('\n')}`)
  }
  const rows = entries.map(
    ({ specifier }) => `| [\`${specifier}\`](${fileOf(specifier)}) | ${aboutOf(specifier)} |`,
  )
  pages.set('README.md', `${HEAD}\n\n| Import | Contains |\n| --- | --- |\n${rows.join('\n')}\n`)
  return pages
}

const HEAD = `# API

Every name that the package exports, as an editor shows it. These pages are generated: change the doc comments in \`src/\` and run
\`npm run reference\`.`

function fileOf(specifier: string): string {
  return `${specifier.replace(/^latchkey\//, '').replaceAll('/', '-')}.md`
}

function aboutOf(specifier: string): string {
  const about = ABOUT[specifier]
  if (about === undefined) throw new Error(`scripts/api-pages.ts: describe ${specifier}.`)
  return `${about.charAt(0).toUpperCase()}${about.slice(1)}.`
}

function renderSymbol({ name, doc, text }: ApiSymbol, elsewhere: string | null): string {
  if (elsewhere !== null) {
    return `## ${name}\n\nSee [\`${elsewhere}\`](${fileOf(elsewhere)}#${name.toLowerCase()}).\n`
  }
  const about = doc === '' ? '' : `${doc.replace(/\{@link (\w+)\}/g, '`$1`')}\n\n`
  return `## ${name}\n\n${about}\`\`\`ts\n${text}\n\`\`\`\n`
}
