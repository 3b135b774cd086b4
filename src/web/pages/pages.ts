import { html } from 'hono/html'
import {
  type Connections,
  createConnections,
  createSessionEvents,
} from '../../connections/index.ts'
import { errorOf, refusalOf } from '../../core/errors.ts'
import { type Authority, LatchkeyError } from '../../core/index.ts'
import {
  createClientAddress,
  createCookie,
  isAllowedHost,
  isSameOrigin,
  readForm,
} from '../../http/index.ts'
import { decideDevice, showDevice } from './device-page.ts'
import { ASSETS } from './layout.ts'
import {
  confirm,
  logIn,
  logOut,
  register,
  showConfirm,
  showLogin,
  showRegister,
} from './login-pages.ts'
import {
  type PageRequest,
  type PagesContext,
  redirect,
  show,
  statusOf,
  textOf,
  type UserPageRequest,
} from './page-context.ts'
import { changePassword, showPassword } from './password-page.ts'
import { endOtherSessions, endSession, showSessions } from './sessions-page.ts'
import { ENGLISH, type PageTexts } from './texts.ts'

/** Options of `createPages`. */
export interface PagesOptions {
  /** Logs users in and keeps their sessions. */
  readonly authority: Authority
  /** The open connections of the application; by default the pages have their own. */
  readonly connections?: Connections
  /** The prefix of every path, such as `/auth`. Empty by default. */
  readonly prefix?: string
  /**
   * Whether the pages let visitors register, while the setting `registration` is `open`. True by
   * default; false for an application that registers its users itself.
   */
  readonly registration?: boolean
  /** Texts in place of the English ones. */
  readonly texts?: Partial<PageTexts>
  /**
   * Whether the pages are those of a whole server: `/` leads to the list of sessions, and
   * `/oauth/device` to the approval of a device. False by default.
   */
  readonly home?: boolean
  /** Plain cookie names, for development over HTTP. False by default. */
  readonly development?: boolean
  /** The origin that browsers see, where a proxy hides it: `https://login.example`. */
  readonly publicUrl?: string
  /** Proxies whose `X-Forwarded-For` is trusted: addresses or CIDR prefixes. None by default. */
  readonly trustedProxies?: readonly string[]
  /** Allowed `Host` headers. In production every host is allowed by default. */
  readonly allowedHosts?: readonly string[]
  /** Receives the route and the status of each answer. */
  readonly onAnswered?: (answered: {
    readonly method: string
    readonly route: string
    readonly status: number
  }) => void
  /** Called with errors that the client did not cause. */
  readonly onError?: (error: unknown, what: string) => void
}

/** What a server passes to the pages beside a `Request`. */
export interface PagePeer {
  /** The address of the connection's other end. Without it no limit applies by address. */
  readonly address?: string | null
  /** Called when a request of the connection has a valid session. */
  authenticated?(): void
}

/** The pages, as a function from a request to an answer. */
export interface Pages {
  /**
   * Answers a request for one of the pages; returns null for any other path. Pass the address of the
   * peer, because logins are throttled by address. Never rejects.
   */
  handle(request: Request, peer?: PagePeer): Promise<Response | null>
}

type Handler = (page: PageRequest) => Promise<Response> | Response
type UserHandler = (page: UserPageRequest) => Promise<Response> | Response

/** The pages of every visitor, by method and path. */
const OPEN: Readonly<Record<string, Handler>> = {
  'GET /login': (page) => showLogin(page),
  'POST /login': logIn,
  'GET /login/register': (page) => showRegister(page),
  'POST /login/register': register,
  'POST /account/logout': logOut,
}

/** The pages of a logged-in user. */
const OWN: Readonly<Record<string, UserHandler>> = {
  'GET /account': showSessions,
  'GET /account/events': openEvents,
  'POST /account/sessions/end': endSession,
  'POST /account/sessions/end-others': endOtherSessions,
  'GET /account/password': (page) => showPassword(page),
  'POST /account/password': changePassword,
  'GET /account/confirm': (page) => showConfirm(page),
  'POST /account/confirm': confirm,
  'GET /account/device': (page) => showDevice(page),
  'POST /account/device': decideDevice,
}

function openEvents({ events, current, request }: UserPageRequest): Response {
  // A page of another origin cannot read the stream, and must not hold one open.
  const site = request.headers.get('sec-fetch-site') ?? 'same-origin'
  if (site === 'same-origin') return events.open(current)
  throw new LatchkeyError('origin_refused', 'The stream is for pages of this origin.')
}

const PATHS = new Set([...Object.keys(OPEN), ...Object.keys(OWN)].map((key) => key.split(' ')[1]))

/** Makes the login pages of a site. */
export function createPages(options: PagesOptions): Pages {
  const { authority, publicUrl, onError, development = false } = options
  const { allowedHosts = [], home = false } = options
  const prefix = (options.prefix ?? '').replace(/\/+$/, '')
  const plain = development && publicUrl?.startsWith('https:') !== true
  const publicOrigin = publicUrl === undefined ? null : new URL(publicUrl).origin
  const connections = options.connections ?? createConnections({ authority })
  const clientAddress = createClientAddress(options.trustedProxies ?? [])
  const context: PagesContext = {
    authority,
    events: createSessionEvents({ authority, connections }),
    texts: { ...ENGLISH, ...options.texts },
    prefix,
    registration: options.registration ?? true,
    cookie: createCookie({ name: 'latchkey', plain }),
    impersonation: createCookie({ name: 'latchkey-as', plain }),
  }

  const answer = async (key: string, page: PageRequest, peer: PagePeer): Promise<Response> => {
    const open = OPEN[key]
    if (open !== undefined) return open(page)
    const own = OWN[key]
    if (own === undefined) throw new LatchkeyError('not_found', context.texts.notFound)
    const token = context.cookie.find(page.request.headers)
    // The event stream of an open page does not count as a use.
    const passive = key === 'GET /account/events'
    const check = await authority.authenticate(token, { ...page.source, passive })
    // An anonymous visitor of the application has no account.
    const anonymous = check.ok && check.session.anonymous
    if (check.ok && !anonymous) {
      peer.authenticated?.()
      return own({ ...page, current: check })
    }
    if (!check.ok && check.code === 'unavailable') throw errorOf(check)
    if (passive) return new Response(null, { status: 204 })
    const next = page.request.method === 'GET' ? page.url.pathname + page.url.search : undefined
    const missing = check.ok || check.code === 'token_missing'
    const ended = missing ? undefined : (check.reason ?? check.code)
    return redirect(context, '/login', { query: { next, ended } })
  }

  const failed = (error: unknown, page: PageRequest): Promise<Response> => {
    const refusal = refusalOf(error)
    const { texts } = context
    if (refusal.code === 'internal' && !page.request.signal.aborted) {
      onError?.(error, page.url.pathname)
    }
    const missing = refusal.code === 'not_found'
    const title = missing ? texts.notFoundTitle : texts.failedTitle
    const body = html`<p>${missing ? texts.notFound : textOf(context, refusal)}</p>
<p><a href="${prefix}/account">${texts.accountLink}</a></p>`
    return show(context, { title, body, narrow: true }, statusOf(refusal))
  }

  /** Answers what needs no page: the files, and the addresses of a whole server that lead to pages. */
  const answerPlain = (path: string, url: URL): Response | null => {
    const asset = ASSETS.find((candidate) => candidate.path === path)
    if (asset !== undefined) return fileOf(asset)
    if (!home) return null
    if (path === '/') return redirect(context, '/account')
    if (path !== '/oauth/device') return null
    const code = url.searchParams.get('user_code') ?? undefined
    return redirect(context, '/account/device', { query: { user_code: code } })
  }

  const answerPage = async (path: string, page: PageRequest, peer: PagePeer): Promise<Response> => {
    const { request } = page
    if (request.method === 'GET' || request.method === 'HEAD')
      return answer(`GET ${path}`, page, peer)
    // Every form is sent from a page of this site, also that of the login.
    if (!isSameOrigin(request, publicOrigin)) {
      throw new LatchkeyError('origin_refused', context.texts.originRefused)
    }
    return answer(`${request.method} ${path}`, { ...page, form: await readForm(request) }, peer)
  }

  return {
    async handle(request, peer = {}) {
      const url = new URL(request.url)
      const { headers, method, signal } = request
      if (!url.pathname.startsWith(prefix)) return null
      if (!isAllowedHost(headers.get('host') ?? url.host, allowedHosts, development)) return null
      const path = url.pathname.slice(prefix.length)
      const plainAnswer = method === 'GET' ? answerPlain(path, url) : null
      if (plainAnswer !== null || !PATHS.has(path)) return plainAnswer
      const address = clientAddress(headers, peer.address ?? null)
      const source = { door: 'http', address, userAgent: headers.get('user-agent'), signal }
      const page: PageRequest = { ...context, request, url, source, form: {} }
      const response = await answerPage(path, page, peer).catch((error) => failed(error, page))
      options.onAnswered?.({ method, route: path, status: response.status })
      return response
    },
  }
}

function fileOf({ text, type }: (typeof ASSETS)[number]): Response {
  return new Response(text, {
    headers: {
      'content-type': type,
      // The address of a file contains its version.
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    },
  })
}
