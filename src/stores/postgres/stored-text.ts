import type { Statement } from './connection.ts'

/*
 * PostgreSQL cannot store the character U+0000. It is stored as two characters that begin with U+0010, and so is U+0010 itself: texts
 * that are equal or contain each other still do so in their stored form.
 */

/** Returns a parameter of a statement in its stored form. */
export function toParameter(value: unknown): unknown {
  if (typeof value === 'string') return toStored(value)
  return Array.isArray(value) ? value.map(toParameter) : value
}

function toStored(text: string): string {
  if (!text.includes('\0') && !text.includes('\x10')) return text
  return text.replaceAll('\x10', '\x10e').replaceAll('\0', '\x10z')
}

function fromStored(text: string): string {
  if (!text.includes('\x10')) return text
  return text.replaceAll('\x10z', '\0').replaceAll('\x10e', '\x10')
}

/** The columns that are no text, by the number of their type: `boolean`, `bigint`, `integer` and `text[]`. Every number is below 2⁵³. */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  20: Number,
  23: Number,
  1009: toTexts,
}

/** How the columns of a row are read. */
export const ROW_TYPES: NonNullable<Statement['types']> = {
  getTypeParser: (type) => PARSERS[type] ?? fromStored,
}

/** Returns the items of an array of texts without null: `{a,"b c"}`. */
function toTexts(text: string): string[] {
  const items = text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|[^,]+/gs)
  return [...items].map(([plain, inQuotes]) =>
    fromStored(inQuotes?.replace(/\\(.)/gs, '$1') ?? plain),
  )
}
