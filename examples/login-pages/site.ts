import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import type { Authority } from 'latchkey'
import { createPages } from 'latchkey/web/pages'

/** A site with the login pages below `/auth`, and a page of its own for users. */
export function createSite(authority: Authority): Hono {
  const texts = { site: 'The Garden', loginTitle: 'Welcome back' }
  const pages = createPages({ authority, prefix: '/auth', development: true, texts })
  const app = new Hono()
  app.use(async (c, next) => {
    const { address } = getConnInfo(c).remote
    const page = await pages.handle(c.req.raw, { address: address ?? null })
    return page ?? next()
  })
  app.get('/', async (c) => {
    const check = await authority.authenticate(getCookie(c, 'latchkey'))
    if (!check.ok) return c.redirect('/auth/login?next=/')
    return c.html(`<p>This is the garden. <a href="/auth/account">My sessions</a></p>`)
  })
  return app
}

/** Serves the site on a port of this machine. */
export function serveSite(authority: Authority, port: number): ReturnType<typeof serve> {
  return serve({ fetch: createSite(authority).fetch, port, hostname: '127.0.0.1' })
}
