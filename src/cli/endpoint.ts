import { readFileSync } from 'node:fs'
import { LatchkeyError } from '../core/errors.ts'
import { findAgent } from './agent/agent-state.ts'
import { usage } from './usage.ts'

/** The address of a server and the protocol to use. */
export type Endpoint =
  | {
      readonly protocol: 'http'
      readonly server: string
      /** Whether this is the default address, which neither the user nor a running agent named. */
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
  /** The value of `--server`. */
  readonly server: string | undefined
  /** The value of `--ca`: a file of CA certificates. */
  readonly ca: string | undefined
  readonly nodePath: string
  /** The protocol of the default server. */
  readonly otherwise: 'http' | 'grpc'
}

/** Finds the server: that of `--server`, else of `LATCHKEY_SERVER`, else of the agent at the node path, else the default one. */
export function endpointOf({ server, ca, nodePath, otherwise }: EndpointOptions): Endpoint {
  const { env } = process
  const given = server ?? (env['LATCHKEY_SERVER'] || undefined)
  const { agent } = given === undefined ? findAgent(nodePath) : { agent: null }
  const own =
    agent?.addresses.find(({ door }) => door === 'grpc') ??
    agent?.addresses.find(({ door }) => door === 'http')
  const text = given ?? own?.address ?? DEFAULTS[otherwise]
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || url.username !== '' || url.search !== '') throw wrongServer()
  if (/^https?:$/.test(url.protocol)) {
    return { protocol: 'http', server: url.href, assumed: (given ?? own) === undefined }
  }
  if (!/^grpcs?:$/.test(url.protocol) || url.pathname.length > 1) throw wrongServer()
  const file = ca ?? (env['LATCHKEY_CA'] || agent?.ca)
  const trusted = file === undefined || file === null ? true : { ca: readCa(file) }
  const address = url.port === '' ? `${url.hostname}:8300` : url.host
  return { protocol: 'grpc', address, tls: url.protocol === 'grpcs:' ? trusted : false }
}

function wrongServer(): LatchkeyError {
  return usage('--server: must be a URL such as http://127.0.0.1:8080 or grpcs://127.0.0.1:8300.')
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new LatchkeyError('not_found', `--ca: ${file} cannot be read.`, { cause })
  }
}
