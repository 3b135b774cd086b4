import type { Hono } from 'hono'
import type { CommandRegistry } from '../../commands/index.ts'
import { refuse } from '../../core/errors.ts'
import { CODE_PAGES, codePage } from './code-pages.ts'
import { DOCS_HEADERS, docsPage } from './docs-page.ts'
import type { HttpDoorOptions } from './door-options.ts'
import { describeApi } from './openapi.ts'
import type { HttpRequest, RouteBindings } from './request.ts'
import { JSON_HEADERS } from './who-am-i.ts'

type App = Hono<{ Bindings: RouteBindings }>

/** Mounts the routes that call no command: health, metrics, the reference and the pages for one-time codes. */
export function mountPlainRoutes(
  app: App,
  { authority, registry, ready, durability, metrics, publicUrl }: HttpDoorOptions,
  prefix: string,
): void {
  const get = (path: string, handler: (request: HttpRequest) => Response | Promise<Response>) =>
    app.get(path, (c) => {
      const { request } = c.env
      request.route = path
      return handler(request)
    })
  get('/healthz', () => json('{"status":"ok"}'))
  get('/readyz', async (request) => {
    if (ready?.() === false) {
      const message = 'The server is starting or stopping.'
      return request.refuse(refuse('unavailable', message, { retryAfterMs: 1000 }))
    }
    await authority.ping()
    if (durability === undefined) return json('{"status":"ready"}')
    return json(JSON.stringify({ status: 'ready', durability: await durability() }))
  })
  get('/metrics', async (request) => {
    if (metrics === undefined) return request.refuse(refuse('not_found', 'There are no metrics.'))
    const { contentType, body } = await metrics()
    return new Response(body, {
      headers: { 'content-type': contentType, 'cache-control': 'no-store' },
    })
  })
  for (const page of CODE_PAGES) get(page.path, () => codePage(page))
  const publicOrigin = publicUrl === undefined ? null : new URL(publicUrl).origin
  const reference = createReference(registry, prefix, publicOrigin)
  get('/openapi.json', () => json(reference().json))
  get('/docs', async () => new Response(await reference().page, { headers: DOCS_HEADERS }))
}

/** The body is shared by all answers, because the parts of it that a client has not read stay in memory. */
function json(body: string | Uint8Array<ArrayBuffer>): Response {
  return new Response(body, { headers: JSON_HEADERS })
}

interface Reference {
  readonly commands: number
  readonly json: Uint8Array<ArrayBuffer>
  readonly page: Promise<Uint8Array<ArrayBuffer>>
}

/** Returns a function that returns the reference. It is made once, and again when a command has been registered. */
function createReference(
  registry: CommandRegistry,
  prefix: string,
  publicOrigin: string | null,
): () => Reference {
  const describe = (): Reference => {
    const api = describeApi(registry, prefix, { publicOrigin })
    const page = docsPage(api).then((text) => Buffer.from(text))
    return { commands: registry.list().length, json: Buffer.from(JSON.stringify(api)), page }
  }
  let reference = describe()
  return () => {
    if (registry.list().length !== reference.commands) reference = describe()
    return reference
  }
}
