import { test } from 'node:test'
import { webCases } from 'latchkey/testing'
import { openApplication, type Served, type TestApplication } from './application.ts'

/** Runs the exported cases on one adapter. */
export function runWebCases(
  name: string,
  serve: (application: TestApplication) => Promise<Served>,
): void {
  for (const { name: what, run } of webCases) {
    test(`${name}: ${what}`, async (t) => {
      const closers: (() => Promise<void>)[] = []
      t.after(async () => {
        for (const close of closers.reverse()) await close()
      })
      await run((options = {}) => openApplication(options, serve, closers))
    })
  }
}
