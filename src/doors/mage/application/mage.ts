import { LatchkeyError } from '../../../core/index.ts'
import { type AuthModule, createAuthModule } from './auth-module.ts'
import { type ConfigTree, createConfigTree } from './config-tree.ts'
import { MageError } from './errors.ts'
import { createLogger, type MageLog, type MageLogger } from './logger.ts'
import type { MageSession } from './mage-session.ts'
import { createHook, type MessageHook } from './message-hooks.ts'
import type { Services } from './services.ts'
import { createSessionModule, type SessionModule } from './session-module.ts'
import { State, type StateOptions } from './state.ts'

/** What `import mage from 'latchkey/mage'` gives to an application. The modules of the application are further properties. */
export interface Mage {
  /** The logger, the configuration, states and hooks. */
  readonly core: MageCore
  /** Users with a name and a password. */
  readonly auth: AuthModule
  /** The sessions of the application's actors. */
  readonly session: SessionModule
  /** The class of errors whose code the client receives. */
  readonly MageError: typeof MageError
  /** The name and the version in the application's package.json. */
  readonly rootPackage: { readonly name: string; readonly version: string | undefined }
  /** Checks the names of modules of MAGE or of the application, given as lists or one by one. Throws `invalid_request` for an unknown name. */
  useModules(...names: (string | readonly string[])[]): Mage
  /** Does nothing: all modules of the application are loaded. */
  useApplicationModules(): Mage
  /** Returns whether the server runs in development mode. */
  isDevelopmentMode(feature?: string): boolean
  /** Returns the names of the application's modules. */
  listModules(): readonly string[]
  /** Returns the folder of a module of the application; undefined if there is none of that name. */
  getModulePath(name: string): string | undefined
  /** Calls back at once: the server starts the application. */
  boot(callback?: (error?: unknown) => void): void
  readonly [module: string]: unknown
}

/** `mage.core`. */
export interface MageCore {
  /** Writes to the application's log. */
  readonly logger: MageLogger
  /** The application's configuration. */
  readonly config: ConfigTree
  /** A state for work outside of a command. Close it with `close`. */
  readonly State: new (
    actorId?: unknown,
    session?: MageSession | null,
    options?: StateOptions,
  ) => State
  /** Hooks of the command batches. */
  readonly cmd: {
    /** Adds a hook that reads the header entry of that name before the commands of a batch run. Throws `TypeError` for wrong arguments. */
    registerMessageHook(name: string, required: boolean, fn: MessageHook['fn']): void
  }
}

/** What an application runs with; replaced when the same application is opened again. */
interface Runtime {
  readonly services: Services
  readonly config: unknown
  readonly log: MageLog
}

/** One application in this process: the `mage` that its modules import, and what it runs with. */
export interface Instance {
  readonly mage: Mage
  readonly hooks: readonly MessageHook[]
  /** Sets what the application runs with. The function returned removes it, unless it was replaced since. */
  attach(runtime: Runtime): () => void
  /** Adds a module as a property of `mage`. Throws `invalid_request` for the name of a property of MAGE. */
  addModule(name: string, folder: string, exported: unknown): void
}

/** Modules of MAGE that this library implements. */
const PROVIDED = new Set(['session', 'auth', 'config', 'logger'])
/** Modules of MAGE that an application may name, and that have no effect here. */
const WITHOUT_EFFECT = new Set(['archivist', 'time', 'savvy', 'pm', 'shard'])

/** Makes the `mage` of an application. `modules` are the names of its modules, which are not loaded yet. */
export function createInstance(root: {
  readonly name: string
  readonly version: string | undefined
  readonly modules: readonly string[]
}): Instance {
  let runtime: Runtime | null = null
  const folders = new Map<string, string>()
  const hooks: MessageHook[] = []
  const services = (): Services => {
    if (runtime !== null) return runtime.services
    throw new LatchkeyError(
      'unavailable',
      'No MAGE application is running in this process. Open it with createMageDoor or latchkey serve.',
    )
  }
  const logger = createLogger(() => runtime?.log ?? (() => undefined))
  class ApplicationState extends State {
    constructor(actorId?: unknown, session?: MageSession | null, options?: StateOptions) {
      super(services(), actorId, session, options)
    }
  }
  const core: MageCore = {
    logger,
    config: createConfigTree(() => runtime?.config),
    State: ApplicationState,
    cmd: {
      registerMessageHook: (name, required, fn) => void hooks.push(createHook(name, required, fn)),
    },
  }
  const use = (name: string) => {
    if (PROVIDED.has(name) || root.modules.includes(name)) return
    if (!WITHOUT_EFFECT.has(name)) {
      throw new LatchkeyError(
        'invalid_request',
        `There is no module “${name}” in the application or in MAGE.`,
      )
    }
    logger.warning(`The module “${name}” has no effect here.`)
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
    attach(next) {
      runtime = next
      return () => {
        if (runtime === next) runtime = null
      }
    },
    addModule(name, folder, exported) {
      if (name in mage && !folders.has(name)) {
        throw new LatchkeyError(
          'invalid_request',
          `A module of an application cannot be named “${name}”: MAGE has a property of that name.`,
        )
      }
      folders.set(name, folder)
      Object.defineProperty(mage, name, { value: exported, enumerable: true, configurable: true })
    },
  }
}
