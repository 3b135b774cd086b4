import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AGENT_BINDING, type ServerBinding } from '../client/session/server-binding.ts'
import { LatchkeyError } from '../core/errors.ts'
import { type AgentInfo, findAgent } from './agent/agent-state.ts'
import { usage } from './usage.ts'

/** The address of a server and the protocol to use. */
export type Endpoint = {
  /** Whether this is the default address, which neither the user nor a running agent named. */
  readonly assumed: boolean
  /** The server as a saved token is bound to it. */
  readonly binding: ServerBinding
} & (
  | {
      readonly protocol: 'http'
      readonly server: string
    }
  | {
      readonly protocol: 'grpc'
      /** `HOST:PORT`. */
      readonly address: string
      readonly tls: boolean | { readonly ca: Buffer }
    }
)

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
  const { agent: local } = findAgent(nodePath)
  const agent = given === undefined ? local : null
  const own =
    agent?.addresses.find(({ door }) => door === 'grpc') ??
    agent?.addresses.find(({ door }) => door === 'http')
  const text = given ?? own?.address ?? DEFAULTS[otherwise]
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || url.username !== '' || url.search !== '') throw wrongServer()
  const assumed = (given ?? own) === undefined
  if (/^https?:$/.test(url.protocol)) {
    const binding = isOf(local, url) ? AGENT_BINDING : { server: url.href, ca: null }
    return { protocol: 'http', server: url.href, assumed, binding }
  }
  if (!/^grpcs?:$/.test(url.protocol) || url.pathname.length > 1) throw wrongServer()
  const isLocal = isOf(local, url)
  return { ...grpcEndpoint(url, ca ?? (env['LATCHKEY_CA'] || agent?.ca), isLocal), assumed }
}

function grpcEndpoint(url: URL, file: string | null | undefined, isLocal: boolean) {
  const trusted = file === undefined || file === null ? true : { ca: readCa(file) }
  const address = url.port === '' ? `${url.hostname}:8300` : url.host
  const tls = url.protocol === 'grpcs:' ? trusted : false
  const ca = typeof tls === 'object' ? digestOf(tls.ca) : null
  const binding = isLocal ? AGENT_BINDING : { server: `${url.protocol}//${address}`, ca }
  return { protocol: 'grpc', address, tls, binding } as const
}

/** Returns whether an address is one of the running local agent. */
function isOf(agent: AgentInfo | null, url: URL): boolean {
  const isSame = (address: string) => URL.canParse(address) && new URL(address).href === url.href
  return agent?.addresses.some(({ address }) => isSame(address)) === true
}

function digestOf(certificates: Buffer): string {
  return createHash('sha256').update(certificates).digest('hex')
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
