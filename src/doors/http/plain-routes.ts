import type { Hono } from 'hono'
import { refuse } from '../../core/errors.ts'
import { problem } from '../../http/index.ts'
import { CODE_PAGES, codePage } from './code-pages.ts'
import { DOCS_HEADERS, docsPage } from './docs-page.ts'
import type { HttpDoorOptions, RequestPeer } from './door-options.ts'
import { type ApiDescription, describeApi } from './openapi.ts'
import { JSON_HEADERS } from './who-am-i.ts'

/** Mounts the routes that call no command: health, metrics, the reference and the pages for one-time codes. */
export function mountPlainRoutes(
  app: Hono<{ Bindings: RequestPeer }>,
  { authority, registry, ready, metrics, publicUrl }: HttpDoorOptions,
  prefix: string,
): void {
  const json = (value: unknown) => new Response(JSON.stringify(value), { headers: JSON_HEADERS })
  app.get('/healthz', () => json({ status: 'ok' }))
  app.get('/readyz', async () => {
    if (ready?.() === false) {
      const message = 'The server is starting or stopping.'
      return problem(refuse('unavailable', message, { retryAfterMs: 1000 }))
    }
    await authority.ping()
    return json({ status: 'ready' })
  })
  app.get('/metrics', async () => {
    if (metrics === undefined) return problem(refuse('not_found', 'There are no metrics.'))
    const { contentType, body } = await metrics()
    return new Response(body, {
      headers: { 'content-type': contentType, 'cache-control': 'no-store' },
    })
  })
  const publicOrigin = publicUrl === undefined ? null : new URL(publicUrl).origin
  const describe = () => ({
    count: registry.list().length,
    api: describeApi(registry, prefix, { publicOrigin }),
  })
  let described = describe()
  // Commands may be registered later.
  const description = (): ApiDescription => {
    if (registry.list().length !== described.count) described = describe()
    return described.api
  }
  app.get('/openapi.json', () => json(description()))
  for (const page of CODE_PAGES) app.get(page.path, () => codePage(page))
  app.get(
    '/docs',
    async () => new Response(await docsPage(description()), { headers: DOCS_HEADERS }),
  )
}
