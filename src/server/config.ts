import { z } from 'zod'
import type { Command } from '../commands/index.ts'
import type { Guard, Settings } from '../core/index.ts'
import { configurationError } from './configuration-error.ts'
import { type ListenAddress, parseListenAddress } from './listen-address.ts'
import { OPTIONS, type OptionKey } from './options.ts'

/** How much the log says. */
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'

/**
 * The configuration of a server. Every key but `commands`, `guards` and `mage` is a flag of `latchkey serve` and an environment variable
 * too: `trustedProxies` is `--trusted-proxies` and `LATCHKEY_TRUSTED_PROXIES`.
 */
export interface ServerConfig {
  /** Where the HTTP door listens: `127.0.0.1:8080` by default, `off` for nowhere; port 0 picks one. */
  readonly http?: string
  /** Where the Angen door listens in clear: `127.0.0.1:8200` by default in development, else `off`. */
  readonly tcp?: string
  /** Where the Angen door listens over TLS: `127.0.0.1:8201` by default, where there is a certificate. */
  readonly tls?: string
  /** Lets `tcp` listen beyond this machine. False by default. */
  readonly tcpPublic?: boolean
  /** The certificate of the doors that speak TLS, with its chain, and its key: PEM files. */
  readonly tlsCert?: string
  readonly tlsKey?: string
  /** Whether a certificate for this machine is made where none is given. By default in development only. */
  readonly tlsSelfMade?: boolean
  /** Proxies before `tcp` and `tls`, whose connections must begin with a PROXY header: addresses or CIDR prefixes. None by default. */
  readonly proxies?: readonly string[]
  /** The data folder: `./latchkey-data` by default. */
  readonly data?: string
  /** What keeps the data: `sqlite` by default; `memory` forgets everything at the end. */
  readonly store?: 'sqlite' | 'memory'
  /** Development: loopback only, short and common passwords pass, cookies over plain HTTP. False by default. */
  readonly dev?: boolean
  /** Proxies whose `X-Forwarded-For` is trusted: addresses or CIDR prefixes. None by default. */
  readonly trustedProxies?: readonly string[]
  /** `Host` headers that are served; any by default, and in development those of this machine. */
  readonly allowedHosts?: readonly string[]
  /** Origins of pages that may open a WebSocket of the Angen door, beside this host's own; `*` is any. None by default. */
  readonly allowedOrigins?: readonly string[]
  /** The origin that browsers see: `https://login.example`. */
  readonly publicUrl?: string
  /** The folder of a MAGE application's modules, `<module>/index.js`; none by default. */
  readonly modules?: string
  /** The first part of the path of MAGE commands: `game` by default. */
  readonly mageApp?: string
  /** `info` by default. */
  readonly logLevel?: LogLevel
  /** Values of settings; what an administrator changes while it runs goes over them. */
  readonly settings?: Partial<Settings>
  /** Sessions kept in memory at most: 1,000,000 by default. */
  readonly cacheEntries?: number
  /** Bytes of sessions kept in memory at most: 268,435,456 by default. */
  readonly cacheBytes?: number
  /** Connections open at once at most: 10,000 by default. */
  readonly maxConnections?: number
  /** Connections of the Angen door that have not logged in at most: 5,000 by default. */
  readonly maxUnauthenticated?: number
  /** Connections of the Angen door from one address at most, this machine excepted: 100 by default. */
  readonly maxPerAddress?: number
  /** Bytes of a line of the Angen door at most, before login an eighth: 65,536 by default. */
  readonly maxLineBytes?: number
  /** Messages of an Angen connection in a second in the long run, twice that at once: 200 by default. */
  readonly maxMessagesPerSecond?: number
  /** Bytes of an Angen connection in a second in the long run, twice that at once: 262,144 by default. */
  readonly maxBytesPerSecond?: number
  /** How long nothing may pass on an Angen connection: 60,000 ms by default. */
  readonly connectionIdleMs?: number
  /** Logins over Angen let through in a second, 0, the default, for all. The others wait for their turn. */
  readonly loginsPerSecond?: number
  /** Logins that may wait for that: 10,000 by default. */
  readonly maxWaitingLogins?: number
  /** Where the gRPC door listens: `127.0.0.1:8300` by default, where there is a certificate. */
  readonly grpc?: string
  /** Lets `grpc` go without a certificate, on this machine alone. False by default. */
  readonly grpcInsecure?: boolean
  /** Whether errors of the Angen door repeat what was sent, in development only: that may be a password. False by default. */
  readonly echoInput?: boolean
  /** How long the store may take to answer: 3,000 ms by default. */
  readonly storeTimeoutMs?: number
  /** How often what is over is removed: every 60,000 ms by default; 0 for never. */
  readonly pruneEveryMs?: number
  /** How long requests under way may take at the end: 10,000 ms by default. */
  readonly shutdownMs?: number
  /** Commands beside the built-in ones. */
  readonly commands?: readonly Command[]
  /** The configuration of the MAGE application, as `mage.core.config` gives it; `module.session.ttl` is the idle time of `game`. */
  readonly mage?: object
  /** Functions that may refuse a login. */
  readonly guards?: readonly Guard[]
}

type Listens = 'http' | 'tcp' | 'tls' | 'grpc'
type Optional = 'publicUrl' | 'modules' | 'tlsCert' | 'tlsKey'
type Defaulted = Required<Omit<ServerConfig, Listens | Optional>>

/** Where a door listens. `named` says that somebody chose it: then a taken port is fatal. */
export type DoorAddress = ListenAddress & { readonly named: boolean }

/** A configuration with every default filled in; a door is null when it is off. */
export interface ResolvedConfig extends Defaulted {
  readonly http: DoorAddress | null
  readonly tcp: DoorAddress | null
  readonly tls: DoorAddress | null
  readonly grpc: DoorAddress | null
  readonly tlsCert: string | null
  readonly tlsKey: string | null
  readonly publicUrl: string | null
  readonly modules: string | null
}

/** Gives `latchkey.config.ts` its types: `export default defineConfig({ … })`. */
export function defineConfig(config: ServerConfig): ServerConfig {
  return config
}

const callable = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function')
const CODE_KEYS = {
  commands: z.array(z.looseObject({ name: z.string(), run: callable })),
  mage: z.looseObject({}),
  guards: z.array(z.looseObject({ when: z.enum(['before', 'after']), check: callable })),
}

/**
 * Checks a configuration as a person wrote it. Throws an error of {@link configurationError} for an unknown key or a wrong
 * value, which names it; `where` says how, given the key.
 */
export function checkConfig(
  input: unknown,
  where: (key: string) => string = (key) => key,
): ServerConfig {
  const schemas: Record<string, z.ZodType> = { ...CODE_KEYS }
  for (const [key, option] of Object.entries(OPTIONS)) schemas[key] = option.schema
  const schema = z.partialRecord(z.string(), z.unknown())
  const record = schema.safeParse(input)
  if (!record.success) throw configurationError('The configuration is no object.')
  const entries = Object.entries(record.data).filter(([, value]) => value !== undefined)
  for (const [key, value] of entries) {
    const known = Object.hasOwn(schemas, key) ? schemas[key] : undefined
    if (known === undefined) throw configurationError(`${where(key)}: there is no such key.`)
    const parsed = known.safeParse(value)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      throw configurationError(`${where(key)}: ${issue?.message ?? 'wrong value'}.`)
    }
  }
  return Object.fromEntries(entries) as ServerConfig
}

/** Checks a configuration and fills in the defaults. */
export function resolveConfig(input: ServerConfig): ResolvedConfig {
  const given = checkConfig(input)
  const defaults = Object.fromEntries(
    Object.entries(OPTIONS).map(([key, option]) => [key, option.value]),
  ) as Pick<Defaulted, Exclude<OptionKey, Listens | Optional>>
  const { http, tcp, tls, grpc, publicUrl = null, modules = null, ...rest } = given
  const { tlsCert = null, tlsKey = null } = given
  const dev = rest.dev ?? defaults.dev
  return {
    commands: [],
    guards: [],
    mage: {},
    ...defaults,
    ...rest,
    publicUrl,
    modules,
    tlsCert,
    tlsKey,
    tlsSelfMade: rest.tlsSelfMade ?? dev,
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
