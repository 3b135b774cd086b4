import { z } from 'zod'
import type { Command } from '../../../commands/index.ts'
import type { Json } from './description.ts'

/**
 * Returns the JSON Schema of a command's parameters or result. The parts that have an id become components; the id of a different part is
 * qualified with the command's name.
 */
export function schemaOf(command: Command, of: 'params' | 'result', components: Json): Json {
  const schema = command[of]
  if (schema === undefined) return {}
  const io = of === 'params' ? 'input' : 'output'
  const { $schema: _, $defs = {}, ...rest } = jsonSchemaOf(schema, io)
  const definitions = Object.entries($defs as Json)
  const same = (name: string, definition: unknown) =>
    !Object.hasOwn(components, name) ||
    JSON.stringify(components[name]) === JSON.stringify(relink(definition, new Map()))
  const names = new Map(
    definitions.map(([name, definition]) => [
      name,
      same(name, definition) ? name : `${command.name}.${name}`,
    ]),
  )
  for (const [name, definition] of definitions) {
    components[names.get(name) ?? name] = relink(definition, names)
  }
  return relink(rest, names) as Json
}

// A schema of another copy of zod, or one that JSON Schema cannot express, must not stop the server: its description is empty.
function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  try {
    return z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json
  } catch {
    return {}
  }
}

function relink(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => relink(item, names))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    key === '$ref' && typeof inner === 'string'
      ? inner.replace(
          /^#\/\$defs\/(.*)$/,
          (_, name: string) => `#/components/schemas/${names.get(name) ?? name}`,
        )
      : relink(inner, names),
  ])
  return Object.fromEntries(entries)
}
