import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import {
  authentication,
  type HonoVariables,
  impersonation,
  requireFresh,
  requireLogin,
  requireScope,
  sessions,
} from 'latchkey/hono'
import type { JsonAnswer, Served, TestApplication } from './support/web/application.ts'
import { runWebCases } from './support/web/suite.ts'

runWebCases('Hono', (application: TestApplication): Promise<Served> => {
  const app = new Hono<{ Variables: HonoVariables }>()
  const needs = { login: requireLogin(), scope: requireScope('reports'), fresh: requireFresh(10) }
  app.use(sessions(application.sessions))
  app.use(authentication(application.authentication))
  app.use(impersonation(application.impersonation))
  const status = (answer: JsonAnswer) => answer.status as ContentfulStatusCode
  for (const { method, path, needs: need, handle } of application.routes) {
    const steps = need === undefined ? [] : [needs[need]]
    app.on(method, [path], ...steps, async (c) => {
      const text = await c.req.text()
      const answer = await handle(c, text === '' ? {} : JSON.parse(text))
      return c.json(Object(answer.json), status(answer))
    })
  }
  app.onError((error, c) => {
    const answer = application.failed(error)
    return c.json(Object(answer.json), status(answer))
  })
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
      resolve({
        origin: `http://127.0.0.1:${port}`,
        async close() {
          if ('closeAllConnections' in server) server.closeAllConnections()
          server.close()
        },
      })
    })
  })
})
