import { html, raw } from 'hono/html'
import { ERROR_TABLE } from '../../core/index.ts'
import type { ApiDescription, Operation } from './openapi.ts'

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2.5rem }
article { border-top: 1px solid #8884; padding: .8rem 0 }
h3 { font-size: 1rem; margin: 0 } code { font-family: ui-monospace, monospace; font-size: .92em }
.method { display: inline-block; min-width: 4.5em; font-weight: 700 }
p { margin: .2rem 0 } .needs { opacity: .7; font-size: .9em }
table { border-collapse: collapse; margin: .4rem 0 } td, th { text-align: left; padding: .1rem 1rem .1rem 0; vertical-align: top }
`

/** The headers of the reference page. */
export const DOCS_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

/** Returns the reference as a page of plain HTML without scripts, made from the description of `/openapi.json`. */
export async function docsPage(description: ApiDescription): Promise<string> {
  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const isAdmin = (path: string) => path.includes('/v1/admin')
  const codes = Object.entries(ERROR_TABLE).map(
    ([code, { http }]) => html`<tr><td><code>${code}</code></td><td>${http}</td></tr>`,
  )
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Latchkey reference</title>
<meta name="viewport" content="width=device-width"><style>${raw(STYLE)}</style></head>
<body>
<h1>Latchkey</h1>
<p>One session, every door. Send JSON; times are epoch milliseconds. Authenticate with
<code>Authorization: Bearer …</code> or the cookie. The same in OpenAPI: <a href="openapi.json">openapi.json</a>.</p>
<h2>Sessions</h2>
${operations.filter(({ path }) => !isAdmin(path)).map(article)}
<h2>Administration</h2>
${operations.filter(({ path }) => isAdmin(path)).map(article)}
<h2>Errors</h2>
<p>A refused request is answered with <code>application/problem+json</code> and one of these codes.</p>
<table><tr><th>Code</th><th>Status</th></tr>${codes}</table>
</body></html>`
  return String(await page)
}

function article({
  path,
  method,
  operation,
}: {
  path: string
  method: string
  operation: Operation
}) {
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema
  const properties = (body?.['properties'] ?? {}) as Record<string, Record<string, unknown>>
  const required = new Set((body?.['required'] ?? []) as string[])
  const rows = [
    ...(operation.parameters ?? []).map(({ name, required: needed, schema }) => ({
      name,
      needed,
      schema,
    })),
    ...Object.entries(properties).map(([name, schema]) => ({
      name,
      needed: required.has(name),
      schema,
    })),
  ]
  const lines = rows.map(
    ({ name, needed, schema }) =>
      html`<tr><td><code>${name}</code></td><td>${typeOf(schema)}</td><td>${needed ? 'required' : ''}</td></tr>`,
  )
  const statuses = Object.keys(operation.responses).filter((status) => status !== 'default')
  return html`<article><h3><code><span class="method">${method.toUpperCase()}</span>${path}</code></h3>
<p>${operation.summary} <code>${statuses.join()}</code></p><p class="needs">${operation.description}</p>
${lines.length === 0 ? '' : html`<table>${lines}</table>`}</article>`
}

function typeOf(schema: Record<string, unknown>): string {
  if (Array.isArray(schema['enum'])) return schema['enum'].map(String).join(' | ')
  if ('const' in schema) return String(schema['const'])
  if (schema['type'] === 'array')
    return `${typeOf((schema['items'] ?? {}) as Record<string, unknown>)}[]`
  return typeof schema['type'] === 'string' ? schema['type'] : 'any'
}
