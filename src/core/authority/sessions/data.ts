import { LatchkeyError } from '../../errors.ts'
import { DataEntry } from '../cache/data-entry.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'
import type { Authenticated } from './authenticate.ts'

/** The data that an application stores with a session. It is removed with the session. */
export interface SessionDataView {
  /** Null if nothing was saved. A copy: changing it does not change the stored value. */
  readonly value: unknown
  /** 0 if nothing was saved. */
  readonly version: number
}

export async function findData(
  context: AuthorityContext,
  id: string,
  options: CallOptions,
): Promise<SessionDataView> {
  const entry = await loadData(context, id, options)
  return { value: JSON.parse(entry.value), version: entry.version }
}

/** Returns the cached data as JSON text; null if it is not cached or the cache is not trusted. */
export function cachedData(context: AuthorityContext, id: string): DataEntry | null {
  return (context.trusted() ? context.data.get(id) : undefined) ?? null
}

/** Returns the data as JSON text, from the cache if it may be trusted. */
export async function loadData(
  context: AuthorityContext,
  id: string,
  options: CallOptions,
): Promise<DataEntry> {
  const cached = cachedData(context, id)
  if (cached !== null) return cached
  const load = async () => {
    const entry = new DataEntry(
      await context.ask(() => context.store.data.find(id), options.signal),
    )
    return { entry, result: entry }
  }
  return context.trusted() ? context.data.fill(id, load) : (await load()).result
}

export async function saveData(
  context: AuthorityContext,
  { session: { id } }: Authenticated,
  { value, version }: { readonly value: unknown; readonly version?: number },
  options: CallOptions,
): Promise<number> {
  const text = dataText(context, value)
  const saved = await context.write(
    () => context.store.data.save(id, text, version),
    (done) => (done === null ? null : { kind: 'data-changed', id }),
    options.signal,
  )
  if (saved !== null) return saved
  // A cached read may be one save old; a retry must read the stored value.
  context.data.invalidate(id)
  throw new LatchkeyError(
    'conflict',
    'The data changed, or the session ended, in the meantime. Load it again.',
  )
}

/**
 * Returns the JSON text of data. Throws `invalid_request` if it is not JSON, `too_large` above
 * `session.maxDataBytes`.
 */
export function dataText(context: AuthorityContext, value: unknown): string {
  const text = toJson(value)
  const limit = context.settings.get('session.maxDataBytes')
  if (Buffer.byteLength(text) > limit) {
    throw new LatchkeyError(
      'too_large',
      `The data of a session may have at most ${limit} bytes.${largestKey(value)}`,
    )
  }
  return text
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch (cause) {
    throw new LatchkeyError('invalid_request', 'The data of a session must be JSON.', { cause })
  }
}

function largestKey(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ''
  const sizes = Object.entries(value).map(
    ([key, part]) => [key, JSON.stringify(part)?.length ?? 0] as const,
  )
  const [largest] = sizes.sort(([, one], [, other]) => other - one)
  return largest === undefined ? '' : ` The largest key is ${largest[0].slice(0, 100)}.`
}
