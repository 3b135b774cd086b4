import { existsSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { type BrowserContext, chromium } from 'playwright-core'

const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Why tests in a browser are skipped; false where Chromium is installed. */
export const noChromium = existsSync(CHROMIUM) ? false : `there is no ${CHROMIUM}`

/** Opens a browser with one set of cookies; closes it after the test. */
export async function openBrowser(
  t: TestContext,
  options: Parameters<Awaited<ReturnType<typeof chromium.launch>>['newContext']>[0] = {},
): Promise<BrowserContext> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  t.after(() => browser.close())
  const context = await browser.newContext(options)
  context.setDefaultTimeout(10_000)
  return context
}
