import { constants, type promises, type Stats } from 'node:fs'
import { join } from 'node:path'
import {
  ErrorSession,
  ErrorSessionFileUnsafe,
  ErrorSessionFileUnusable,
  ErrorSessionOtherServer,
} from '../errors.ts'
import { withFileLock } from './file-lock.ts'
import { AGENT_BINDING, isSameServer, parseBinding, type ServerBinding } from './server-binding.ts'

/** The part of `node:fs` that a session file needs. */
export interface SessionFs {
  /** The functions of `node:fs/promises` that are used. */
  readonly promises: Pick<typeof promises, 'open' | 'lstat' | 'mkdir' | 'rename' | 'rm'>
}

/** Receives warnings about a session file. */
export interface SessionLogger {
  /** Logs a warning. */
  warn(message: string): void
}

export interface TokenFileOptions {
  readonly folder: string
  readonly fs: SessionFs
  readonly logger: SessionLogger
  /** How long to wait for another process that writes. */
  readonly lockTimeoutMs: number
  /**
   * The server that the token is for: written beside a new token, and a token of another server is
   * not read. Without it no server is written and none is checked.
   */
  readonly server?: ServerBinding
}

/** A file with one token and nothing else, readable only by its owner. */
export interface TokenFile {
  readonly path: string
  /** Returns the token; undefined if there is none or the text cannot be one. Takes no lock and never returns half a token. */
  read(): Promise<string | undefined>
  /**
   * Writes a token; with `replaces` only if the file still has that one. Resolves with the token that the file then has. A process that
   * is killed during the write leaves the old token or the new one, complete.
   */
  write(token: string, options?: { readonly replaces?: string }): Promise<string | undefined>
  /** Removes the file; with `only` if it still holds that token. */
  clear(options?: { readonly only?: string }): Promise<void>
}

const MAX_CHARS = 4096
const OTHERS = 0o077
const WRITABLE = 0o022
const STICKY = 0o1000
// Windows has neither.
const NOFOLLOW = constants.O_NOFOLLOW ?? 0
const NONBLOCK = constants.O_NONBLOCK ?? 0
const READ = constants.O_RDONLY | NOFOLLOW | NONBLOCK
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NOFOLLOW

/** The errors of file systems that cannot sync folders, such as those of networks and containers. */
const NO_SYNC: ReadonlySet<unknown> = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS'])

/** Returns whether a text can be a token: one line of characters that a header may have, at most 4,096. */
export function isToken(text: string): boolean {
  return text.length <= MAX_CHARS && /^[\x21-\x7e]+$/.test(text)
}

/** Returns the token file of a folder. The folder is created, for its owner only, at the first write. */
export function createTokenFile(options: TokenFileOptions): TokenFile {
  const { folder, logger, lockTimeoutMs, server } = options
  const fs = options.fs.promises
  const path = join(folder, 'token')
  // One name is enough, because only the holder of the lock writes; the rest of a killed process is overwritten.
  const temporary = join(folder, 'token.new')
  const serverPath = join(folder, 'server.json')
  const temporaryServer = join(folder, 'server.json.new')

  // A token of another server is removed before its server is replaced. So a token that is read
  // between two equal readings of its server belongs to that server.
  const read = async () => {
    if (server === undefined) return readToken()
    const before = await readBinding()
    const token = await readToken()
    if (token === undefined) return undefined
    const after = await readBinding()
    if (isSameServer(before, server) && isSameServer(after, server)) return token
    throw new ErrorSessionOtherServer({
      message: `The session in ${path} belongs to ${after.server === 'agent' ? 'the local agent' : after.server}, not to ${server.server}. Log in to this server, or name that one with --server.`,
    })
  }

  /** As `read`, and undefined for a token of another server. */
  const readHere = () =>
    read().catch((error: unknown) => {
      if (error instanceof ErrorSessionOtherServer) return undefined
      throw error
    })

  const readBinding = async (): Promise<ServerBinding> => {
    const handle = await ifPresent(fs.open(serverPath, READ))
    if (handle === undefined) return AGENT_BINDING
    try {
      const stats = await handle.stat()
      requireOwn(serverPath, stats, stats.isFile())
      const buffer = Buffer.alloc(MAX_CHARS)
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
      return parseBinding(buffer.toString('utf8', 0, bytesRead))
    } finally {
      await handle.close()
    }
  }

  const bind = async () => {
    const wanted = server ?? AGENT_BINDING
    if (isSameServer(await readBinding(), wanted)) return
    await fs.rm(path, { force: true })
    if (server === undefined) await fs.rm(serverPath, { force: true })
    else await replaceFile(serverPath, temporaryServer, JSON.stringify(server))
  }

  const readToken = async () => {
    if (!(await requireSafeFolder())) return undefined
    const handle = await ifPresent(fs.open(path, READ))
    if (handle === undefined) return undefined
    try {
      const stats = await handle.stat()
      requireOwn(path, stats, stats.isFile())
      if ((stats.mode & OTHERS) !== 0 && process.getuid !== undefined) {
        await handle.chmod(0o600)
        logger.warn(`${path} could be read by others: its mode is 0600 now.`)
      }
      const buffer = Buffer.alloc(MAX_CHARS + 4)
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
      const text = buffer.toString('latin1', 0, bytesRead).trim()
      if (isToken(text)) return text
      if (text !== '') logger.warn(`${path} holds no token.`)
      return undefined
    } finally {
      await handle.close()
    }
  }

  const replaceFile = async (target: string, by: string, text: string) => {
    await fs.rm(by, { force: true })
    const handle = await fs.open(by, CREATE, 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await fs.rename(by, target)
    await syncFolder()
  }

  const syncFolder = async () => {
    if (process.platform === 'win32') return
    const handle = await fs.open(folder, constants.O_RDONLY)
    try {
      await handle.sync()
    } catch (error) {
      if (!NO_SYNC.has((error as NodeJS.ErrnoException).code)) throw error
    } finally {
      await handle.close()
    }
  }

  /** Returns false if there is no folder. Throws if other users can replace its files. */
  const requireSafeFolder = async () => {
    const stats = await ifPresent(fs.lstat(folder))
    if (stats === undefined) return false
    requireOwn(folder, stats, stats.isDirectory())
    if ((stats.mode & WRITABLE) !== 0 && (stats.mode & STICKY) === 0) {
      throw new ErrorSessionFileUnsafe({ message: `${folder} can be written by other users.` })
    }
    return true
  }

  const locked = <T>(work: () => Promise<T>) =>
    withFileLock(join(folder, 'token.lock'), lockTimeoutMs, work)

  return {
    path,
    read: () => telling(path, read()),
    write: (token, { replaces } = {}) =>
      telling(
        path,
        (async () => {
          await fs.mkdir(folder, { recursive: true, mode: 0o700 })
          await requireSafeFolder()
          return locked(async () => {
            // Reading refuses what must not be written over, such as a link.
            const held = await (replaces === undefined ? readToken() : readHere())
            if (replaces === undefined) await bind()
            else if (held !== replaces) return held
            await replaceFile(path, temporary, token)
            return token
          })
        })(),
      ),
    clear: ({ only } = {}) =>
      telling(
        path,
        (async () => {
          if (!(await requireSafeFolder())) return
          await locked(async () => {
            if (only !== undefined && (await readToken()) !== only) return
            for (const each of [path, temporary, serverPath, temporaryServer]) {
              await fs.rm(each, { force: true })
            }
            await syncFolder()
          })
        })(),
      ),
  }
}

function requireOwn(path: string, { uid }: Stats, isKind: boolean): void {
  if (!isKind) throw new ErrorSessionFileUnsafe({ message: `${path} is a link, or no file.` })
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw new ErrorSessionFileUnsafe({ message: `${path} belongs to another user.` })
  }
}

async function ifPresent<T>(opening: Promise<T>): Promise<T | undefined> {
  try {
    return await opening
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The system's errors for a link that is not followed. */
const IS_LINK: ReadonlySet<unknown> = new Set(['ELOOP', 'EMLINK'])

async function telling<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (cause instanceof ErrorSession) throw cause
    const code = (cause as NodeJS.ErrnoException).code
    if (IS_LINK.has(code)) {
      throw new ErrorSessionFileUnsafe({ message: `${path} is a link.`, cause })
    }
    throw new ErrorSessionFileUnusable({ message: `${path} cannot be used.`, cause })
  }
}
