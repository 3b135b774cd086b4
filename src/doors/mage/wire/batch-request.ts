import type { MageLimits } from './limits.ts'
import { placeFiles, type UploadedFile } from './multipart.ts'

type Entry = Readonly<Record<string, unknown>>

/** A batch of commands, as a client sent it. */
export interface Batch {
  readonly app: { readonly name: string }
  /** The body of the request. */
  readonly rawData: string
  /** The entries of the header, unchecked. */
  readonly header: readonly unknown[]
  readonly commands: readonly { readonly name: string; readonly params: unknown }[]
  readonly commandNames: readonly string[]
}

/**
 * Reads a batch: line 0 is the header, a list, and line i+1 has the parameters of command i. Further lines are ignored, and falsy parameters
 * are `{}`. Returns null for a line that is missing or not JSON, for a header that is not a list, and above the limits.
 */
export function readBatch(
  names: readonly string[],
  text: string,
  options: {
    readonly app: string
    readonly limits: Pick<MageLimits, 'commands' | 'headerEntries'>
    readonly files?: Map<string, UploadedFile> | undefined
  },
): Batch | null {
  const { app, limits, files } = options
  if (names.length > limits.commands) return null
  const lines = text.split('\n', names.length + 1)
  try {
    const header: unknown = JSON.parse(lines[0] ?? '')
    if (!Array.isArray(header) || header.length > limits.headerEntries) return null
    const commands = names.map((name, at) => {
      const params: unknown = JSON.parse(lines[at + 1] ?? '') || {}
      if (files !== undefined && typeof params === 'object' && params !== null)
        placeFiles(params, files)
      return { name, params }
    })
    return { app: { name: app }, rawData: text, header, commands, commandNames: names }
  } catch {
    return null
  }
}

/** Returns the last entry of a header with the given name; undefined if there is none. */
export function entryNamed(header: readonly unknown[], name: string): Entry | undefined {
  return header.findLast((entry) => (entry as Entry | null)?.['name'] === name) as Entry | undefined
}
