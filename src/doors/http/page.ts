import { raw } from 'hono/html'

/** The headers of a page without scripts and without requests to other servers. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** The style of a page of text. */
export const pageStyle = raw(`
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem }
pre { overflow-x: auto; border: 1px solid #8884; border-radius: .4rem; padding: .6rem .8rem }
code { font-family: ui-monospace, monospace; font-size: .92em }
`)
