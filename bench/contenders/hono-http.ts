import { Hono } from 'hono'
import type { Prepared } from '../harness/contender.ts'
import { serve } from '../setup/serve.ts'

/** An answer of ours, to be given again. */
export interface Options {
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
}

/** One bare Hono route that answers with the same JSON, serialised anew each time, and the same headers. */
export async function prepare({ body, headers }: Options): Promise<Prepared> {
  const app = new Hono()
  app.get('/v1/session', (c) => c.json(body, 200, headers))
  return await serve(async (request) => app.fetch(request), { facts: {}, close: async () => {} })
}
