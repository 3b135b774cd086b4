import { connectEmitter, type SessionEmitter } from './events.ts'

interface Application {
  readonly container: { make(binding: 'emitter'): Promise<SessionEmitter> }
}

/** The provider of `adonisrc.ts`: session events are emitted on the application's emitter. */
// biome-ignore lint/style/noDefaultExport: AdonisJS looks for the default export of a provider.
export default class LatchkeyProvider {
  readonly #app: Application

  constructor(app: Application) {
    this.#app = app
  }

  /** Connects the session events to the application's emitter. Called by AdonisJS. */
  async boot(): Promise<void> {
    connectEmitter(await this.#app.container.make('emitter'))
  }
}
