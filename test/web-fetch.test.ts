import { serve } from '@hono/node-server'
import {
  authentication,
  compose,
  impersonation,
  requireFresh,
  requireLogin,
  requireScope,
  sessions,
} from 'latchkey/fetch'
import type { Served, TestApplication } from './support/web/application.ts'
import { runWebCases } from './support/web/suite.ts'

runWebCases('fetch', (application: TestApplication): Promise<Served> => {
  const needs = { login: requireLogin(), scope: requireScope('reports'), fresh: requireFresh(10) }
  const common = [
    sessions(application.sessions),
    authentication(application.authentication),
    impersonation(application.impersonation),
  ]
  const handlers = new Map(
    application.routes.map(({ method, path, needs: need, handle }) => [
      `${method} ${path}`,
      compose(need === undefined ? [] : [needs[need]], async (request) => {
        const text = await request.text()
        const { status, json } = await handle(request, text === '' ? {} : JSON.parse(text))
        return Response.json(json, { status })
      }),
    ]),
  )
  const app = compose(
    [
      async (request, next) => {
        try {
          return await next(request)
        } catch (error) {
          const { status, json } = application.failed(error)
          return Response.json(json, { status })
        }
      },
      ...common,
    ],
    (request) => {
      const route = handlers.get(`${request.method} ${new URL(request.url).pathname}`)
      return route === undefined ? new Response(null, { status: 404 }) : route(request)
    },
  )
  return new Promise((resolve) => {
    const server = serve(
      { fetch: (request) => app(request), port: 0, hostname: '127.0.0.1' },
      ({ port }) => {
        resolve({
          origin: `http://127.0.0.1:${port}`,
          async close() {
            if ('closeAllConnections' in server) server.closeAllConnections()
            server.close()
          },
        })
      },
    )
  })
})
