import express, { type NextFunction, type Request, type Response } from 'express'
import {
  authentication,
  impersonation,
  requireFresh,
  requireLogin,
  requireScope,
  sessions,
} from 'latchkey/express'
import type { Served, TestApplication } from './support/web/application.ts'
import { serveNode } from './support/web/node-server.ts'
import { runWebCases } from './support/web/suite.ts'

/** Express 5, or 4 with the same code. */
function serveWith(make: typeof express) {
  return (application: TestApplication): Promise<Served> => {
    const app = make()
    app.use(make.json({ limit: '1mb' }))
    app.use(sessions(application.sessions))
    app.use(authentication(application.authentication))
    app.use(impersonation(application.impersonation))
    const needs = { login: requireLogin(), scope: requireScope('reports'), fresh: requireFresh(10) }
    for (const { method, path, needs: need, handle } of application.routes) {
      const steps = need === undefined ? [] : [needs[need]]
      app[method === 'GET' ? 'get' : 'post'](path, ...steps, (request, response, next) => {
        Promise.resolve()
          .then(() => handle(request, { ...Object(request.body) }))
          .then(({ status, json }) => response.status(status).json(json))
          .catch(next)
      })
    }
    app.use((error: unknown, _: Request, response: Response, _next: NextFunction) => {
      const { status, json } = application.failed(error)
      response.status(status).json(json)
    })
    return serveNode(app)
  }
}

runWebCases('Express 5', serveWith(express))
const { default: express4 } = await import('express4' as string)
runWebCases('Express 4', serveWith(express4))
