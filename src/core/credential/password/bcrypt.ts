import { Worker } from 'node:worker_threads'
import { LatchkeyError } from '../../errors.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

const SHAPE = /^\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}$/
/** `$2b$10$` and 22 characters of salt; the tag follows. */
const SALT_END = 29
const MAX_BYTES = 72

/** Returns the URL of the module that computes bcrypt; throws if it is not installed. */
export type ResolveBcrypt = () => string

/** Resolves the optional peer `bcryptjs`. */
export const resolveBcryptjs: ResolveBcrypt = () => import.meta.resolve('bcryptjs')

/**
 * Parses a bcrypt string (`$2a$`, `$2b$`, `$2y$`, `$2x$`). Returns null if it is another format or
 * costs too much. Like every bcrypt it uses only the first 72 bytes of a password, and some
 * implementations stop at a NUL. `$2x$` is from PHP before 5.3.7, which misread bytes over 127, so
 * such passwords are not accepted. Deriving rejects with `unavailable` if `bcryptjs` is not
 * installed.
 */
export function parseBcrypt(stored: string, resolve: ResolveBcrypt): StoredHash | null {
  const [, cost] = SHAPE.exec(stored) ?? []
  if (cost === undefined || Number(cost) < 4 || Number(cost) > LIMITS.bcryptCost) return null
  const misread = stored.startsWith('$2x$')
  const salt = `$2b$${stored.slice(4, SALT_END)}`
  return {
    // Only the tag is compared: bcryptjs may write the last character of the salt differently.
    expected: Buffer.from(stored.slice(SALT_END)),
    work: `bcrypt ${cost}`,
    async derive(password) {
      const hash = await hashInWorker(locate(resolve), password, salt)
      const right = !misread || /^[\0-\x7f]*$/.test(password)
      return Buffer.from(right ? hash.slice(SALT_END) : '')
    },
    // A password that fills the 72 bytes may be the start of a longer one.
    seesWhole: (password) => Buffer.byteLength(password) < MAX_BYTES && !password.includes('\0'),
  }
}

/** Returns a bcrypt hash over the output of `prepare`, which fits into the 72 bytes of bcrypt. */
export function prehashedBcrypt(
  hash: StoredHash | null,
  prepare: (password: string) => string,
): StoredHash | null {
  if (hash === null) return null
  const { expected, work } = hash
  return { expected, work, derive: (password) => hash.derive(prepare(password)) }
}

function locate(resolve: ResolveBcrypt): string {
  try {
    return resolve()
  } catch (cause) {
    const message = 'This password is stored as bcrypt. Install bcryptjs to verify it.'
    throw new LatchkeyError('unavailable', message, { cause })
  }
}

// Source text, because a worker's own file has different names in the build and in the source.
const WORKER_SOURCE = `
const { parentPort, workerData } = require('node:worker_threads')
import(workerData.module).then(({ hashSync }) => {
  parentPort.postMessage(hashSync(workerData.password, workerData.salt))
})`

/**
 * bcryptjs is plain JavaScript: on this thread it would block the event loop for a tenth of a
 * second at a time.
 */
function hashInWorker(module: string, password: string, salt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const workerData = { module, password, salt }
    const worker = new Worker(WORKER_SOURCE, { eval: true, execArgv: [], workerData })
    worker.once('message', (hash: unknown) => resolve(String(hash)))
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('The bcrypt worker ended without an answer.')))
  })
}
