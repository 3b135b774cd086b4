export { configure } from './adapters/adonis/configure.ts'
export * from './core/index.ts'
