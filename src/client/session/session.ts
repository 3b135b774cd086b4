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
  /** The folder of the session file, `token`. It is created, for its owner only, at the first write. */
  readonly clientPath: string
  /** Receives warnings about the session file. None by default. */
  readonly logger?: SessionLogger
  /** The file system. That of Node.js by default. */
  readonly fs?: SessionFs
  /** How long to wait while another process writes the file: 2,000 ms by default. */
  readonly lockTimeoutMs?: number
  /**
   * The server that the session is with. It is saved beside the token, and a saved token of another
   * server is not used: reading throws `ErrorSessionOtherServer`. Without it nothing is checked.
   */
  readonly server?: ServerBinding
  /** The text before the token in the header. An agent of an earlier version may need `Bearer:`. `Bearer` by default. */
  readonly scheme?: 'Bearer' | 'Bearer:'
}

/** Options of `start`. */
export interface StartOptions {
  /** The token to use instead of that of the file. */
  readonly token?: string
  /** Whether the token and its refreshes are written to the file. False for a token from the environment. True by default. */
  readonly persist?: boolean
}

/** A function that returns the metadata of a call, for `CallCredentials.createFromMetadataGenerator`. */
export type SessionMetadataGenerator = (
  params: unknown,
  callback: (error: Error | null, metadata?: Metadata) => void,
  metadata?: Metadata,
) => void

const SILENT: SessionLogger = { warn: () => undefined }

/**
 * The session of a client: holds the current token, reads and writes the session file, and adds the token to calls. A change of the
 * file by another process counts from the next call on. It does not check a token: the agent refuses one that is not valid.
 */
export class Session {
  /** The folder of the session file. */
  readonly clientPath: string
  /** The path of the session file. */
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

  /** The token in memory; empty if there is none. */
  get token(): string {
    return this.#token
  }

  /**
   * Starts with the given token, which is written to the file, or with that of the file; with neither it starts without one. It can
   * be called again with a new token. Throws `ErrorSessionTokenInvalid` for text that cannot be a token, and `ErrorSessionDestroyed`.
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

  /** Removes the token from memory; the file stays. */
  async stop(): Promise<void> {
    if (this.#state === 'running') this.#state = 'stopped'
    this.#token = ''
  }

  /**
   * Removes the file. With `only` it stays if it has another token meanwhile. Throws
   * `ErrorSessionRunning` before {@link stop}.
   */
  async destroy(options: { readonly only?: string } = {}): Promise<void> {
    if (this.#state === 'running') throw new ErrorSessionRunning()
    await this.#file.clear(options)
    this.#state = 'destroyed'
  }

  /** Returns the token of the file, or undefined. While the session runs, the one in memory is set to it. */
  async readToken(): Promise<string | undefined> {
    if (!this.#persist) return this.#token === '' ? undefined : this.#token
    const held = await this.#file.read()
    if (this.#state === 'running') this.#token = held ?? ''
    return held
  }

  /** Writes the given token, or that in memory, and replaces that of the file. Writes nothing without a token. */
  async writeToken(token: string = this.#token): Promise<void> {
    if (token === '') return
    if (!isToken(token)) throw new ErrorSessionTokenInvalid()
    if (this.#persist) await this.#file.write(token)
    if (this.#state === 'running') this.#token = token
  }

  /**
   * Replaces the token that the call was made with (default: the one in memory) by a refreshed one, if the file still has it;
   * otherwise the file counts, with a newer login or without a token. So many simultaneous calls write once, and no refresh restores a
   * session that was locked meanwhile. Throws `ErrorSessionNotStarted`.
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
    // A start or stop meanwhile takes precedence.
    if (this.#token === replaces) this.#token = held ?? ''
  }

  /** Adds the header with the token to a call, or none if there is no token. It can be passed without its object. */
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
   * Returns the options of a call that send the token: `client.call(message, await session.createCallCredentials())`; empty if there
   * is no token. Use them over TLS only, because grpc-js would send them in clear too; see `withSession`. Needs `@grpc/grpc-js`.
   */
  async createCallCredentials(): Promise<{ credentials?: CallCredentials }> {
    if ((await this.readToken()) === undefined) return {}
    const { credentials } = loadGrpc()
    return { credentials: credentials.createFromMetadataGenerator(this.sessionMetadataGenerator) }
  }
}
