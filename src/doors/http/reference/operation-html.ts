import { html } from 'hono/html'
import { curlLine } from './curl.ts'
import { type ApiResponse, componentOf, type Json, type Operation } from './description.ts'
import { fieldsOf, fieldTable, prose, typeOf } from './schema-html.ts'

/** An operation with its place. */
export interface PlacedOperation {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

/** Returns the method and the path of an operation, as a heading and the sidebar show them. */
export function signature({ method, path }: PlacedOperation) {
  return html`<span class="method ${method}">${method.toUpperCase()}</span><code>${path}</code>`
}

/** Returns the article of an operation: parameters, bodies, examples and a line for the shell. */
export function operationArticle(
  placed: PlacedOperation,
  { server, schemas }: { readonly server: string; readonly schemas: Json },
) {
  const { method, path, operation } = placed
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation
  const [type, body] = Object.entries(requestBody?.content ?? {})[0] ?? []
  const answers = Object.entries(responses).filter(([status]) => /^\d+$/.test(status))
  return html`<article id="${operationId}">
<h3><a href="#${operationId}">${signature(placed)}</a></h3>
<p>${prose(summary)}</p><p class="soft">${prose(description)}</p>
${parameters.length === 0 ? '' : html`<h4>Parameters</h4>${fieldTable(parameters.map((each) => ({ ...each, description: each.description ?? '' })))}`}
${body === undefined ? '' : html`<h4>Body: ${type}${requestBody?.required === true ? '' : ', optional'}</h4>${fieldTable(fieldsOf(body.schema))}${json(body.example)}`}
${answers.map(([status, response]) => answerOf(status, response))}
<h4>Try it</h4>
<pre class="copy" title="A click selects the line"><code>${curlLine({ server, method, path, schemas }, operation)}</code></pre>
</article>`
}

function answerOf(status: string, { content = {} }: ApiResponse) {
  const media = Object.values(content)[0]
  if (media === undefined) return html`<h4>Answer ${status}</h4><p>Without a body.</p>`
  const { schema, example } = media
  const named = componentOf(schema) !== null || schema['oneOf'] !== undefined
  const shape = named ? html`<p>${typeOf(schema)}</p>` : fieldTable(fieldsOf(schema))
  return html`<h4>Answer ${status}</h4>${shape}${json(example)}`
}

function json(example: unknown) {
  if (example === undefined) return ''
  return html`<pre><code>${JSON.stringify(example, null, 2)}</code></pre>`
}
