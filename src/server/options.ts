import { z } from 'zod'
import {
  choice,
  databaseUrl,
  file,
  HOUR,
  isOrigin,
  isProxy,
  LEVELS,
  listens,
  MiB,
  type Option,
  settings,
  textWhere,
  whole,
} from './option-schemas.ts'
import type { ServerConfig } from './server-config.ts'

/** The keys of a configuration that are also flags and environment variables. */
export type OptionKey = Exclude<
  keyof ServerConfig,
  | 'commands'
  | 'guards'
  | 'mage'
  | 'oauth'
  | 'pageTexts'
  | 'directory'
  | 'codecs'
  | 'externalSessions'
>

type Options = {
  readonly [K in OptionKey]: Option<
    K extends 'store' ? 'sqlite' | 'memory' : NonNullable<ServerConfig[K]>
  >
}

/** The table of options: flags, environment variables, keys of the configuration and `--help` are made of it. */
export const OPTIONS: Options = {
  http: listens('127.0.0.1:8080', 'where the HTTP door listens'),
  tcp: listens(
    '127.0.0.1:8200',
    'where the Angen door listens without TLS; by default with --dev only',
  ),
  tls: listens('127.0.0.1:8201', 'where the Angen door listens over TLS'),
  tcpPublic: {
    value: false,
    kind: 'switch',
    takes: '',
    about: 'allow --tcp beyond this machine, where tokens are sent unencrypted',
    schema: z.boolean('must be true or false'),
  },
  grpc: listens('127.0.0.1:8300', 'where the gRPC door listens'),
  grpcInsecure: {
    value: false,
    kind: 'switch',
    takes: '',
    about: 'allow --grpc without a certificate, on this machine only',
    schema: z.boolean('must be true or false'),
  },
  tlsCert: file('the certificate of the doors that use TLS, PEM with its chain; needs --tls-key'),
  tlsKey: file('the key of --tls-cert, PEM; changed files are read while the server runs'),
  tlsSelfMade: {
    value: false,
    kind: 'switch',
    takes: '',
    about: 'make a certificate for this machine where none is given; on by default with --dev',
    schema: z.boolean('must be true or false'),
  },
  proxies: {
    value: [],
    kind: 'list',
    takes: 'LIST',
    about: 'proxies in front of --tcp and --tls that send a PROXY header: addresses or prefixes',
    schema: z
      .array(textWhere('must be addresses or prefixes such as 10.0.0.0/8', isProxy))
      .max(1000),
  },
  data: {
    value: './latchkey-data',
    kind: 'text',
    takes: 'DIR',
    about: 'the data folder; one process at a time uses it',
    schema: textWhere('must name a folder', (text) => text.trim() !== '' && !text.includes('\0')),
  },
  store: {
    value: 'sqlite',
    kind: 'text',
    takes: 'NAME',
    about: 'sqlite, or memory, which loses everything when the server stops',
    schema: choice(['sqlite', 'memory']),
  },
  database: {
    value: undefined,
    kind: 'text',
    takes: 'URL',
    about: 'a PostgreSQL database instead of the data folder: postgres://user@host:5432/name',
    schema: databaseUrl,
  },
  databasePasswordFile: file('the file with the password of --database'),
  databaseListen: {
    value: undefined,
    kind: 'text',
    takes: 'URL',
    about: 'the URL for notifications, where --database leads to a transaction pooler',
    schema: databaseUrl,
  },
  databaseConnections: {
    value: 10,
    kind: 'integer',
    takes: 'N',
    about: 'the largest number of connections to --database',
    schema: whole(2, 10_000),
  },
  databaseBoundMs: {
    value: 0,
    kind: 'integer',
    takes: 'MS',
    about:
      'how long a node that does not receive the others may answer from its cache; 0 for its lease',
    schema: whole(0, HOUR),
  },
  node: {
    value: undefined,
    kind: 'text',
    takes: 'NAME',
    about: 'the name of this node of --database; the name of the machine by default',
    schema: textWhere('must be 1 to 64 letters, digits, . _ and -', (text) =>
      /^[\w.-]{1,64}$/.test(text),
    ),
  },
  dev: {
    value: false,
    kind: 'switch',
    takes: '',
    about: 'development: loopback only, any password is accepted, readable log',
    schema: z.boolean('must be true or false'),
  },
  trustedProxies: {
    value: [],
    kind: 'list',
    takes: 'LIST',
    about: 'proxies whose X-Forwarded-For is trusted: addresses or prefixes, separated by commas',
    schema: z
      .array(textWhere('must be addresses or prefixes such as 10.0.0.0/8', isProxy))
      .max(1000),
  },
  allowedHosts: {
    value: [],
    kind: 'list',
    takes: 'LIST',
    about:
      'allowed Host headers, separated by commas; any by default, with --dev those of this machine',
    schema: z
      .array(
        textWhere('must be host names such as login.example', (text) => /^[^\s/@]+$/.test(text)),
      )
      .max(1000),
  },
  allowedOrigins: {
    value: [],
    kind: 'list',
    takes: 'LIST',
    about:
      'origins of pages that may open a WebSocket of the Angen door, separated by commas; * allows all',
    schema: z
      .array(
        textWhere('must be origins such as https://game.example, or *', (text) =>
          text === '*' ? true : isOrigin(text),
        ),
      )
      .max(1000),
  },
  corsOrigins: {
    value: [],
    kind: 'list',
    takes: 'LIST',
    about: 'origins of pages that may call the HTTP door with a bearer token, separated by commas',
    schema: z.array(textWhere('must be origins such as https://app.example', isOrigin)).max(1000),
  },
  pages: {
    value: true,
    kind: 'switch',
    takes: '',
    about: 'show the login pages at / of the HTTP door; on by default',
    schema: z.boolean('must be true or false'),
  },
  publicUrl: {
    value: undefined,
    kind: 'text',
    takes: 'URL',
    about: 'the origin that browsers see, such as https://login.example',
    schema: textWhere('must be an origin such as https://login.example', isOrigin),
  },
  clearSiteData: {
    value: false,
    kind: 'switch',
    takes: '',
    about: 'at logout also clear the cache, all cookies and the storage of the site in the browser',
    schema: z.boolean('must be true or false'),
  },
  modules: {
    value: undefined,
    kind: 'text',
    takes: 'DIR',
    about: 'the folder of a MAGE application’s modules, such as lib/modules',
    schema: textWhere('must name a folder', (text) => text.trim() !== '' && !text.includes('\0')),
  },
  mageApp: {
    value: 'game',
    kind: 'text',
    takes: 'NAME',
    about: 'the first segment of the path of MAGE commands',
    schema: textWhere('must be letters, digits, _ and -', (text) => /^[\w-]+$/.test(text)),
  },
  logLevel: {
    value: 'info',
    kind: 'text',
    takes: 'LEVEL',
    about: LEVELS.join(', '),
    schema: choice(LEVELS),
  },
  registration: {
    value: 'open',
    kind: 'text',
    takes: 'MODE',
    about: 'who may register: open, invite or closed; a change at run time replaces it',
    schema: choice(['open', 'invite', 'closed']),
  },
  settings: {
    value: {},
    kind: 'json',
    takes: 'JSON',
    about: 'values of settings; a change at run time replaces them',
    schema: settings,
  },
  cacheEntries: {
    value: 1_000_000,
    kind: 'integer',
    takes: 'N',
    about: 'the largest number of cached sessions',
    schema: whole(1, 100_000_000),
  },
  cacheBytes: {
    value: 256 * MiB,
    kind: 'integer',
    takes: 'BYTES',
    about: 'the largest size of the session cache',
    schema: whole(1, 1024 * 1024 * MiB),
  },
  maxConnections: {
    value: 10_000,
    kind: 'integer',
    takes: 'N',
    about: 'the largest number of open connections',
    schema: whole(1, 1_000_000),
  },
  maxUnauthenticated: {
    value: 5000,
    kind: 'integer',
    takes: 'N',
    about:
      'the largest number of unauthenticated connections of a door; above it the one that was idle longest is closed',
    schema: whole(1, 1_000_000),
  },
  maxPerAddress: {
    value: 100,
    kind: 'integer',
    takes: 'N',
    about:
      'the largest number of connections of a door from one address; loopback and proxies are not counted',
    schema: whole(1, 1_000_000),
  },
  authenticateMs: {
    value: 60_000,
    kind: 'integer',
    takes: 'MS',
    about: 'how long a connection may stay unauthenticated',
    schema: whole(100, HOUR),
  },
  maxLineBytes: {
    value: 65_536,
    kind: 'integer',
    takes: 'BYTES',
    about: 'the largest line of the Angen door; before login an eighth of it',
    schema: whole(1024, 16 * MiB),
  },
  maxMessagesPerSecond: {
    value: 200,
    kind: 'integer',
    takes: 'N',
    about: 'messages a second on an Angen connection; twice that in a burst',
    schema: whole(1, 10_000_000),
  },
  maxBytesPerSecond: {
    value: 262_144,
    kind: 'integer',
    takes: 'BYTES',
    about: 'bytes a second on an Angen connection; twice that in a burst',
    schema: whole(1024, 1024 * MiB),
  },
  connectionIdleMs: {
    value: 60_000,
    kind: 'integer',
    takes: 'MS',
    about: 'how long an Angen connection may be idle',
    schema: whole(100, 24 * HOUR),
  },
  loginsPerSecond: {
    value: 0,
    kind: 'integer',
    takes: 'N',
    about: 'logins over Angen a second, others wait; 0 for no limit',
    schema: whole(0, 1_000_000),
  },
  maxWaitingLogins: {
    value: 10_000,
    kind: 'integer',
    takes: 'N',
    about:
      'the largest number of logins over Angen that wait; more are refused with a time to retry',
    schema: whole(1, 1_000_000),
  },
  echoInput: {
    value: false,
    kind: 'switch',
    takes: '',
    about: 'repeat the input in errors of the Angen door; with --dev only',
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
    about: 'how often data past its retention is removed; 0 for never',
    schema: whole(0, 24 * HOUR),
  },
  drainMs: {
    value: 1000,
    kind: 'integer',
    takes: 'MS',
    about:
      'how long the server still accepts requests after SIGTERM, while /readyz says that it is not ready; 0 with --dev',
    schema: whole(0, HOUR),
  },
  shutdownMs: {
    value: 10_000,
    kind: 'integer',
    takes: 'MS',
    about: 'how long requests in progress may take when the server stops',
    schema: whole(0, HOUR),
  },
}

/** The keys in the order of `--help`. */
export const OPTION_KEYS = Object.keys(OPTIONS) as readonly OptionKey[]

/** Returns the flag of a key: `trustedProxies` is `--trusted-proxies`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** Returns the environment variable of a key: `trustedProxies` is `LATCHKEY_TRUSTED_PROXIES`. */
export function variableOf(key: string): string {
  return `LATCHKEY_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** Parses the text of a flag or a variable. Returns a text that cannot be parsed as it is, for the check to refuse. */
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
