import { z } from 'zod'
import type { Directory, Store } from '../core/index.ts'
import { configurationError } from './configuration-error.ts'
import { type ListenAddress, parseListenAddress } from './listen-address.ts'
import { OPTIONS, type OptionKey } from './options.ts'
import type { ServerConfig } from './server-config.ts'

type Listens = 'http' | 'tcp' | 'tls' | 'grpc'
type Database = 'database' | 'databasePasswordFile' | 'databaseListen' | 'node'
type Optional = 'publicUrl' | 'modules' | 'tlsCert' | 'tlsKey' | 'directory' | Database
type Defaulted = Required<Omit<ServerConfig, Listens | Optional>>

/** Where a door listens. `named` tells an address of the configuration from a default: only for the former is a taken port an error. */
export type DoorAddress = ListenAddress & { readonly named: boolean }

/** A configuration with its defaults. A door that is off is null. */
export interface ResolvedConfig extends Defaulted {
  readonly http: DoorAddress | null
  readonly tcp: DoorAddress | null
  readonly tls: DoorAddress | null
  readonly grpc: DoorAddress | null
  readonly tlsCert: string | null
  readonly tlsKey: string | null
  readonly publicUrl: string | null
  readonly modules: string | null
  readonly directory: Directory | null
  readonly database: string | null
  readonly databasePasswordFile: string | null
  readonly databaseListen: string | null
  readonly node: string | null
}

const callable = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function')
const isStore = (value: unknown): value is Store | Promise<Store> =>
  value instanceof Promise ||
  (typeof value === 'object' && value !== null && 'sessions' in value && 'documents' in value)
const CODE_KEYS = {
  directory: z.custom<Directory>(
    (value) => typeof (value as Partial<Directory> | null)?.findByIdentity === 'function',
    'must be a directory',
  ),
  codecs: z.array(z.union([callable, z.looseObject({ name: z.string(), format: callable })])),
  externalSessions: z.array(z.looseObject({ format: z.string(), find: callable })),
  commands: z.array(z.looseObject({ name: z.string(), run: callable })),
  mage: z.looseObject({}),
  oauth: z.strictObject({
    clients: z
      .array(
        z.strictObject({
          id: z.string(),
          name: z.string().optional(),
          grants: z.array(z.enum(['device_code', 'refresh_token'])).optional(),
          profile: z.enum(['agent', 'web', 'device']).optional(),
          format: z.string().optional(),
          roles: z.array(z.string()).nullable().optional(),
          introspect: z.boolean().optional(),
          secret: z.string().optional(),
        }),
      )
      .optional(),
    verificationUri: z.url({ protocol: /^https?$/, error: 'must be the URL of a page' }).optional(),
  }),
  pageTexts: z.record(z.string(), z.string()),
  guards: z.array(z.looseObject({ when: z.enum(['before', 'after']), check: callable })),
}

/**
 * Checks a configuration. Throws an error of `configurationError` for an unknown key or a wrong value. The message begins with
 * `where(key)`, the key by default.
 */
export function checkConfig(
  input: unknown,
  where: (key: string) => string = (key) => key,
): ServerConfig {
  const schemas: Record<string, z.ZodType> = { ...CODE_KEYS }
  for (const [key, option] of Object.entries(OPTIONS)) schemas[key] = option.schema
  schemas['store'] = z.union([z.custom(isStore), OPTIONS.store.schema], {
    error: 'must be one of sqlite, memory, or a store',
  })
  const schema = z.partialRecord(z.string(), z.unknown())
  const record = schema.safeParse(input)
  if (!record.success) throw configurationError('The configuration must be an object.')
  const entries = Object.entries(record.data).filter(([, value]) => value !== undefined)
  for (const [key, value] of entries) {
    const valueSchema = Object.hasOwn(schemas, key) ? schemas[key] : undefined
    if (valueSchema === undefined) throw configurationError(`${where(key)}: there is no such key.`)
    const parsed = valueSchema.safeParse(value)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      throw configurationError(`${where(key)}: ${issue?.message ?? 'wrong value'}.`)
    }
  }
  return Object.fromEntries(entries) as ServerConfig
}

/** Checks a configuration and adds the defaults. Throws as `checkConfig` does. */
export function resolveConfig(input: ServerConfig): ResolvedConfig {
  const given = checkConfig(input)
  const defaults = Object.fromEntries(
    Object.entries(OPTIONS).map(([key, option]) => [key, option.value]),
  ) as Pick<Defaulted, Exclude<OptionKey, Listens | Optional>>
  const { http, tcp, tls, grpc, ...rest } = given
  const {
    publicUrl = null,
    modules = null,
    tlsCert = null,
    tlsKey = null,
    directory = null,
    database = null,
    databasePasswordFile = null,
    databaseListen = null,
    node = null,
  } = given
  const dev = rest.dev ?? defaults.dev
  return {
    commands: [],
    guards: [],
    codecs: [],
    externalSessions: [],
    mage: {},
    oauth: {},
    pageTexts: {},
    ...defaults,
    ...rest,
    publicUrl,
    modules,
    tlsCert,
    tlsKey,
    directory,
    database,
    databasePasswordFile,
    databaseListen,
    node,
    tlsSelfMade: rest.tlsSelfMade ?? dev,
    drainMs: rest.drainMs ?? (dev ? 0 : defaults.drainMs),
    http: addressOf(http, OPTIONS.http.value),
    tcp: addressOf(tcp, dev ? OPTIONS.tcp.value : undefined),
    tls: addressOf(tls, OPTIONS.tls.value),
    grpc: addressOf(grpc, OPTIONS.grpc.value),
  }
}

function addressOf(given: string | undefined, byDefault: string | undefined): DoorAddress | null {
  const text = given ?? byDefault ?? 'off'
  const address = text === 'off' ? null : parseListenAddress(text)
  return address === null ? null : { ...address, named: given !== undefined }
}
