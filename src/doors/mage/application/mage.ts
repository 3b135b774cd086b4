import { LatchkeyError } from '../../../core/index.ts'
import { type AuthModule, createAuthModule } from './auth-module.ts'
import { type ConfigTree, createConfigTree } from './config-tree.ts'
import { MageError } from './errors.ts'
import { createLogger, type MageLog, type MageLogger } from './logger.ts'
import { createHook, type MessageHook } from './message-hooks.ts'
import type { Services } from './services.ts'
import type { Session } from './session.ts'
import { createSessionModule, type SessionModule } from './session-module.ts'
import { State, type StateOptions } from './state.ts'

/** What an application gets for `import mage from 'latchkey/mage'`, beside its own modules as properties. */
export interface Mage {
  readonly core: MageCore
  readonly auth: AuthModule
  readonly session: SessionModule
  readonly MageError: typeof MageError
  readonly rootPackage: { readonly name: string; readonly version: string | undefined }
  /** Names modules of MAGE or of the application to use: as lists or one by one. Throws for a name that is neither. */
  useModules(...names: (string | readonly string[])[]): Mage
  /** All modules of the application; they are used anyway. */
  useApplicationModules(): Mage
  isDevelopmentMode(feature?: string): boolean
  listModules(): readonly string[]
  /** The folder of an application's module; undefined if there is none. */
  getModulePath(name: string): string | undefined
  /** The server boots by itself; calls back at once. */
  boot(callback?: (error?: unknown) => void): void
  readonly [module: string]: unknown
}

export interface MageCore {
  readonly logger: MageLogger
  readonly config: ConfigTree
  /** A state for work that no command asked for; to be closed with `close`. */
  readonly State: new (
    actorId?: unknown,
    session?: Session | null,
    options?: StateOptions,
  ) => State
  readonly cmd: {
    /** Adds a hook that reads the header entry of that name before the commands of a batch run. */
    registerMessageHook(name: string, required: boolean, fn: MessageHook['fn']): void
  }
}

/** What the runtime gives a `mage` to stand on; replaced when the same application is opened again. */
interface Standing {
  readonly services: Services
  readonly config: unknown
  readonly log: MageLog
}

/** One application in this process: the `mage` that its modules hold, and what it stands on at the moment. */
export interface Instance {
  readonly mage: Mage
  readonly hooks: readonly MessageHook[]
  /** Puts it on another footing; returns how to take that away again, unless yet another has come. */
  stand(standing: Standing): () => void
  addModule(name: string, folder: string, exported: unknown): void
}

/** Modules of MAGE whose part this library plays, or has no need of. */
const PROVIDED = new Set(['session', 'auth', 'config', 'logger'])
const WITHOUT_EFFECT = new Set(['archivist', 'time', 'savvy', 'pm', 'shard'])

/** Makes the `mage` of an application. `modules` are the names of its own modules, known before they are loaded. */
export function createInstance(root: {
  readonly name: string
  readonly version: string | undefined
  readonly modules: readonly string[]
}): Instance {
  let standing: Standing | null = null
  const folders = new Map<string, string>()
  const hooks: MessageHook[] = []
  const now = (): Standing => {
    if (standing !== null) return standing
    throw new LatchkeyError('unavailable', 'No MAGE application is running here.')
  }
  const services = () => now().services
  const logger = createLogger(() => standing?.log ?? (() => undefined))
  class ApplicationState extends State {
    constructor(actorId?: unknown, session?: Session | null, options?: StateOptions) {
      super(services(), actorId, session, options)
    }
  }
  const core: MageCore = {
    logger,
    config: createConfigTree(() => standing?.config),
    State: ApplicationState,
    cmd: {
      registerMessageHook: (name, required, fn) => void hooks.push(createHook(name, required, fn)),
    },
  }
  const use = (name: string) => {
    if (PROVIDED.has(name) || root.modules.includes(name)) return
    if (!WITHOUT_EFFECT.has(name)) {
      throw new LatchkeyError('invalid_request', `There is no module “${name}”.`)
    }
    logger.warning(`The module “${name}” has no part here.`)
  }
  const mage: Mage = {
    core,
    logger,
    auth: createAuthModule(),
    session: createSessionModule(services),
    MageError,
    rootPackage: { name: root.name, version: root.version },
    useModules(...names) {
      for (const name of names.flat()) use(name)
      return mage
    },
    useApplicationModules: () => mage,
    isDevelopmentMode: () => services().development,
    listModules: () => [...folders.keys()],
    getModulePath: (name) => folders.get(name),
    boot: (callback) => callback?.(),
  }
  return {
    mage,
    hooks,
    stand(next) {
      standing = next
      return () => {
        if (standing === next) standing = null
      }
    },
    addModule(name, folder, exported) {
      if (name in mage && !folders.has(name)) {
        throw new LatchkeyError(
          'invalid_request',
          `An application’s module cannot be named “${name}”.`,
        )
      }
      folders.set(name, folder)
      Object.defineProperty(mage, name, { value: exported, enumerable: true, configurable: true })
    },
  }
}
