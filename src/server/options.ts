import { z } from 'zod'
import { canonicalAddress, withinPrefix } from '../core/address.ts'
import { LatchkeyError } from '../core/errors.ts'
import { checkSetting } from '../core/settings.ts'
import { parseListenAddress } from './listen-address.ts'
import type { ServerConfig } from './server-config.ts'

/** The keys of a configuration that are also flags and environment variables. */
export type OptionKey = Exclude<
  keyof ServerConfig,
  'commands' | 'guards' | 'mage' | 'directory' | 'codecs'
>

/** How the text of a flag or a variable is read. */
type Kind = 'text' | 'integer' | 'switch' | 'list' | 'json'

interface Option<T> {
  /** The default. */
  readonly value: T | undefined
  readonly kind: Kind
  /** What stands for the value in `--help`. */
  readonly takes: string
  readonly about: string
  readonly schema: z.ZodType
}

type Options = {
  readonly [K in OptionKey]: Option<
    K extends 'store' ? 'sqlite' | 'memory' : NonNullable<ServerConfig[K]>
  >
}

function says(message: string, test: (text: string) => boolean) {
  return z.string(message).refine(test, message)
}

function whole(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`
  return z.int(message).min(min, message).max(max, message)
}

function choice(values: readonly [string, ...string[]]) {
  return z.enum(values, `must be one of ${values.join(', ')}`)
}

/** Where a door listens. */
function listens(value: string, about: string) {
  return {
    value,
    kind: 'text',
    takes: 'HOST:PORT',
    about: `${about}; off closes it, port 0 picks one`,
    schema: says(
      `must be HOST:PORT, such as ${value} or [::1]:${value.split(':')[1]}, or off`,
      (text) => text === 'off' || parseListenAddress(text) !== null,
    ),
  } as const
}

function file(about: string) {
  return {
    value: undefined,
    kind: 'text',
    takes: 'FILE',
    about,
    schema: says('must name a file', (text) => text.trim() !== '' && !text.includes('\0')),
  } as const
}

// An address is within every prefix that it begins, so this is false exactly for what is none.
const isProxy = (text: string) => {
  const base = text.split('/')[0] ?? ''
  return canonicalAddress(base) !== null && withinPrefix(base, text)
}

const isOrigin = (text: string) => {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
}

const settings = z
  .record(z.string(), z.unknown(), 'must be an object of settings')
  .superRefine((values, context) => {
    for (const [name, value] of Object.entries(values)) {
      try {
        checkSetting(name, value)
      } catch (error) {
        if (!(error instanceof LatchkeyError)) throw error
        context.addIssue({ code: 'custom', message: error.message.replace(/\.$/, '') })
      }
    }
  })

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const
const MiB = 1024 * 1024
const HOUR = 3_600_000

/** The one table of which flags, environment variables, keys of the configuration and `--help` are made. */
export const OPTIONS: Options = {
  http: listens('127.0.0.1:8080', 'where the HTTP door listens'),
  tcp: listens(
    '127.0.0.1:8200',
    'where the Angen door listens in clear; by default with --dev only',
  ),
  tls: listens('127.0.0.1:8201', 'where the Angen door listens over TLS'),
  tcpPublic: {
    value: false,
    kind: 'switch',
    takes: '',
    about: 'let --tcp listen beyond this machine, where tokens travel in clear',
    schema: z.boolean('must be true or false'),
  },
  grpc: listens('127.0.0.1:8300', 'where the gRPC door listens'),
  grpcInsecure: {
    value: false,
    kind: 'switch',
    takes: '',
    about: 'let --grpc go without a certificate, on this machine alone',
    schema: z.boolean('must be true or false'),
  },
  tlsCert: file('the certificate of the doors that speak TLS, with its chain, PEM; with --tls-key'),
  tlsKey: file('its key, PEM; new files are read while it runs'),
  tlsSelfMade: {
    value: false,
    kind: 'switch',
    takes: '',
    about: 'make a certificate for this machine where none is given; with --dev it is made anyway',
    schema: z.boolean('must be true or false'),
  },
  proxies: {
    value: [],
    kind: 'list',
    takes: 'LIST',
    about: 'proxies before --tcp and --tls that send a PROXY header: addresses or prefixes',
    schema: z.array(says('must be addresses or prefixes such as 10.0.0.0/8', isProxy)).max(1000),
  },
  data: {
    value: './latchkey-data',
    kind: 'text',
    takes: 'DIR',
    about: 'the data folder; one process at a time has it',
    schema: says('must name a folder', (text) => text.trim() !== '' && !text.includes('\0')),
  },
  store: {
    value: 'sqlite',
    kind: 'text',
    takes: 'NAME',
    about: 'sqlite, or memory, which forgets everything at the end',
    schema: choice(['sqlite', 'memory']),
  },
  dev: {
    value: false,
    kind: 'switch',
    takes: '',
    about: 'development: loopback only, any password passes, readable log',
    schema: z.boolean('must be true or false'),
  },
  trustedProxies: {
    value: [],
    kind: 'list',
    takes: 'LIST',
    about: 'proxies whose X-Forwarded-For is trusted: addresses or prefixes, with commas',
    schema: z.array(says('must be addresses or prefixes such as 10.0.0.0/8', isProxy)).max(1000),
  },
  allowedHosts: {
    value: [],
    kind: 'list',
    takes: 'LIST',
    about: 'Host headers that are served, with commas; any by default, with --dev this machine’s',
    schema: z
      .array(says('must be host names such as login.example', (text) => /^[^\s/@]+$/.test(text)))
      .max(1000),
  },
  allowedOrigins: {
    value: [],
    kind: 'list',
    takes: 'LIST',
    about: 'origins of pages that may open a WebSocket of the Angen door, with commas; * is any',
    schema: z
      .array(
        says('must be origins such as https://game.example, or *', (text) =>
          text === '*' ? true : isOrigin(text),
        ),
      )
      .max(1000),
  },
  publicUrl: {
    value: undefined,
    kind: 'text',
    takes: 'URL',
    about: 'the origin that browsers see, such as https://login.example',
    schema: says('must be an origin such as https://login.example', isOrigin),
  },
  modules: {
    value: undefined,
    kind: 'text',
    takes: 'DIR',
    about: 'the folder of a MAGE application’s modules, such as lib/modules',
    schema: says('must name a folder', (text) => text.trim() !== '' && !text.includes('\0')),
  },
  mageApp: {
    value: 'game',
    kind: 'text',
    takes: 'NAME',
    about: 'the first part of the path of MAGE commands',
    schema: says('must be letters, digits, _ and -', (text) => /^[\w-]+$/.test(text)),
  },
  logLevel: {
    value: 'info',
    kind: 'text',
    takes: 'LEVEL',
    about: LEVELS.join(', '),
    schema: choice(LEVELS),
  },
  settings: {
    value: {},
    kind: 'json',
    takes: 'JSON',
    about: 'values of settings; what an administrator changes goes over them',
    schema: settings,
  },
  cacheEntries: {
    value: 1_000_000,
    kind: 'integer',
    takes: 'N',
    about: 'sessions kept in memory at most',
    schema: whole(1, 100_000_000),
  },
  cacheBytes: {
    value: 256 * MiB,
    kind: 'integer',
    takes: 'BYTES',
    about: 'memory for sessions at most',
    schema: whole(1, 1024 * 1024 * MiB),
  },
  maxConnections: {
    value: 10_000,
    kind: 'integer',
    takes: 'N',
    about: 'connections open at once at most',
    schema: whole(1, 1_000_000),
  },
  maxUnauthenticated: {
    value: 5000,
    kind: 'integer',
    takes: 'N',
    about: 'connections of the Angen door that have not logged in at most',
    schema: whole(1, 1_000_000),
  },
  maxPerAddress: {
    value: 100,
    kind: 'integer',
    takes: 'N',
    about: 'connections of the Angen door from one address at most; this machine has no limit',
    schema: whole(1, 1_000_000),
  },
  maxLineBytes: {
    value: 65_536,
    kind: 'integer',
    takes: 'BYTES',
    about: 'a line of the Angen door at most; before login an eighth',
    schema: whole(1024, 16 * MiB),
  },
  maxMessagesPerSecond: {
    value: 200,
    kind: 'integer',
    takes: 'N',
    about: 'messages of an Angen connection in the long run; twice that at once',
    schema: whole(1, 10_000_000),
  },
  maxBytesPerSecond: {
    value: 262_144,
    kind: 'integer',
    takes: 'BYTES',
    about: 'bytes of an Angen connection in the long run; twice that at once',
    schema: whole(1024, 1024 * MiB),
  },
  connectionIdleMs: {
    value: 60_000,
    kind: 'integer',
    takes: 'MS',
    about: 'how long nothing may pass on an Angen connection',
    schema: whole(100, 24 * HOUR),
  },
  loginsPerSecond: {
    value: 0,
    kind: 'integer',
    takes: 'N',
    about: 'logins over Angen let through in a second, the others wait for their turn; 0 for all',
    schema: whole(0, 1_000_000),
  },
  maxWaitingLogins: {
    value: 10_000,
    kind: 'integer',
    takes: 'N',
    about: 'logins over Angen that may wait for that; past it they are refused with a retry time',
    schema: whole(1, 1_000_000),
  },
  echoInput: {
    value: false,
    kind: 'switch',
    takes: '',
    about: 'errors of the Angen door repeat what was sent, as the original; with --dev only',
    schema: z.boolean('must be true or false'),
  },
  storeTimeoutMs: {
    value: 3000,
    kind: 'integer',
    takes: 'MS',
    about: 'how long the store may take to answer',
    schema: whole(1, HOUR),
  },
  pruneEveryMs: {
    value: 60_000,
    kind: 'integer',
    takes: 'MS',
    about: 'how often what is over is removed; 0 for never',
    schema: whole(0, 24 * HOUR),
  },
  shutdownMs: {
    value: 10_000,
    kind: 'integer',
    takes: 'MS',
    about: 'how long requests under way may take at the end',
    schema: whole(0, HOUR),
  },
}

/** All keys, in the order of `--help`. */
export const OPTION_KEYS = Object.keys(OPTIONS) as readonly OptionKey[]

/** The flag of a key: `trustedProxies` is `--trusted-proxies`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** The environment variable of a key: `trustedProxies` is `LATCHKEY_TRUSTED_PROXIES`. */
export function variableOf(key: string): string {
  return `LATCHKEY_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** The value that a flag’s or a variable’s text stands for; text that stands for none is left for the check to refuse. */
export function readOption(key: OptionKey, text: string): unknown {
  switch (OPTIONS[key].kind) {
    case 'text':
      return text
    case 'integer':
      return /^\d{1,15}$/.test(text) ? Number(text) : text
    case 'switch':
      if (/^(1|true|yes|on)$/i.test(text)) return true
      return /^(0|false|no|off)$/i.test(text) ? false : text
    case 'list':
      return text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]))
    case 'json':
      try {
        return JSON.parse(text)
      } catch {
        return text
      }
  }
}
