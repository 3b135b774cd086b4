import {
  authentication,
  impersonation,
  type KoaMiddleware,
  requireFresh,
  requireLogin,
  requireScope,
  sessions,
} from 'latchkey/koa'
import type { Served, TestApplication } from './support/web/application.ts'
import { bodyParser, Koa } from './support/web/koa.ts'
import { serveNode } from './support/web/node-server.ts'
import { runWebCases } from './support/web/suite.ts'

runWebCases('Koa', (application: TestApplication): Promise<Served> => {
  const app = new Koa()
  const needs = { login: requireLogin(), scope: requireScope('reports'), fresh: requireFresh(10) }
  const always: KoaMiddleware = async (_ctx, next) => void (await next())
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const { status, json } = application.failed(error)
      ctx.status = status
      ctx.body = json
    }
  })
  app.use(bodyParser({ jsonLimit: '1mb' }))
  app.use(sessions(application.sessions))
  app.use(authentication(application.authentication))
  app.use(impersonation(application.impersonation))
  app.use(async (ctx) => {
    const route = application.routes.find(
      ({ method, path }) => method === ctx.method && path === ctx.path,
    )
    if (route === undefined) return
    const step = route.needs === undefined ? always : needs[route.needs]
    await step(ctx, async () => {
      const body: unknown = Reflect.get(ctx.request, 'body')
      const { status, json } = await route.handle(ctx, { ...Object(body) })
      ctx.status = status
      ctx.body = json
    })
  })
  return serveNode(app.callback())
})
