import { html } from 'hono/html'
import { pageHeaders, pageStyle } from '../page.ts'

/**
 * Returns the page behind `verification_uri`. It says how to approve the code that a device shows.
 * It has no form: an application with a login page of its own names that page instead.
 */
export async function devicePage(typed: string | null): Promise<Response> {
  const code =
    typed !== null && /^[A-Za-z]{4}-?[A-Za-z]{4}$/.test(typed) ? typed.toUpperCase() : null
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Approve a device</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${pageStyle}</style></head>
<body><main>
<h1>Approve a device</h1>
<p>A device asks to log in as you. Approve it only if you started this login yourself, and if the code on the device is
${code === null ? 'the one that you enter' : html`<strong>${code}</strong>`}.</p>
<p>Where you are logged in with the command line, run:</p>
<pre><code>latchkey device approve ${code ?? 'XXXX-XXXX'}</code></pre>
</main></body></html>`
  return new Response(String(await page), { headers: pageHeaders })
}
