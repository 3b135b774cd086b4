import { isObject } from './json.ts'

/** A JSON Schema (draft-07). Only `type`, `properties`, `required` and `items` are enforced; the rest documents. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly [more: string]: unknown
}

/** A compiled schema. */
export interface Checker {
  accepts(value: unknown): boolean
  /**
   * Returns the violations in the notation that Angen's clients compare:
   * `{:error, [{"Required property name was not present.", "#"}]}`. For an object first those of its properties by name, then the
   * missing ones in the order of the schema.
   */
  explain(value: unknown): string
}

/** Compiles a schema. `accepts` allocates nothing. */
export function createChecker(schema: JsonSchema): Checker {
  const root = compile(schema)
  return {
    accepts: (value) => accepts(root, value),
    explain(value) {
      const problems: string[] = []
      explain(root, value, '#', problems)
      return `{:error, [${problems.join(', ')}]}`
    },
  }
}

interface Node {
  readonly types: readonly string[]
  readonly properties: readonly (readonly [string, Node])[]
  readonly required: readonly string[]
  readonly items: Node | null
}

function compile(schema: JsonSchema): Node {
  const { type = [], properties = {}, required = [], items } = schema
  return {
    types: typeof type === 'string' ? [type] : type,
    properties: Object.keys(properties)
      .sort()
      .map((name) => [name, compile(properties[name] ?? {})]),
    required,
    items: items === undefined ? null : compile(items),
  }
}

function accepts(node: Node, value: unknown): boolean {
  if (!isOfType(node, value)) return false
  if (Array.isArray(value)) {
    const { items } = node
    return items === null || value.every((item) => accepts(items, item))
  }
  if (!isObject(value)) return true
  for (const name of node.required) if (!Object.hasOwn(value, name)) return false
  for (const [name, inner] of node.properties) {
    if (Object.hasOwn(value, name) && !accepts(inner, value[name])) return false
  }
  return true
}

/** The largest number of violations in an answer; a list may have a thousand wrong items. */
const MAX_PROBLEMS = 20

function explain(node: Node, value: unknown, path: string, problems: string[]): void {
  if (problems.length >= MAX_PROBLEMS) return
  if (isObject(value)) {
    for (const [name, inner] of node.properties) {
      if (Object.hasOwn(value, name)) explain(inner, value[name], `${path}/${name}`, problems)
    }
    const missing = node.required.filter((name) => !Object.hasOwn(value, name))
    if (missing.length > 0) problems.push(problem(absent(missing), path))
  } else if (Array.isArray(value) && node.items !== null) {
    for (const [at, item] of value.entries()) explain(node.items, item, `${path}/${at}`, problems)
  }
  if (!isOfType(node, value)) {
    const expected = node.types.map(named).join(', ')
    problems.push(problem(`Type mismatch. Expected ${expected} but got ${typeName(value)}.`, path))
  }
}

function problem(text: string, path: string): string {
  return `{"${text}", "${path}"}`
}

function absent(names: readonly string[]): string {
  return names.length === 1
    ? `Required property ${names[0]} was not present.`
    : `Required properties ${names.join(', ')} were not present.`
}

function isOfType({ types }: Node, value: unknown): boolean {
  if (types.length === 0) return true
  for (const type of types) if (isOf(type, value)) return true
  return false
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isObject(value)
    case 'array':
      return Array.isArray(value)
    case 'null':
      return value === null
    case 'integer':
      return Number.isInteger(value)
    default:
      return type === typeof value
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'Null'
  if (Array.isArray(value)) return 'Array'
  return named(Number.isInteger(value) ? 'integer' : typeof value)
}

function named(type: string): string {
  return type.slice(0, 1).toUpperCase() + type.slice(1)
}
