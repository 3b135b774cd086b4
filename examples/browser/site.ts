import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import { build } from 'esbuild'
import type { Authority } from 'latchkey'
import { createHandler } from 'latchkey/doors/http'

/** A site with the routes of Latchkey, a page, and the client as one file. */
export async function createSite(authority: Authority): Promise<Server> {
  const handler = createHandler(authority, { development: true })
  const client = await build({
    entryPoints: [fileURLToPath(import.meta.resolve('latchkey/browser'))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
  })
  const files: Readonly<Record<string, readonly [type: string, text: string]>> = {
    '/': ['text/html', readFileSync(join(import.meta.dirname, 'page.html'), 'utf8')],
    '/latchkey.js': ['text/javascript', client.outputFiles[0]?.text ?? ''],
  }
  return createServer(
    getRequestListener((request, { incoming }) => {
      const [type, text] = files[new URL(request.url).pathname] ?? []
      if (type !== undefined) return new Response(text, { headers: { 'content-type': type } })
      const address = 'socket' in incoming ? (incoming.socket.remoteAddress ?? null) : null
      return handler(request, { address })
    }),
  )
}
