import { html } from 'hono/html'
import { ERROR_TABLE } from '../../core/index.ts'
import { pageHeaders } from './page.ts'
import type { ApiDescription, Json } from './reference/description.ts'
import { operationArticle, type PlacedOperation, signature } from './reference/operation-html.ts'
import { fieldsOf, fieldTable, typeOf } from './reference/schema-html.ts'
import { REFERENCE_STYLE } from './reference/style.ts'

/** The headers of the reference page. */
export const DOCS_HEADERS = pageHeaders

/** Returns the reference as a page of HTML without scripts, made from the description of `/openapi.json`. */
export async function docsPage(description: ApiDescription): Promise<string> {
  const { components, tags, servers } = description
  const { schemas } = components
  const placed = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const groups = tags.map((tag) => ({
    ...tag,
    id: `tag-${tag.name.toLowerCase()}`,
    operations: placed.filter(({ operation }) => operation.tags.includes(tag.name)),
  }))
  const url = servers[0]?.url ?? '/'
  const server = url.startsWith('http') ? url : 'http://127.0.0.1:8080'
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Latchkey reference</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${REFERENCE_STYLE}</style></head>
<body><div class="layout">
<input type="checkbox" id="menu"><label for="menu">Contents</label>
<nav aria-label="Contents">${groups.map(contents)}
<strong><a href="#schemas">Schemas</a></strong><ul>${Object.keys(schemas).map((name) => html`<li><a href="#schema-${name}">${name}</a></li>`)}</ul>
<strong><a href="#errors">Errors</a></strong></nav>
<main>
<h1>Latchkey</h1>
<p>One session, every door. Send JSON; times are epoch milliseconds. Authenticate with
<code>Authorization: Bearer …</code> or the cookie. The same in OpenAPI 3.1: <a href="openapi.json">openapi.json</a>.</p>
<p class="soft">The lines for the shell read the token from a variable:
<code>export LATCHKEY_TOKEN=$(latchkey login)</code>. A click selects a line.</p>
${groups.map(
  ({ id, name, description: about, operations }) =>
    html`<section id="${id}"><h2>${name}</h2><p class="soft">${about}</p>
${operations.map((each) => operationArticle(each, { server, schemas }))}</section>`,
)}
<section id="schemas"><h2>Schemas</h2>${Object.entries(schemas).map(([name, schema]) => schemaArticle(name, schema as Json))}</section>
<section id="errors"><h2>Errors</h2>
<p>A refused request is answered with <code>application/problem+json</code> (<a href="#schema-Problem">Problem</a>) and one of these codes.
The endpoints of <code>/oauth</code> answer with the <a href="#schema-OAuthError">errors of OAuth</a>.</p>
<table><thead><tr><th>Code</th><th>Status</th></tr></thead><tbody>${Object.entries(ERROR_TABLE).map(
    ([code, { http }]) => html`<tr><td><code>${code}</code></td><td>${http}</td></tr>`,
  )}</tbody></table></section>
</main></div></body></html>`
  return String(await page)
}

function contents({
  id,
  name,
  operations,
}: {
  id: string
  name: string
  operations: readonly PlacedOperation[]
}) {
  return html`<strong><a href="#${id}">${name}</a></strong><ul>${operations.map(
    (each) => html`<li><a href="#${each.operation.operationId}">${signature(each)}</a></li>`,
  )}</ul>`
}

function schemaArticle(name: string, schema: Json) {
  const fields = fieldsOf(schema)
  return html`<article id="schema-${name}"><h3><a href="#schema-${name}">${name}</a></h3>
${fields.length === 0 ? html`<p class="soft">${typeOf(schema)}</p>` : fieldTable(fields)}</article>`
}
