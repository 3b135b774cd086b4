import type { Json, Operation, Parameter } from './description.ts'
import { exampleOf } from './examples.ts'

/** Where the line of an operation sends its request. */
export interface CurlTarget {
  readonly server: string
  readonly method: string
  readonly path: string
  readonly schemas: Json
}

/** Returns a line of a shell that calls an operation with the example of its body. */
export function curlLine(
  { server, method, path, schemas }: CurlTarget,
  operation: Operation,
): string {
  const verb = method.toUpperCase()
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? []
  const isForm = type === 'application/x-www-form-urlencoded'
  const parts = ['curl']
  if (verb !== 'GET' && verb !== 'POST') parts.push(`-X ${verb}`)
  if (verb === 'POST' && media === undefined) parts.push('-X POST')
  parts.push(`'${server}${urlOf(path, operation.parameters ?? [], schemas)}'`)
  // A variable of the shell, so that no token is part of the line.
  if (operation.security.some((scheme) => 'bearer' in scheme) && !isForm) {
    parts.push('-H "Authorization: Bearer $LATCHKEY_TOKEN"')
  }
  if (media === undefined) return parts.join(' ')
  const example = (media.example ?? {}) as Record<string, unknown>
  if (isForm) {
    for (const [name, value] of Object.entries(example)) {
      parts.push(`--data-urlencode ${quoted(`${name}=${value}`)}`)
    }
    return parts.join(' ')
  }
  return [
    ...parts,
    "-H 'Content-Type: application/json'",
    `-d ${quoted(JSON.stringify(example))}`,
  ].join(' ')
}

function urlOf(path: string, parameters: readonly Parameter[], schemas: Json): string {
  const encoded = ({ name, schema }: Parameter) =>
    encodeURIComponent(String(exampleOf(schema, { schemas, required: true }, name)))
  const query: string[] = []
  let url = path
  for (const parameter of parameters) {
    if (parameter.in === 'path') url = url.replace(`{${parameter.name}}`, encoded(parameter))
    else if (parameter.required) query.push(`${parameter.name}=${encoded(parameter)}`)
  }
  return query.length === 0 ? url : `${url}?${query.join('&')}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
