import type { CommandContext } from '../../../commands/index.ts'
import type { Connection, ConnectionEnds } from '../../../connections/index.ts'
import { refuse } from '../../../core/errors.ts'
import {
  type ActorEvent,
  type Authenticated,
  type CallOptions,
  ERROR_TABLE,
  LatchkeyError,
  type Refusal,
} from '../../../core/index.ts'
import type { Receiver, Wire, WireProblem } from '../wire.ts'
import type { AngenCommand, ClientContext, Services } from './command.ts'
import { pushOf } from './events.ts'
import { orderedJson } from './json.ts'
import { encode, type Fault, failureBody, type Outcome } from './outcome.ts'
import { type Request, readRequest } from './request.ts'

/** How often a message that needs no session is recorded as a use of the session. */
const USE_EVERY_MS = 500

/** The reasons to close a connection whose session has not ended. */
const SESSION_GOES_ON: ReadonlySet<string> = new Set(['server_closing', 'send_failed'])

const PROBLEMS: Readonly<Record<WireProblem, string>> = {
  too_large: 'Message too large',
  not_utf8: 'Message is not UTF-8',
  throttled: 'Too many messages',
}

const OVER = refuse('session_revoked', 'The session has ended.')

/** The conversation with one client: reads its messages, answers them in order, and sends it events. */
export class Conversation implements Receiver, ConnectionEnds, ClientContext {
  readonly services: Services
  readonly #wire: Wire
  #connection: Connection | null = null
  /** The client state that it shares. */
  #actorId = ''
  #caller: CallOptions
  #gone: AbortController | null = null
  #over = false
  #usedAt = 0
  // While a command runs that may end the session of the caller, the connection closes after the answer.
  #holding = false
  #heldEnd: string | null = null
  /** The context of the command that runs. */
  #limit: CommandContext | null = null

  constructor(services: Services, wire: Wire) {
    this.services = services
    this.#wire = wire
    this.#caller = { door: 'angen', address: wire.address, userAgent: null }
  }

  // Called by the transport

  receive(text: string): void | Promise<void> {
    if (this.#over) return
    const request = readRequest(text)
    if (typeof request === 'string') return this.#fault(request, text)
    if ('reason' in request) return this.#error(request.reason)
    const command = this.services.find(request.name)
    if (command === null) return this.#fault('internal', text)
    const checker = command.checkerFor(request.command)
    if (!checker.accepts(request.command)) {
      return this.#error(`Invalid command schema: ${checker.explain(request.command)}`)
    }
    return this.#run(command, request, text)
  }

  refuse(problem: WireProblem): void {
    if (!this.#over) this.#error(PROBLEMS[problem])
  }

  closed(): void {
    this.#finish({ dropped: true })
  }

  // Called by the connections

  get door(): string {
    return 'angen'
  }

  send(event: ActorEvent): void {
    const { name, message } = pushOf(event)
    this.push(name, message)
  }

  close(reason: string): void {
    if (this.#holding) this.#heldEnd = reason
    else this.#end(reason)
  }

  // Called by commands

  get session(): Authenticated {
    if (this.#connection === null) throw new LatchkeyError('token_missing', 'Log in first.')
    return this.#connection.current
  }

  get isLoggedIn(): boolean {
    return this.#connection !== null
  }

  get address(): string | null {
    return this.#wire.address
  }

  caller(userAgent: string | null = null): CallOptions {
    if (this.#caller.userAgent !== userAgent) this.#caller = { ...this.#caller, userAgent }
    return this.#caller
  }

  cancellable(userAgent: string | null = null): CallOptions & { readonly signal: AbortSignal } {
    this.#gone ??= new AbortController()
    // While a command runs, the signal fires at its time limit too.
    const signal = this.#limit?.caller.signal ?? this.#gone.signal
    return { ...this.caller(userAgent), signal }
  }

  logIn(check: Authenticated, { bot }: { readonly bot: boolean }): void {
    if (this.#over) return
    const { states, connections } = this.services
    const [before, actorBefore] = [this.#connection, this.#actorId]
    this.#actorId = check.actor.id
    states.join(this.#actorId, this, { bot })
    if (actorBefore !== '' && actorBefore !== this.#actorId) {
      states.leave(actorBefore, this, { dropped: false })
    }
    before?.leave()
    this.#connection = connections.open(check, this)
    this.#wire.authenticated()
  }

  leave(): void {
    this.#finish({ dropped: false })
    this.#wire.close('disconnect')
  }

  push(name: string, message: object): void {
    if (this.#over) return
    this.#wire.send(`{"message":${orderedJson(message)},"name":${JSON.stringify(name)}}`)
  }

  async #run(command: AngenCommand, request: Request, text: string): Promise<void> {
    const connection = command.session === 'none' ? null : this.#connection
    if (connection === null) this.#use()
    const ran = await this.services.pipeline.run(
      command.rules,
      {
        params: request.command,
        caller: this.cancellable(),
        ...(connection === null ? {} : { check: () => this.#check(connection) }),
      },
      (params, context) => {
        this.#limit = context
        this.#holding = command.endsSession === true
        return command.run(params, this, context)
      },
    )
    this.#limit = null
    this.#answer(command.answerOf(ran, this), request, text)
  }

  async #check(connection: Connection): Promise<Authenticated | Refusal> {
    if (await connection.use()) return connection.current
    // Either the session has ended, and the client has received that, or it cannot be checked.
    return this.#over ? OVER : refuse('unavailable', 'The session cannot be checked.')
  }

  #use(): void {
    if (this.#connection === null) return
    const now = this.services.authority.now()
    if (now - this.#usedAt < USE_EVERY_MS) return
    this.#usedAt = now
    this.#connection.use().catch((error: unknown) => this.services.onError(error, 'use'))
  }

  #answer(outcome: Outcome, request: Request, text: string): void {
    if (!this.#over) this.#send(outcome, request, text)
    this.#holding = false
    const ended = this.#heldEnd
    this.#heldEnd = null
    if (ended !== null) this.#end(ended)
  }

  #send(outcome: Outcome, { name, message_id, details }: Request, text: string): void {
    if (typeof outcome === 'string') {
      this.#fault(outcome, text)
      return
    }
    if (outcome.kind === 'failure') {
      const body = failureBody(name, outcome, details === true)
      this.#wire.send(encode('system/failure', body, message_id))
    } else {
      this.#wire.send(encode(outcome.name, outcome.body, message_id))
    }
    outcome.after?.()
  }

  // The message may contain a password, so it is returned only if the operator wants the text of the original.
  #fault(fault: Fault, text: string): void {
    const what = fault === 'internal' ? 'Internal server error' : 'Server FunctionClauseError'
    this.#error(`${what} for message ${this.services.echoInput ? text.trim() : '<redacted>'}`)
  }

  #error(reason: string): void {
    this.#wire.send(encode('system/error', `{"reason":${JSON.stringify(reason)}}`))
  }

  /** Closes the connection because the session has ended or the server stops. */
  #end(reason: string): void {
    if (this.#over) return
    if (SESSION_GOES_ON.has(reason)) {
      this.#finish({ dropped: true })
      this.#wire.close(reason, 1001)
      return
    }
    const session_id = this.#connection?.current.session.id ?? ''
    this.push('sessions/ended', { reason, session_id })
    this.#finish({ dropped: false })
    this.#wire.close(reason, ERROR_TABLE.session_revoked.close)
  }

  #finish(how: { readonly dropped: boolean }): void {
    if (this.#over) return
    this.#over = true
    this.#gone?.abort()
    this.#connection?.leave()
    this.#connection = null
    if (this.#actorId !== '') this.services.states.leave(this.#actorId, this, how)
  }
}
