import type { RequestListener } from 'node:http'
import type { KoaContext, KoaMiddleware } from 'latchkey/koa'

/** What the tests use of Koa: its own types do not compile with the installed version of `content-disposition`. */
export interface KoaApplication {
  use(middleware: (ctx: KoaTestContext, next: () => Promise<unknown>) => unknown): void
  callback(): RequestListener
}

export interface KoaTestContext extends KoaContext {
  readonly method: string
  readonly path: string
  readonly request: object
}

const { default: Koa }: { default: new () => KoaApplication } = await import('koa' as string)
const { bodyParser }: { bodyParser(options: object): KoaMiddleware } = await import(
  '@koa/bodyparser' as string
)

export { bodyParser, Koa }
