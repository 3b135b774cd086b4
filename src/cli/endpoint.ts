import { readFileSync } from 'node:fs'
import { LatchkeyError } from '../core/errors.ts'
import { findAgent } from './agent/agent-state.ts'
import { usage } from './usage.ts'

/** Where a server is, and what it speaks there. */
export type Endpoint =
  | {
      readonly protocol: 'http'
      readonly server: string
      /** Whether it is only where a server would be by default, be it whose it may. */
      readonly assumed: boolean
    }
  | {
      readonly protocol: 'grpc'
      /** `HOST:PORT`. */
      readonly address: string
      readonly tls: boolean | { readonly ca: Buffer }
    }

const DEFAULTS = { http: 'http://127.0.0.1:8080', grpc: 'grpcs://127.0.0.1:8300' } as const

export interface EndpointOptions {
  /** What `--server` says. */
  readonly server: string | undefined
  /** What `--ca` says: the file of the certificates by which to know the server. */
  readonly ca: string | undefined
  readonly nodePath: string
  /** What is spoken with a server that nobody named and no agent is. */
  readonly otherwise: 'http' | 'grpc'
}

/** Finds the server: that of `--server`, of `LATCHKEY_SERVER`, of the agent that runs at the node path, or the default one. */
export function endpointOf({ server, ca, nodePath, otherwise }: EndpointOptions): Endpoint {
  const { env } = process
  const given = server ?? (env['LATCHKEY_SERVER'] || undefined)
  const { agent } = given === undefined ? findAgent(nodePath) : { agent: null }
  const own =
    agent?.addresses.find(({ door }) => door === 'grpc') ??
    agent?.addresses.find(({ door }) => door === 'http')
  const text = given ?? own?.address ?? DEFAULTS[otherwise]
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || url.username !== '' || url.search !== '') throw noServer()
  if (/^https?:$/.test(url.protocol)) {
    return { protocol: 'http', server: url.href, assumed: (given ?? own) === undefined }
  }
  if (!/^grpcs?:$/.test(url.protocol) || url.pathname.length > 1) throw noServer()
  const file = ca ?? (env['LATCHKEY_CA'] || agent?.ca)
  const trusted = file === undefined || file === null ? true : { ca: readCa(file) }
  const address = url.port === '' ? `${url.hostname}:8300` : url.host
  return { protocol: 'grpc', address, tls: url.protocol === 'grpcs:' ? trusted : false }
}

function noServer(): LatchkeyError {
  return usage('--server: must be a URL such as http://127.0.0.1:8080 or grpcs://127.0.0.1:8300.')
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new LatchkeyError('not_found', `--ca: ${file} cannot be read.`, { cause })
  }
}
