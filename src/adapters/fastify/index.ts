import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { NodeHeaders } from '../../http/index.ts'
import {
  type AuthenticationOptions,
  asWebError,
  authenticationStep,
  exchangeOf,
  findExchange,
  type ImpersonationOptions,
  impersonationStep,
  openExchange,
  type RequireOptions,
  requireFreshStep,
  requireLoginStep,
  requireScopeStep,
  type SessionOptions,
  sessionConfig,
  sessionStep,
  type WebStep,
} from '../../web/index.ts'

export {
  clearSessionCookie,
  getSession,
  readSessionCookie,
  writeSessionCookie,
} from '../../web/index.ts'

/** What the hooks use of Fastify's request. */
export interface FastifyWebRequest {
  /** The headers, by name. */
  readonly headers: IncomingHttpHeaders
  /** The method. */
  readonly method: string
  /** The path and the query as received. */
  readonly originalUrl: string
  /** The request of `node:http`. */
  readonly raw: IncomingMessage
}

/** What the hooks use of Fastify's reply. */
export interface FastifyWebReply {
  /** Sets the status. */
  code(status: number): this
  /** Sets headers. */
  headers(values: Readonly<Record<string, string>>): this
  /** Sets a header; `set-cookie` is added. */
  header(name: string, value: string): this
  /** Sends the answer. */
  send(body: unknown): this
}

/** What the plugins use of an instance of Fastify. */
export interface FastifyWebInstance {
  /** Whether requests have a property. */
  hasRequestDecorator(name: string): boolean
  /** Adds a property to requests. */
  decorateRequest(name: string, value: unknown): unknown
  /** Adds a hook. */
  addHook(name: string, hook: FastifyHook): unknown
}

/** A plugin of Fastify 5: `app.register(plugin)`. */
export type FastifyWebPlugin = (
  instance: FastifyWebInstance,
  options: unknown,
  done: () => void,
) => void

/** A hook of a route: `app.get('/private', { onRequest: requireLogin() }, handler)`. */
export type FastifyHook = (request: FastifyWebRequest, reply: FastifyWebReply) => Promise<unknown>

/**
 * The plugin that gives each request its session (`request.session`) and, before `authentication`, the anonymous token (`request.auth`):
 * `app.register(sessions({ authority }))`. Data that has changed is stored before the answer is sent. Throws `invalid_request` for options
 * that are not valid.
 */
export function sessions(options: SessionOptions): FastifyWebPlugin {
  const config = sessionConfig(options)
  return plugin('latchkey-sessions', (instance, _options, done) => {
    for (const name of ['session', 'auth'] as const) {
      if (instance.hasRequestDecorator(name)) continue
      instance.decorateRequest(name, {
        getter(this: object) {
          return exchangeOf(this)[name]
        },
      })
    }
    instance.addHook('onRequest', async (request, reply) => {
      const { headers, method, originalUrl, raw } = request
      openExchange(
        config,
        {
          headers: new NodeHeaders(headers),
          method,
          url: originalUrl,
          peer: raw.socket.remoteAddress ?? null,
          encrypted: Reflect.get(raw.socket, 'encrypted') === true,
          native: request,
        },
        raw,
      )
      return run(sessionStep, request, reply)
    })
    instance.addHook('onSend', async (request, reply) => {
      // Fastify answers a malformed request before the first hook.
      const exchange = findExchange(request)
      if (exchange === null) return
      try {
        const cookies = exchange.needsCommit() ? await exchange.commit() : exchange.setCookies
        for (const cookie of cookies) reply.header('set-cookie', cookie)
      } catch (error) {
        throw asWebError(error)
      }
    })
    done()
  })
}

/** The plugin that finds the user of each request: `request.auth` is its token. Throws `invalid_request` for options that are not valid. */
export function authentication(options: AuthenticationOptions): FastifyWebPlugin {
  return hookPlugin('latchkey-authentication', authenticationStep(options))
}

/** The plugin that permits impersonation, and checks at each request that it is still permitted. Register it after `authentication`. */
export function impersonation(options: ImpersonationOptions): FastifyWebPlugin {
  return hookPlugin('latchkey-impersonation', impersonationStep(options))
}

/** A hook that answers 401 without a login, or redirects a page to the login page. */
export function requireLogin(options?: RequireOptions): FastifyHook {
  return hook(requireLoginStep(options))
}

/** A hook that answers 401 without a login, and 403 without every one of the scopes. */
export function requireScope(...scopes: readonly string[]): FastifyHook {
  return hook(requireScopeStep(...scopes))
}

/** A hook that answers 401 (`step_up_required`) unless the user has given its password in the last minutes, 15 by default. */
export function requireFresh(minutes?: number, options?: RequireOptions): FastifyHook {
  return hook(requireFreshStep(minutes, options))
}

function hook(step: WebStep): FastifyHook {
  return (request, reply) => run(step, request, reply)
}

function hookPlugin(name: string, step: WebStep): FastifyWebPlugin {
  return plugin(name, (instance, _options, done) => {
    instance.addHook('onRequest', hook(step))
    done()
  })
}

// As fastify-plugin does: the hooks are for the instance that registers the plugin.
function plugin(name: string, register: FastifyWebPlugin): FastifyWebPlugin {
  return Object.assign(register, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: name,
  })
}

async function run(
  step: WebStep,
  request: FastifyWebRequest,
  reply: FastifyWebReply,
): Promise<unknown> {
  try {
    const answer = await step(exchangeOf(request))
    if (answer === null) return undefined
    return reply.code(answer.status).headers(answer.headers).send(answer.body)
  } catch (error) {
    throw asWebError(error)
  }
}
