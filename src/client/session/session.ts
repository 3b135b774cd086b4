import nodeFs from 'node:fs'
import type { CallCredentials, Metadata } from '@grpc/grpc-js'
import {
  ErrorSessionDestroyed,
  ErrorSessionNotStarted,
  ErrorSessionRunning,
  ErrorSessionTokenInvalid,
} from '../errors.ts'
import { loadGrpc } from '../grpc/load-grpc.ts'
import type { ServerBinding } from './server-binding.ts'
import {
  createTokenFile,
  isToken,
  type SessionFs,
  type SessionLogger,
  type TokenFile,
} from './token-file.ts'

/** Options of a `Session`. */
export interface SessionOptions {
  /** The folder of the session file, `token`. Made, for its owner alone, when there is something to write. */
  readonly clientPath: string
  /** Hears what had to be put right. Default: nobody. */
  readonly logger?: SessionLogger
  /** Default: Node’s. */
  readonly fs?: SessionFs
  /** How long to wait while another process writes the file: 2,000 ms by default. */
  readonly lockTimeoutMs?: number
  /**
   * The server that the session is with. It is saved beside the token, and a saved token of another
   * server is not used: reading throws `ErrorSessionOtherServer`. Without it nothing is checked.
   */
  readonly server?: ServerBinding
  /** What stands before the token in the header; an agent of before may want `Bearer:`. Default: `Bearer`. */
  readonly scheme?: 'Bearer' | 'Bearer:'
}

/** Options of `start`. */
export interface StartOptions {
  /** Begin with this token instead of that of the file. */
  readonly token?: string
  /** False keeps the token, and every refresh of it, in memory: for one that came from the environment. Default: true. */
  readonly persist?: boolean
}

/** What gives the metadata of a call, as `CallCredentials.createFromMetadataGenerator` takes it. */
export type SessionMetadataGenerator = (
  params: unknown,
  callback: (error: Error | null, metadata?: Metadata) => void,
  metadata?: Metadata,
) => void

const SILENT: SessionLogger = { warn: () => undefined }

/**
 * The session of a client: holds the current token, reads it from the session file and writes it there, and gives it to calls.
 * What another process wrote to the file, a newer token or none, counts from the next call on. It never checks a token: one that
 * is dead is refused by the agent.
 */
export class Session {
  /** The folder of the session file. */
  readonly clientPath: string
  /** Where the token is kept. */
  readonly sessionFile: string
  /** What precedes the token in the metadata of a call. */
  readonly scheme: 'Bearer' | 'Bearer:'
  /** Receives warnings about the session file. */
  readonly logger: SessionLogger
  readonly #file: TokenFile
  #state: 'new' | 'running' | 'stopped' | 'destroyed' = 'new'
  #persist = true
  #token = ''
  #refreshing: { readonly replaces: string; readonly done: Promise<void> } | null = null

  constructor(options: SessionOptions) {
    const { clientPath: folder, logger = SILENT, fs = nodeFs, lockTimeoutMs = 2000 } = options
    const { server } = options
    const file = { folder, fs, logger, lockTimeoutMs }
    this.#file = createTokenFile(server === undefined ? file : { ...file, server })
    this.scheme = options.scheme ?? 'Bearer'
    this.logger = logger
    this.clientPath = folder
    this.sessionFile = this.#file.path
  }

  /** The token in memory; empty where there is none. */
  get token(): string {
    return this.#token
  }

  /**
   * Begins with the token given, which goes to the file, or else with that of the file; with neither it begins without one. May be
   * called again, with a new token. Throws `ErrorSessionTokenInvalid` for what cannot be a token, and `ErrorSessionDestroyed`.
   */
  async start({ token, persist = true }: StartOptions = {}): Promise<void> {
    if (this.#state === 'destroyed') throw new ErrorSessionDestroyed()
    if (token !== undefined && !isToken(token)) throw new ErrorSessionTokenInvalid()
    const begun = token ?? (await this.#file.read()) ?? ''
    if (token !== undefined && persist) await this.#file.write(token)
    this.#persist = persist || token === undefined
    this.#token = begun
    this.#state = 'running'
  }

  /** Forgets the token in memory; the file stays. */
  async stop(): Promise<void> {
    if (this.#state === 'running') this.#state = 'stopped'
    this.#token = ''
  }

  /**
   * Removes the file: locked. With `only` it stays if it holds another token by now. Throws
   * `ErrorSessionRunning` before `stop`.
   */
  async destroy(options: { readonly only?: string } = {}): Promise<void> {
    if (this.#state === 'running') throw new ErrorSessionRunning()
    await this.#file.clear(options)
    this.#state = 'destroyed'
  }

  /** The token of the file, or undefined; the one in memory follows it while the session runs. */
  async readToken(): Promise<string | undefined> {
    if (!this.#persist) return this.#token === '' ? undefined : this.#token
    const held = await this.#file.read()
    if (this.#state === 'running') this.#token = held ?? ''
    return held
  }

  /** Writes the token given, or that in memory, whatever the file holds; without one it writes nothing. */
  async writeToken(token: string = this.#token): Promise<void> {
    if (token === '') return
    if (!isToken(token)) throw new ErrorSessionTokenInvalid()
    if (this.#persist) await this.#file.write(token)
    if (this.#state === 'running') this.#token = token
  }

  /**
   * Takes a refreshed token in place of the one that the call was made with (default: the one in memory), if the file still holds
   * that; else what the file holds counts, be it a newer login or nothing. So a burst of calls writes once, and no
   * refresh brings back what was locked meanwhile. Throws `ErrorSessionNotStarted`.
   */
  async refresh(
    token: string,
    { replaces = this.#token }: { readonly replaces?: string } = {},
  ): Promise<void> {
    if (this.#state !== 'running') throw new ErrorSessionNotStarted()
    if (!isToken(token)) throw new ErrorSessionTokenInvalid()
    if (token === replaces || replaces !== this.#token || replaces === '') return
    if (!this.#persist) {
      this.#token = token
      return
    }
    if (this.#refreshing?.replaces === replaces) return this.#refreshing.done
    const done = this.#replace(token, replaces)
    this.#refreshing = { replaces, done }
    try {
      await done
    } finally {
      if (this.#refreshing.done === done) this.#refreshing = null
    }
  }

  async #replace(token: string, replaces: string): Promise<void> {
    const held = await this.#file.write(token, { replaces })
    // What was started, or stopped, meanwhile goes before it.
    if (this.#token === replaces) this.#token = held ?? ''
  }

  /** Gives a call the header with the token, or none where there is no token. Needs no `this`. */
  readonly sessionMetadataGenerator: SessionMetadataGenerator = (_params, callback, metadata) => {
    this.#authorize(metadata).then(
      (authorized) => callback(null, authorized),
      (error: unknown) => callback(error as Error),
    )
  }

  async #authorize(given?: Metadata): Promise<Metadata> {
    const metadata = given ?? new (loadGrpc().Metadata)()
    const token = await this.readToken()
    if (token !== undefined) metadata.set('authorization', `${this.scheme} ${token}`)
    return metadata
  }

  /**
   * The options of a call that send the token along: `client.call(message, await session.createCallCredentials())`; empty where
   * there is no token. Over TLS only: grpc-js would send them in clear too, see `withSession`. Needs `@grpc/grpc-js`.
   */
  async createCallCredentials(): Promise<{ credentials?: CallCredentials }> {
    if ((await this.readToken()) === undefined) return {}
    const { credentials } = loadGrpc()
    return { credentials: credentials.createFromMetadataGenerator(this.sessionMetadataGenerator) }
  }
}
