import { html } from 'hono/html'
import { componentOf, type Json } from './description.ts'

/** A row of a table of fields. */
export interface Field {
  readonly name: string
  readonly schema: Json
  readonly required: boolean
  readonly description: string
}

/** Returns the fields of an object, those of its inner objects after it: `client.address`. */
export function fieldsOf(schema: Json, prefix = ''): readonly Field[] {
  const required = new Set((schema['required'] ?? []) as readonly string[])
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>)
  return properties.flatMap(([key, inner]) => {
    const name = `${prefix}${key}`
    const description = typeof inner['description'] === 'string' ? inner['description'] : ''
    const items = (inner['items'] ?? {}) as Json
    const below =
      inner['type'] === 'array' ? fieldsOf(items, `${name}[].`) : fieldsOf(inner, `${name}.`)
    return [{ name, schema: inner, required: required.has(key), description }, ...below]
  })
}

/** Returns a table of fields, or nothing for none. */
export function fieldTable(fields: readonly Field[]) {
  if (fields.length === 0) return ''
  return html`<table class="fields"><thead><tr><th>Name</th><th>Type</th><th>Meaning</th></tr></thead><tbody>${fields.map(
    ({ name, schema, required, description }) =>
      html`<tr><td><code>${name}</code></td><td class="type">${typeOf(schema)}${required ? '' : ', optional'}</td><td>${prose(description)}${limitsOf(schema)}</td></tr>`,
  )}</tbody></table>`
}

/** Returns a text whose parts between backticks are code. */
export function prose(text: string) {
  return text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))
}

/** Returns the type of a schema, with a link where it is a component. */
export function typeOf(schema: Json): unknown {
  const component = componentOf(schema)
  if (component !== null) return html`<a href="#schema-${component}">${component}</a>`
  if (Array.isArray(schema['enum'])) return schema['enum'].map(String).join(' | ')
  if ('const' in schema) return JSON.stringify(schema['const'])
  const choices = (schema['anyOf'] ?? schema['oneOf']) as readonly Json[] | undefined
  if (choices !== undefined) {
    return choices.map((choice, at) => html`${at === 0 ? '' : ' | '}${typeOf(choice)}`)
  }
  const { type } = schema
  if (type === 'array') return html`${typeOf((schema['items'] ?? {}) as Json)}[]`
  return typeof type === 'string' ? type : 'any'
}

function limitsOf(schema: Json): string {
  const { minimum, maximum, minLength, maxLength } = schema as Record<string, number | undefined>
  const parts: string[] = []
  if (minLength !== undefined || maxLength !== undefined) {
    parts.push(`${minLength ?? 0} to ${maxLength ?? 'any number of'} characters`)
  }
  // The bounds of a safe integer say nothing.
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) {
    parts.push(`${minimum ?? 'at most'} to ${maximum}`)
  }
  if ('default' in schema) parts.push(`default ${JSON.stringify(schema['default'])}`)
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`
}
